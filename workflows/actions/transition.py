"""The one door: a mention's state changes here, or not at all."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django_fsm import TransitionNotAllowed

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor, ActorKind
from agency.errors import Conflict, Forbidden, NotFound
from agency.gathered import gathered
from agency.made import new
from agency.remembered import Remembered, asked_together
from agency.rights import Right
from agency.statements import plan_once
from agency.written import insert, update
from clients.words import Priority
from mentions.models import Mention
from mentions.words import Move, State
from workflows.actions.clock_rows import asked_for_clocks
from workflows.actions.clocks import follow
from workflows.actions.escalation import follow_climb
from workflows.actions.leases import keep_lease
from workflows.models import Transition

BY_CONTACTS = frozenset({Move.APPROVE, Move.REQUEST_CHANGES})

DONE: dict[str, str] = {
    Move.CLAIM: "claimed",
    Move.RELEASE: "released",
    Move.SUBMIT: "submitted",
    Move.REQUEST_CHANGES: "sent_back",
    Move.RECALL: "recalled",
    Move.APPROVE: "approved",
    Move.CLEAR: "cleared",
    Move.REVISE: "revised",
    Move.RESPOND: "responded",
    Move.ANSWER: "answered",
    Move.DISMISS: "dismissed",
    Move.REOPEN: "reopened",
}


class MentionMovedOn(Conflict):
    """It changed after the caller last saw it."""

    code, title = "mention_moved_on", "This mention has moved on"


class MoveNotPossible(Conflict):
    """The machine has no such move from the state that the mention is in."""

    code, title = "move_not_possible", "That isn't possible now"


_locked = Remembered(lambda mention_id: Mention.objects.select_for_update().filter(pk=mention_id))


def lock_mention(mention_id: UUID, *, seen: int | None, now: datetime) -> Mention:
    """The mention's row, locked until the transaction ends.

    Args:
        seen: the version that the caller saw; None where Earshot acts by itself on what it just read.

    Raises:
        NotFound, MentionMovedOn.
    """
    mention: Mention | None = _locked.first(mention_id=mention_id)
    if mention is None:
        raise NotFound
    if seen is not None and seen != mention.version:
        raise MentionMovedOn(_what_happened(mention, now))
    return mention


def transition(
    mention_id: UUID,
    move: Move,
    *,
    by: Actor,
    seen: int | None,
    now: datetime,
    note: str = "",
    hand_made: bool = False,
    since: datetime | None = None,
    **facts: Any,
) -> Mention:
    """Move a mention: lock it, check what the caller saw and may do, move, record, announce; all or nothing.

    Args:
        note: a reason or comment, kept in the history.
        hand_made: the reply will be posted by a person, so an approval hands the time back to the agency.
        since: of a reopening, when what waits for an answer was received, if that was before now.
        facts: what the move itself takes, such as `assignee_id` or `reason`.

    Raises:
        NotFound, MentionMovedOn, MoveNotPossible, Forbidden.
    """
    plan_once()
    # The lock first: what is asked behind it sees what whoever held it wrote.
    with asked_together([(_locked, {"mention_id": mention_id}), asked_for_clocks(mention_id)]):
        mention = lock_mention(mention_id, seen=seen, now=now)
        _check_right(mention, move, by)
        before = str(mention.state)
        _move(mention, move, facts, now=now)
        mention.version += 1
        moved = _moved(mention, move, before, by=by, note=note, now=now)
        urgent = mention.priority == Priority.URGENT
        with gathered():
            insert(moved)
            hours = follow(mention, move, hand_made=hand_made, since=since, now=now)
            keep_lease(mention, hours=hours, now=now)
            update(mention)
            if not urgent:
                _announce(mention, moved, by=by, now=now)
    if urgent:
        follow_climb(mention, move, by=by, now=now)
        _announce(mention, moved, by=by, now=now)
    return mention


def _move(mention: Mention, move: Move, facts: dict[str, Any], *, now: datetime) -> None:
    before = str(mention.state)
    try:
        getattr(mention, move.value)(**facts)
    except TransitionNotAllowed:
        raise MoveNotPossible(
            f"“{move.label}” isn't possible: this mention is {State(before).label.lower()}. {_what_happened(mention, now)}"
        ) from None


def _moved(mention: Mention, move: Move, before: str, *, by: Actor, note: str, now: datetime) -> Transition:
    return new(
        Transition,
        mention_id=mention.pk,
        version=mention.version,
        move=move,
        from_state=before,
        to_state=mention.state,
        at=now,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_name=by.name[:120],
        note=note,
    )


def _announce(mention: Mention, moved: Transition, *, by: Actor, now: datetime) -> None:
    told = {"from": moved.from_state, "to": str(mention.state), "version": mention.version}
    details = {**told, **({"note": moved.note} if moved.note else {})}
    record(f"mention.{DONE[moved.move]}", by=by, subject=mention, now=now, details=details)
    emit(
        f"mention.{DONE[moved.move]}",
        subject=mention,
        now=now,
        data={**told, "client": str(mention.client_id)},
    )


def _check_right(mention: Mention, move: Move, by: Actor) -> None:
    if by.kind is ActorKind.SYSTEM:
        return
    if (by.kind is ActorKind.CONTACT) != (move in BY_CONTACTS):
        raise Forbidden(
            "Only the client's contacts decide what was submitted to them."
            if move in BY_CONTACTS
            else "A contact decides what was submitted, and nothing else."
        )
    if by.kind is ActorKind.CONTACT:
        return
    by.require(Right.RESPOND)
    if move is Move.RELEASE and by.member_id != mention.assignee_id and not by.may(Right.MANAGE):
        raise Forbidden("Only who claimed it, or a manager, can give it back.")


def _what_happened(mention: Mention, now: datetime) -> str:
    """“Ben claimed it 4 s ago.”"""
    last = Transition.objects.filter(mention=mention).order_by("-version").first()
    if last is None:
        return "It was changed a moment ago."
    verb = DONE[last.move].replace("_", " ")
    return f"{last.actor_name} {verb} it {_ago(now - last.at)}."


def _ago(gone: timedelta) -> str:
    seconds = max(int(gone.total_seconds()), 0)
    if seconds < 1:
        return "just now"
    if seconds < 60:
        return f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    return f"{seconds // 3600} h ago" if seconds < 86400 else f"{seconds // 86400} days ago"
