"""The ledgers of mentions: from what was stored about them to whose time each moment was."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import FilteredRelation, Q

from agency.remembered import Question, Remembered
from clients.hours import ALWAYS, Hours
from clients.models import Calendar, Client
from clients.queries.calendars import hours_by_calendar
from clients.words import ClockKind
from mentions.models import Mention
from mentions.words import Move, State
from workflows.clock import EventKind
from workflows.ledger import Ledger, OpenHours, Spell, Step, changing, ledger
from workflows.models import Approval, Clock, ClockEvent, Publication, Transition
from workflows.words import BY_HAND

_ANSWERS = (ClockKind.RESPOND, ClockKind.NEXT_RESPONSE)


def ledger_of(mention: Mention, *, now: datetime) -> Ledger:
    """Whose time each moment from the post's publication to our answer was.

    While a request is on its way to the client, or an approved reply waits for a person (to post it, or to look after
    what the platform failed to do), the time is the agency's, whatever the state says. Open are, for the agency, the
    hours that the answer was promised in at that time, and for the client those of its office.
    """
    return ledgers_of([mention], now=now)[0]


def asked_for_ledger(mention_id: UUID) -> tuple[list[Question], list[Question]]:
    """What is asked of every mention, and what only of one that has a reply, for `asked_together`."""
    moves, *replied = _HAPPENED
    given = {"ids": [mention_id]}
    return [(moves, given), (_said, given)], [(query, given) for query in replied]


def ledgers_of(mentions: Sequence[Mention], *, now: datetime) -> list[Ledger]:
    """The ledger of each, as `ledger_of`: a constant number of queries."""
    ids = [mention.pk for mention in mentions]
    moves, handoffs, sendings = (_by_mention(rows(ids=ids)) for rows in _HAPPENED)
    promised = _promised(mentions)
    firsts = _first_answers({pk: moves[pk] for pk in ids})
    return [
        ledger(
            published_at=mention.published_at,
            recorded_at=mention.recorded_at,
            steps=_steps(moves[mention.pk], handoffs[mention.pk], sendings[mention.pk]),
            answered_at=firsts.get(mention.pk, mention.responded_at),
            agency_hours=promised.agency(mention),
            client_hours=promised.client(mention),
            now=now,
        )
        for mention in mentions
    ]


# The moves, the requests to the client and the sendings of mentions, each in its order.
_HAPPENED = (
    Remembered(lambda ids: Transition.objects.filter(mention_id__in=ids).order_by("mention_id", "version")),
    Remembered(
        lambda ids: Approval.objects.filter(mention_id__in=ids).order_by("mention_id", "requested_at", "id")
    ),
    Remembered(
        lambda ids: Publication.objects.filter(mention_id__in=ids).order_by("mention_id", "created_at", "id")
    ),
)


def _by_mention(rows: Iterable[Any]) -> defaultdict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.mention_id].append(row)
    return found


def _first_answers(moves: Mapping[UUID, Sequence[Transition]]) -> dict[UUID, datetime]:
    """When the first answer was live, of those that were answered more than once: the mention knows the last one."""
    noted = {
        pk: [move.at for move in rows if move.move in {Move.RESPOND, Move.ANSWER}]
        for pk, rows in moves.items()
    }
    several = {pk: ats[0] for pk, ats in noted.items() if len(ats) > 1}
    if not several:
        return {}
    stops = ClockEvent.objects.filter(
        clock__mention_id__in=list(several), clock__kind__in=_ANSWERS, kind=EventKind.STOP.value
    ).values_list("clock__mention_id", "recorded_at", "at")
    return {pk: at for pk, recorded_at, at in stops if recorded_at == several[pk]}


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


# The hours -------------------------------------------------------------------------------------------

# Lines of a clock's history that say in which hours it runs from then on.
_SAY = [kind.value for kind in (EventKind.START, EventKind.RETARGET, EventKind.CARRY)]
# Why a decision's hours are other ones than those of the client's office.
_NOT_THEIRS = ("always", "named", "agency")


@dataclass(frozen=True, slots=True)
class _Line:
    """A clock's word on its hours: from `at` on, this calendar (None: around the clock)."""

    kind: str
    at: datetime
    calendar_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Told:
    """Of each mention the lines of its clocks, in the order in which they were said; and the hours by calendar."""

    lines: Mapping[UUID, Sequence[_Line]]
    offices: Mapping[UUID, UUID | None]  # the client's own calendar, where the clocks don't tell it
    hours: Mapping[UUID | None, Hours]

    def agency(self, mention: Mention) -> OpenHours:
        """Those that the answer is promised in."""
        return self._ran_in([line for line in self.lines.get(mention.pk, ()) if line.kind in _ANSWERS])

    def client(self, mention: Mention) -> OpenHours:
        """Those of the client's office, as they were when a decision was waited for."""
        if mention.pk in self.offices:
            return self.hours[self.offices[mention.pk]]
        return self._ran_in(
            [line for line in self.lines.get(mention.pk, ()) if line.kind == ClockKind.DECIDE]
        )

    def _ran_in(self, lines: Sequence[_Line]) -> OpenHours:
        calendars = {line.calendar_id for line in lines}
        if len(calendars) > 1:
            return changing([Spell(line.at, self.hours[line.calendar_id]) for line in lines])
        return self.hours[calendars.pop()] if calendars else ALWAYS


def _promised(mentions: Sequence[Mention]) -> _Told:
    lines: defaultdict[UUID, list[_Line]] = defaultdict(list)
    others: set[UUID] = set()
    seen: set[UUID] = set()
    for row in _said(ids=[mention.pk for mention in mentions]):
        mention_id, clock_id, kind, match, started_at, said, at, calendar_id = row
        if clock_id not in seen and said != EventKind.START.value:
            # Of the time before starts were written down: it ran around the clock, until something else was said.
            lines[mention_id].append(_Line(kind, started_at, None))
        if said:
            lines[mention_id].append(_Line(kind, at, calendar_id))
        if kind == ClockKind.DECIDE and match.partition(":")[2] in _NOT_THEIRS:
            others.add(mention_id)
        seen.add(clock_id)
    offices = _offices([mention for mention in mentions if mention.pk in others]) if others else {}
    calendars = {line.calendar_id for said in lines.values() for line in said} | {*offices.values()}
    return _Told(lines, offices, hours_by_calendar(calendars))


_said = Remembered(
    lambda ids: (
        Clock.objects.filter(mention_id__in=ids, kind__in=[*_ANSWERS, ClockKind.DECIDE])
        .annotate(said=FilteredRelation("events", condition=Q(events__kind__in=_SAY)))
        .order_by("mention_id", "started_at", "id", "said__n")
        .values_list(
            *("mention_id", "id", "kind", "match", "started_at"),
            *("said__kind", "said__at", "said__calendar_id"),
        )
    )
)


def _offices(mentions: Sequence[Mention]) -> dict[UUID, UUID | None]:
    """The calendar of each one's client, else the agency's."""
    default = Calendar.objects.filter(is_default=True).values_list("pk", flat=True).first()
    own = dict(Client.objects.filter(pk__in={m.client_id for m in mentions}).values_list("pk", "calendar_id"))
    return {mention.pk: own.get(mention.client_id) or default for mention in mentions}
