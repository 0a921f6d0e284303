"""Excusing a broken promise: one member asks, another decides. The breach stays; the excuse stands beside it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.notices import notify_member
from agency.actor import Actor
from agency.errors import Conflict, Forbidden, Invalid, NotFound
from agency.models import Membership
from agency.queries.people import get_member
from agency.rights import Right
from clients.queries.rotas import reached_from
from mentions.models import Mention
from workflows.actions.transition import lock_mention
from workflows.models import Clock, Excuse
from workflows.words import EXCUSE_DECIDED

LONGEST = 1000  # characters of a reason or note


class ExcuseNotPossible(Conflict):
    """There is nothing to excuse, or it is decided already."""

    code, title = "excuse_not_possible", "That isn't possible now"


def ask_excuse(clock_id: UUID, *, reason: str, text: str, by: Actor, now: datetime) -> Excuse:
    """Ask that a broken promise be excused.

    Raises:
        Invalid: no such reason, or it isn't explained; ExcuseNotPossible: the promise isn't broken, or is asked for.
        NotFound, Forbidden.
    """
    by.require(Right.RESPOND)
    person = _person(by)
    if reason not in Excuse.Reason.values:
        raise Invalid.field("reason", f"Choose a reason: {', '.join(Excuse.Reason.values)}.")
    if not text.strip():
        raise Invalid.field("text", "Say in a sentence what happened: somebody else has to understand it.")
    _short("text", text)
    clock, mention = _locked(clock_id, now)
    if clock.breached_at is None:
        raise ExcuseNotPossible("This promise isn't broken, so there is nothing to excuse.")
    standing = Excuse.objects.filter(
        clock=clock, state__in=[Excuse.State.ASKED, Excuse.State.GRANTED]
    ).first()
    if standing is not None:
        done = (
            "excused already" if standing.state == Excuse.State.GRANTED else "waiting for a decision already"
        )
        raise ExcuseNotPossible(f"This promise is {done}: {standing.asked_by_name} asked for it.")
    excuse = Excuse(
        clock=clock,
        reason=reason,
        text=text,
        asked_by=person.pk,
        asked_by_name=person.name[:120],
        asked_at=now,
    )
    excuse.save(force_insert=True)
    _tell("asked", excuse, mention, text, by, now)
    return excuse


def grant_excuse(excuse_id: UUID, *, note: str = "", by: Actor, now: datetime) -> Excuse:
    """Excuse it. The breach stays a breach, and is counted as excused beside it.

    Raises:
        NotFound; Forbidden: without the right, or one's own; ExcuseNotPossible: it is decided; Invalid: the note.
    """
    return _decide(excuse_id, Excuse.State.GRANTED, note, by, now)


def refuse_excuse(excuse_id: UUID, *, note: str, by: Actor, now: datetime) -> Excuse:
    """Let the breach stand, and say why. Another excuse may be asked for.

    Raises: as `grant_excuse`; Invalid: without a note.
    """
    if not note.strip():
        raise Invalid.field("note", "Say why not, so that who asked knows.")
    return _decide(excuse_id, Excuse.State.REFUSED, note, by, now)


def withdraw_excuse(excuse_id: UUID, *, by: Actor, now: datetime) -> Excuse:
    """Take back what one asked for, before it is decided.

    Raises: NotFound; Forbidden: somebody else asked; ExcuseNotPossible: it is decided.
    """
    by.require(Right.RESPOND)
    excuse, mention = _waiting(excuse_id, now)
    if excuse.asked_by != _person(by).pk:
        raise Forbidden(f"Only {excuse.asked_by_name or 'who asked'} can take this back.")
    return _close(excuse, mention, Excuse.State.WITHDRAWN, "", by, now)


def _decide(excuse_id: UUID, state: Excuse.State, note: str, by: Actor, now: datetime) -> Excuse:
    by.require(Right.MANAGE)
    person = _person(by)
    _short("note", note)
    excuse, mention = _waiting(excuse_id, now)
    if excuse.asked_by == person.pk:
        raise Forbidden("You asked for this excuse, so somebody else has to decide about it.")
    excuse = _close(excuse, mention, state, note, by, now)
    asker = get_member(excuse.asked_by, agency_id=by.agency_id) if excuse.asked_by else None
    if asker is not None:
        waits = reached_from([asker.pk], now)[asker.pk]
        notify_member(
            asker,
            kind=EXCUSE_DECIDED,
            subject_id=excuse.pk,
            client_id=mention.client_id,
            not_before=waits,
            now=now,
        )
    return excuse


def _close(
    excuse: Excuse, mention: Mention, state: Excuse.State, note: str, by: Actor, now: datetime
) -> Excuse:
    person = _person(by)
    excuse.state, excuse.note = state, note
    excuse.decided_by, excuse.decided_by_name, excuse.decided_at = person.pk, person.name[:120], now
    excuse.save(update_fields=["state", "note", "decided_by", "decided_by_name", "decided_at"])
    _tell(state.value, excuse, mention, note, by, now)
    return excuse


def _person(by: Actor) -> Membership:
    """Who asks or decides is a person: a key acts for the member who made it, and Earshot excuses nothing."""
    members = Membership.objects.select_related("user").filter(agency_id=by.agency_id)
    person: Membership | None = members.filter(pk=by.member_id).first() if by.member_id else None
    if person is None:
        raise Forbidden("Excuses are between two members of the agency.")
    return person


def _short(field: str, text: str) -> None:
    if len(text) > LONGEST:
        raise Invalid.field(field, f"Use at most {LONGEST} characters; this has {len(text)}.")


def _locked(clock_id: UUID, now: datetime) -> tuple[Clock, Mention]:
    owner = Clock.objects.filter(pk=clock_id).values_list("mention_id", flat=True).first()
    if owner is None:
        raise NotFound
    mention = lock_mention(owner, seen=None, now=now)
    clock: Clock = Clock.objects.get(pk=clock_id)
    clock.mention = mention
    return clock, mention


def _waiting(excuse_id: UUID, now: datetime) -> tuple[Excuse, Mention]:
    found = Excuse.objects.filter(pk=excuse_id).values_list("clock_id", flat=True).first()
    if found is None:
        raise NotFound
    clock, mention = _locked(found, now)
    excuse: Excuse = Excuse.objects.select_for_update().get(pk=excuse_id)
    excuse.clock = clock
    if excuse.state != Excuse.State.ASKED:
        told = f"{Excuse.State(excuse.state).label.lower()}, by {excuse.decided_by_name or 'somebody'}"
        raise ExcuseNotPossible(f"This is decided already: {told}.")
    return excuse, mention


def _tell(done: str, excuse: Excuse, mention: Mention, text: str, by: Actor, now: datetime) -> None:
    """Ids and words, no names: whoever is erased is then nowhere in the log."""
    clock = excuse.clock
    about: dict[str, Any] = {
        "excuse": str(excuse.pk),
        "clock": str(clock.pk),
        "kind": clock.kind,
        "instance": clock.instance,
        "reason": excuse.reason,
    }
    details = {**about, **({"text": text} if text else {})}
    record(f"excuse.{done}", by=by, subject=mention, now=now, details=details)
    emit(f"excuse.{done}", subject=mention, now=now, data=about)
