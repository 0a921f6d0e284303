"""What follows when a clock warns or breaches, and when an urgent mention arrives: the ladder.

Here is what other actions call inside their transaction: it writes rows and sets alarms, a few queries a batch. The work
itself is done when the alarms ring (`climbing.py`, `stepping.py`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from agency.actions.alarms import set_alarms
from agency.actor import Actor, ActorKind
from clients.ladder import Do, Whom
from clients.queries.ladders import Held, ladders_for
from clients.words import Priority
from mentions.models import Mention
from mentions.words import CLOSED, Move
from workflows.actions.alerts import alert_contacts
from workflows.models import Escalation, EscalationLine
from workflows.words import LADDER_CLIMB, LADDER_STEP

State = Escalation.State
# Whoever does this works on the mention.
WORKING = frozenset({Move.CLAIM, Move.SUBMIT, Move.CLEAR, Move.RECALL, Move.REVISE})
CLOSING = frozenset({Move.RESPOND, Move.ANSWER, Move.DISMISS})


class Fired(NamedTuple):
    """A step of a clock that has just been written down, of a mention that is locked: ids, because a sweep has many."""

    clock_id: UUID
    mention_id: UUID
    client_id: UUID
    policy_id: UUID
    kind: str
    instance: int
    priority: str
    step: str
    at: datetime
    assigned: bool  # somebody has the mention


def escalate(fired: Sequence[Fired], *, now: datetime) -> None:
    """In the transaction that fired the steps: set alarms for those that a ladder answers, and nothing more."""
    if not fired:
        return
    answering = Answering({one.client_id for one in fired})
    escalate_answered(
        [
            one
            for one in fired
            if answering.has(
                answering.held[one.client_id], one.kind, one.priority, one.step, assigned=one.assigned
            )
        ],
        answering,
        now=now,
    )


def escalate_answered(answered: Sequence[Fired], answering: "Answering", *, now: datetime) -> None:
    """As `escalate`, of steps that a ladder is known to answer."""
    rows = [
        Escalation(
            mention_id=one.mention_id,
            ladder=answering.held[one.client_id].row,
            clock_id=one.clock_id,
            step=one.step,
            at=one.at,
        )
        for one in answered
    ]
    if rows:
        Escalation.objects.bulk_create(rows, batch_size=1000)
        set_alarms(LADDER_STEP, {row.pk: now for row in rows})


class Answering:
    """Which steps are answered by the ladders of these clients: one query, and each kind of step looked up once."""

    def __init__(self, clients: Collection[UUID]) -> None:
        self.held = ladders_for(clients)
        self._known: dict[tuple[int, str, str, str], str] = {}

    def has(self, held: Held, kind: str, priority: str, step: str, *, assigned: bool) -> bool:
        """A ladder that only tells the assignee answers nothing where there is none.

        Args:
            held: one of those in `held`; most clients share theirs.
        """
        key = (id(held), kind, priority, step)
        word = self._known.get(key)
        if word is None:
            word = self._known[key] = _answer(held, kind, priority, step)
        return word == "yes" or (assigned and word == "assignee")


def _answer(held: Held, kind: str, priority: str, step: str) -> str:
    """yes, assignee (where only they are told) or no."""
    answers = held.plan.answer(kind, priority, step)
    if all(answer.do is Do.NOTIFY and answer.whom is Whom.ASSIGNEE for answer in answers):
        return "assignee" if answers else "no"
    return "yes"


def escalate_urgent(mentions: Sequence[Mention], *, now: datetime, by: Actor | None = None) -> None:
    """In the transaction that recorded the mentions, or set their priority.

    Those that are urgent begin to be climbed for, and the client's alert recipients are mailed; of the others, what is
    being climbed ends.

    Args:
        by: who set the priority. An assignee who does it themselves knows of it: that counts as acknowledged.
    """
    open_ones = [mention for mention in mentions if mention.state not in CLOSED]
    urgent = [mention for mention in open_ones if mention.priority == Priority.URGENT]
    calm = [mention.pk for mention in mentions if mention.priority != Priority.URGENT]
    if by is not None and calm:
        end_climbs(calm, state=State.CALMED, by=by, now=now)
    if not urgent:
        return
    held = ladders_for({mention.client_id for mention in urgent})
    climbs = _begin(urgent, held, by, now)
    telling = [mention for mention in urgent if held[mention.client_id].plan.tells_contacts]
    told = alert_contacts(telling, now=now)
    EscalationLine.objects.bulk_create(
        [
            EscalationLine(
                escalation=climbs[mention_id],
                what=EscalationLine.What.ALERT,
                contact_id=contact_id,
                at=now,
                note=note,
            )
            for mention_id, contact_id, note in told
        ],
        ignore_conflicts=True,
    )


def _begin(
    urgent: Iterable[Mention], held: Mapping[UUID, Held], by: Actor | None, now: datetime
) -> dict[UUID, Escalation]:
    """Mention → its climb: the one that goes on already, else a new one."""
    pks = [mention.pk for mention in urgent]
    rows = Escalation.objects.filter(mention_id__in=pks, step="", ended_at=None)
    climbing = {row.mention_id: row for row in rows}
    fresh = {}
    for mention in urgent:
        if mention.pk in climbing:
            continue
        row = Escalation(mention=mention, ladder=held[mention.client_id].row, at=now, next_at=now)
        if by is not None and by.member_id is not None and by.member_id == mention.assignee_id:
            row.state, row.next_at, row.ended_at = State.TAKEN, None, now
            row.ended_by, row.ended_by_id = by.name[:120], by.id
        fresh[mention.pk] = row
    Escalation.objects.bulk_create(fresh.values())
    set_alarms(LADDER_CLIMB, {row.pk: now for row in fresh.values() if row.ended_at is None})
    return {**climbing, **fresh}


def follow_climb(mention: Mention, move: Move, *, by: Actor, now: datetime) -> None:
    """A mention moved: whoever works on it has it, and what nobody has is climbed for again. In its transaction."""
    if mention.priority != Priority.URGENT:
        return
    if move in CLOSING:
        end_climbs([mention.pk], state=State.CLOSED, by=by, now=now)
    elif move in WORKING and by.kind in {ActorKind.MEMBER, ActorKind.KEY}:
        end_climbs([mention.pk], state=State.CLAIMED, by=by, now=now)
    elif move is Move.RELEASE or (move is Move.REOPEN and by.kind is ActorKind.SYSTEM):
        # Who had it last and gets it back, because its author wrote again, needn't be at work now.
        escalate_urgent([mention], now=now)


def end_climbs(mentions: Sequence[UUID], *, state: State, by: Actor, now: datetime) -> None:
    """The alarm rings once more, and finds that there is nothing to do."""
    Escalation.objects.filter(mention_id__in=mentions, step="", ended_at=None).update(
        state=state, ended_at=now, next_at=None, ended_by=by.name[:120], ended_by_id=by.id
    )
