"""Everything about one mention, for its page and its API answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from agency.actor import ActorKind
from agency.models import AuditEntry, Membership
from agency.remembered import Question, Remembered
from agency.tenancy import current_agency
from clients.hours import Hours
from clients.queries.calendars import hours_by_calendar
from mentions.models import Mention, Message
from workflows import clock as rules
from workflows.models import (
    Approval,
    Clock,
    ClockEvent,
    Decision,
    Excuse,
    Publication,
    Response,
    Transition,
    Version,
)


@dataclass(frozen=True, slots=True)
class ClockView:
    """One clock as people read it. `state`: running, paused, met or breached.

    Attributes:
        started_at, stopped_at: from its start to its end for good.
        hours: the name of the calendar that it runs in now; empty: around the clock.
        match: whose policy it is, and why its hours are these, as a word.
        warnings: the percentages that were told.
        grace: what it may take beyond the target, because it was used up when that was tightened (`inherited`).
        excused: a second person excused its breach, which stands all the same.
        annulled: it should never have begun, and counts for nothing.
    """

    id: UUID
    kind: str
    instance: int
    target: timedelta
    used: timedelta
    due_at: datetime | None
    state: str
    breached_at: datetime | None
    late_found: bool
    started_at: datetime
    stopped_at: datetime | None
    hours: str
    calendar_id: UUID | None
    match: str
    warnings: list[int]
    grace: timedelta
    inherited: bool
    excused: bool
    annulled: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history."""

    at: datetime
    what: str  # move:…, assigned, priority, clock:…, decision:…, delivered, publication:…
    who: str
    note: str = ""


_clocks = Remembered(
    lambda mention_id: (
        Clock.objects.filter(mention_id=mention_id)
        .select_related("calendar")
        .annotate(excused=Exists(Excuse.objects.filter(clock=OuterRef("pk"), state=Excuse.State.GRANTED)))
        .order_by("started_at", "id")
    )
)
_moves = Remembered(lambda mention_id: Transition.objects.filter(mention_id=mention_id))
_fired = Remembered(
    lambda mention_id: ClockEvent.objects.filter(
        clock__mention_id=mention_id, kind=rules.EventKind.FIRE.value
    ).select_related("clock")
)
_approvals = Remembered(lambda mention_id: Approval.objects.filter(mention_id=mention_id))
_decided = Remembered(
    lambda mention_id: Decision.objects.filter(approval__mention_id=mention_id).select_related("contact")
)
_unsent = Remembered(
    lambda mention_id: Publication.objects.filter(mention_id=mention_id).exclude(state="live")
)
_messages = Remembered(
    lambda mention_id: Message.objects.filter(mention_id=mention_id).select_related("post__author")
)
_entries = Remembered(
    lambda mention_id: AuditEntry.objects.filter(
        subject_id=mention_id, action__in=["mention.assigned", "mention.prioritised"]
    )
)
_responses = Remembered(
    lambda mention_id: Response.objects.filter(mention_id=mention_id).order_by("-created_at", "-id")[:1]
)
_last_approval = Remembered(
    lambda mention_id: (
        Approval.objects.filter(mention_id=mention_id)
        .select_related("version")
        .order_by("-requested_at", "-id")[:1]
    )
)
_last_publication = Remembered(
    lambda mention_id: (
        Publication.objects.filter(mention_id=mention_id)
        .select_related("version")
        .order_by("-created_at", "-id")[:1]
    )
)


def asked_for_reply(mention_id: UUID) -> Question:
    """What `open_response` asks first, for `asked_together`."""
    return _responses, {"mention_id": mention_id}


def asked_for_clocks_and_history(mention_id: UUID) -> tuple[list[Question], list[Question]]:
    """What is asked of every mention, and what only of one that has a reply, for `asked_together`."""
    always = (_clocks, _moves, _fired, _messages, _entries)
    replied = (_approvals, _decided, _unsent, _last_approval, _last_publication)
    given = {"mention_id": mention_id}
    return [(query, given) for query in always], [(query, given) for query in replied]


def clocks_of(mention: Mention, *, now: datetime) -> list[ClockView]:
    found = _clocks(mention_id=mention.pk)
    hours = hours_by_calendar({clock.calendar_id for clock in found})
    return [_view(clock, hours[clock.calendar_id], now) for clock in found]


def _view(clock: Any, hours: Hours, now: datetime) -> ClockView:
    state = clock.as_state()
    if clock.breached_at:
        word = "breached"
    elif clock.stopped_at:
        word = "met"
    else:
        word = "running" if clock.running_since else "paused"
    return ClockView(
        id=clock.pk,
        kind=clock.kind,
        instance=clock.instance,
        target=clock.target,
        used=rules.used_at(state, now, hours),
        due_at=clock.due_at,
        state=word,
        breached_at=clock.breached_at,
        late_found=clock.excused_late,
        started_at=clock.started_at,
        stopped_at=clock.stopped_at,
        hours=clock.calendar.name if clock.calendar else "",
        calendar_id=clock.calendar_id,
        match=clock.match,
        warnings=[int(step.removeprefix("warn_")) for step in clock.fired if step != rules.BREACH],
        grace=clock.grace,
        inherited=clock.inherited,
        excused=clock.excused,
        annulled=clock.annulled,
    )


def history_of(mention: Mention) -> list[Happening]:
    """What happened, oldest first."""
    found = [
        Happening(moved.at, f"move:{moved.move}", moved.actor_name, moved.note)
        for moved in _moves(mention_id=mention.pk)
    ]
    found += [
        Happening(event.at, f"clock:{event.step}", "", event.clock.kind)
        for event in _fired(mention_id=mention.pk)
    ]
    found += [
        Happening(approval.delivered_at, "delivered", "", "")
        for approval in _approvals(mention_id=mention.pk)
        if approval.delivered_at
    ]
    found += [
        Happening(
            decision.at,
            f"decision:{decision.verdict}:{decision.state}",
            decision.contact.name,
            decision.comment,
        )
        for decision in _decided(mention_id=mention.pk)
    ]
    found += [
        Happening(publication.created_at, f"publication:{publication.state}", "", publication.error)
        for publication in _unsent(mention_id=mention.pk)
    ]
    found += _logged(mention)
    found += [
        Happening(
            message.recorded_at,
            f"message:{message.by}:{message.effect}",
            message.post.author.name if message.post.author else "",
            message.post.url,
        )
        for message in _messages(mention_id=mention.pk)
    ]
    found.append(Happening(mention.recorded_at, "recorded", "", ""))
    return sorted(found, key=lambda happening: happening.at)


def _logged(mention: Mention) -> list[Happening]:
    """What only the log tells: other priorities, and who was handed it."""
    entries = _entries(mention_id=mention.pk)
    asked, handed = [], []
    for entry in entries:
        if entry.action == "mention.assigned":
            handed.append(entry)
        else:
            priority = (entry.details.get("priority") or [""])[-1]
            asked.append(Happening(entry.at, "priority", entry.actor_name, priority))
    return [*asked, *_handed_on(handed)]


def _handed_on(entries: Sequence[AuditEntry]) -> list[Happening]:
    """The log keeps ids alone, so that a member who is erased is nowhere."""
    told = [(entry.at, entry.actor_name, (entry.details.get("assignee") or [""])[-1]) for entry in entries]
    if not told:
        return []
    members = Membership.objects.filter(agency_id=current_agency()).select_related("user")
    names = {str(pk): member.name for pk, member in members.in_bulk({to for _, _, to in told if to}).items()}
    return [Happening(at, "assigned", who, names.get(to, "")) for at, who, to in told]


def open_response(mention: Mention) -> tuple[Response | None, list[Version]]:
    """The response under way (else the last one) and its versions, newest first."""
    response = _responses.first(mention_id=mention.pk)
    if response is None:
        return None, []
    return response, list(standing_versions(response))


def edition_of(mention: Mention, response: Response | None, versions: Sequence[Version]) -> int:
    """The number of the newest version, 0 while there is none.

    Of a mention that was reopened those of earlier replies count too, so that a number never comes back.
    """
    if response is None:
        return 0
    earlier = Version.objects.filter(response__mention=mention).exclude(response=response).count()
    return earlier + (versions[0].number if versions else 0)


def standing_versions(response: Response) -> "QuerySet[Any]":
    """A response's versions, newest first, without the wording of a contact who took their decision back."""
    decided = Decision.objects.filter(version=OuterRef("pk"), state__in=["pending", "effective"])
    versions = Version.objects.filter(response=response)
    return versions.filter(~Q(author_kind=ActorKind.CONTACT) | Exists(decided)).order_by("-number")


def latest_approval(mention: Mention) -> Approval | None:
    found: Approval | None = _last_approval.first(mention_id=mention.pk)
    return found


def decisions_of(approval: Approval) -> list[Decision]:
    return list(
        Decision.objects.filter(approval=approval).select_related("contact", "version").order_by("at")
    )


def latest_publication(mention: Mention) -> Publication | None:
    found: Publication | None = _last_publication.first(mention_id=mention.pk)
    return found
