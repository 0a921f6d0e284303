"""Everything about one mention, for its page and its API answer."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from agency.actor import ActorKind
from agency.models import AuditEntry, Membership
from agency.tenancy import current_agency
from clients.hours import ALWAYS
from mentions.models import Mention
from mentions.words import Move, State
from workflows import clock as rules
from workflows.ledger import Ledger, Step, ledger
from workflows.models import Approval, Clock, ClockEvent, Decision, Publication, Response, Transition, Version
from workflows.words import BY_HAND


@dataclass(frozen=True, slots=True)
class ClockView:
    """One clock as people read it. `state`: running, paused, met or breached."""

    kind: str
    instance: int
    target: timedelta
    used: timedelta
    due_at: datetime | None
    state: str
    breached_at: datetime | None
    late_found: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history."""

    at: datetime
    what: str  # move:…, assigned, clock:…, decision:…, delivered, publication:…
    who: str
    note: str = ""


def clocks_of(mention: Mention, *, now: datetime) -> list[ClockView]:
    return [_view(clock, now) for clock in Clock.objects.filter(mention=mention).order_by("started_at", "id")]


def _view(clock: Clock, now: datetime) -> ClockView:
    state = clock.as_state()
    if clock.breached_at:
        word = "breached"
    elif clock.stopped_at:
        word = "met"
    else:
        word = "running" if clock.running_since else "paused"
    return ClockView(
        kind=clock.kind,
        instance=clock.instance,
        target=clock.target,
        used=rules.used_at(state, now, ALWAYS),
        due_at=clock.due_at,
        state=word,
        breached_at=clock.breached_at,
        late_found=clock.excused_late,
    )


def ledger_of(mention: Mention, *, now: datetime) -> Ledger:
    """Whose time each moment from the post's publication to our answer was.

    While a request is on its way to the client, or an approved reply waits for a person (to post it, or to look after
    what the platform failed to do), the time is the agency's, whatever the state says.
    """
    return ledgers_of([mention], now=now)[0]


def ledgers_of(mentions: Sequence[Mention], *, now: datetime) -> list[Ledger]:
    """The ledger of each, as `ledger_of`: a constant number of queries."""
    moves, handoffs, sendings = (_by_mention(rows) for rows in _happened(mentions))
    return [
        ledger(
            published_at=mention.published_at,
            recorded_at=mention.recorded_at,
            steps=_steps(moves[mention.pk], handoffs[mention.pk], sendings[mention.pk]),
            answered_at=mention.responded_at,
            agency_hours=ALWAYS,
            client_hours=ALWAYS,
            now=now,
        )
        for mention in mentions
    ]


def _happened(mentions: Sequence[Mention]) -> tuple["QuerySet[Any]", "QuerySet[Any]", "QuerySet[Any]"]:
    """The moves, the requests to the client and the sendings of these mentions, each in its order."""
    ids = [mention.pk for mention in mentions]
    return (
        Transition.objects.filter(mention_id__in=ids).order_by("mention_id", "version"),
        Approval.objects.filter(mention_id__in=ids).order_by("mention_id", "requested_at", "id"),
        Publication.objects.filter(mention_id__in=ids).order_by("mention_id", "created_at", "id"),
    )


def _by_mention(rows: Iterable[Any]) -> defaultdict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.mention_id].append(row)
    return found


def _steps(moves: list[Transition], approvals: list[Approval], publications: list[Publication]) -> list[Step]:
    handoffs = [approval.delivered_at for approval in approvals]
    sendings = [(publication.lane, publication.given_back_at) for publication in publications]
    steps = []
    for moved in moves:
        at, state = moved.at, moved.to_state
        if moved.move == Move.SUBMIT:
            delivered = handoffs.pop(0) if handoffs else None
            if delivered is None:
                continue  # never reached the client: the time stayed ours
            at = delivered
        elif moved.move in {Move.APPROVE, Move.CLEAR}:
            lane, given_back_at = sendings.pop(0) if sendings else ("", None)
            state = State.CLAIMED if lane == BY_HAND else state
            if given_back_at:
                steps.append(Step(at=at, state=state))
                at, state = given_back_at, State.CLAIMED
        steps.append(Step(at=at, state=state))
    # In the order of the moves, whatever their times say: a clock may have been set back.
    return steps


def history_of(mention: Mention) -> list[Happening]:
    """What happened, oldest first."""
    found = [
        Happening(moved.at, f"move:{moved.move}", moved.actor_name, moved.note)
        for moved in Transition.objects.filter(mention=mention)
    ]
    found += [
        Happening(event.at, f"clock:{event.step}", "", event.clock.kind)
        for event in ClockEvent.objects.filter(
            clock__mention=mention, kind=rules.EventKind.FIRE
        ).select_related("clock")
    ]
    found += [
        Happening(approval.delivered_at, "delivered", "", "")
        for approval in Approval.objects.filter(mention=mention)
        if approval.delivered_at
    ]
    found += [
        Happening(
            decision.at,
            f"decision:{decision.verdict}:{decision.state}",
            decision.contact.name,
            decision.comment,
        )
        for decision in Decision.objects.filter(approval__mention=mention).select_related("contact")
    ]
    found += [
        Happening(publication.created_at, f"publication:{publication.state}", "", publication.error)
        for publication in Publication.objects.filter(mention=mention).exclude(state="live")
    ]
    found += _handed_on(mention)
    found.append(Happening(mention.recorded_at, "recorded", "", ""))
    return sorted(found, key=lambda happening: happening.at)


def _handed_on(mention: Mention) -> list[Happening]:
    """The log keeps ids alone, so that a member who is erased is nowhere."""
    entries = AuditEntry.objects.filter(subject_id=mention.pk, action="mention.assigned")
    told = [(entry.at, entry.actor_name, (entry.details.get("assignee") or [""])[-1]) for entry in entries]
    members = Membership.objects.filter(agency_id=current_agency()).select_related("user")
    names = {str(pk): member.name for pk, member in members.in_bulk({to for _, _, to in told if to}).items()}
    return [Happening(at, "assigned", who, names.get(to, "")) for at, who, to in told]


def open_response(mention: Mention) -> tuple[Response | None, list[Version]]:
    """The response under way (else the last one) and its versions, newest first."""
    response = Response.objects.filter(mention=mention).order_by("-created_at", "-id").first()
    if response is None:
        return None, []
    return response, list(standing_versions(response))


def standing_versions(response: Response) -> "QuerySet[Any]":
    """A response's versions, newest first, without the wording of a contact who took their decision back."""
    decided = Decision.objects.filter(version=OuterRef("pk"), state__in=["pending", "effective"])
    versions = Version.objects.filter(response=response)
    return versions.filter(~Q(author_kind=ActorKind.CONTACT) | Exists(decided)).order_by("-number")


def latest_approval(mention: Mention) -> Approval | None:
    return (
        Approval.objects.filter(mention=mention)
        .select_related("version")
        .order_by("-requested_at", "-id")
        .first()
    )


def decisions_of(approval: Approval) -> list[Decision]:
    return list(
        Decision.objects.filter(approval=approval).select_related("contact", "version").order_by("at")
    )


def latest_publication(mention: Mention) -> Publication | None:
    return (
        Publication.objects.filter(mention=mention)
        .select_related("version")
        .order_by("-created_at", "-id")
        .first()
    )
