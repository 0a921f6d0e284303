"""Whether clocks are what their histories make of them, and their alarms and mentions what the clocks make of these."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from agency.models import Alarm
from agency.tenancy import current_agency
from clients.hours import ALWAYS, HorizonExceeded, Hours
from clients.queries.calendars import hours_by_calendar
from mentions.models import Mention
from mentions.words import END_OF_TIME
from workflows import clock as rules
from workflows.clock import ClockError, ClockState, Event, EventKind
from workflows.models import Clock, ClockEvent
from workflows.words import CLOCK_DUE

# What a line brings a calendar with.
PROMISED = frozenset({EventKind.START, EventKind.RETARGET, EventKind.CARRY})
# An alarm whose time has come may be put off for so long, when it failed or its mention was busy.
PUT_OFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that says something else than the history does. `subject`: a clock, or for its own fields a mention."""

    subject: UUID
    field: str
    stored: object
    folded: object


@dataclass(frozen=True, slots=True)
class Folded:
    """A clock as its lines make it."""

    clock: Clock
    state: ClockState
    calendar_id: UUID | None
    hours: Hours
    lines: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of some mentions. A clock whose lines make none is in `broken` alone."""

    folded: Sequence[Folded]
    broken: Sequence[Clock]
    differences: Sequence[Difference]
    by_mention: Mapping[UUID, Sequence[Difference]]


def as_events(lines: Iterable[ClockEvent], hours: Mapping[UUID | None, Hours]) -> Iterator[Event]:
    """Lines, in their order, as what `workflows.clock.fold` takes."""
    for line in lines:
        yield Event(
            kind=EventKind(line.kind),
            at=line.at,
            target=line.target,
            grace=line.grace or rules.ZERO,
            step=line.step,
            hours=hours[line.calendar_id] if line.kind in PROMISED else None,
            used=line.used or rules.ZERO,
        )


def compare(mentions: Sequence[Mention], *, now: datetime) -> Found:
    """Fold every clock of these mentions, and say where the rows differ: a constant number of queries."""
    clocks = list(Clock.objects.filter(mention__in=mentions).order_by("mention_id", "id"))
    histories = _histories(clocks)
    calendars = {line.calendar_id for lines in histories.values() for line in lines}
    hours = hours_by_calendar(calendars | {clock.calendar_id for clock in clocks})
    folded, broken, found = [], [], defaultdict[UUID, list[Difference]](list)
    for clock in clocks:
        lines = histories.get(clock.pk, [])
        try:
            state = rules.fold(as_events(lines, hours), ALWAYS)
        except ClockError as error:
            broken.append(clock)
            found[clock.mention_id].append(Difference(clock.pk, "history", clock.lines, str(error)))
            continue
        calendar_id = next(line.calendar_id for line in reversed(lines) if line.kind in PROMISED)
        folded.append(Folded(clock, state, calendar_id, hours[calendar_id], lines[-1].n))
    alarms = _alarms(clocks)
    for one in folded:
        found[one.clock.mention_id] += _of_clock(one, alarms.get(one.clock.pk), now)
    by_mention = defaultdict[UUID, list[Clock]](list)
    for clock in clocks:
        by_mention[clock.mention_id].append(clock)
    for mention in mentions:
        found[mention.pk] += _of_mention(mention, by_mention[mention.pk])
    every = [difference for some in found.values() for difference in some]
    return Found(folded, broken, every, {pk: some for pk, some in found.items() if some})


def _histories(clocks: Sequence[Clock]) -> dict[UUID, list[ClockEvent]]:
    lines = ClockEvent.objects.filter(clock__in=clocks).order_by("clock_id", "n")
    return {clock_id: list(group) for clock_id, group in groupby(lines, key=lambda line: line.clock_id)}


def _alarms(clocks: Sequence[Clock]) -> dict[UUID, datetime]:
    rows = Alarm.objects.filter(
        agency_id=current_agency(), kind=CLOCK_DUE, subject_id__in=[clock.pk for clock in clocks]
    )
    return dict(rows.values_list("subject_id", "due_at"))


def _of_clock(one: Folded, alarm: datetime | None, now: datetime) -> list[Difference]:
    clock, state = one.clock, one.state
    stored: dict[str, object] = {
        **{name: getattr(clock, name) for name in STATE},
        "fired": list(clock.fired),
        "excused_late": clock.excused_late,
        "calendar": clock.calendar_id,
        "lines": clock.lines,
    }
    folded: dict[str, object] = {
        **{name: getattr(state, name) for name in STATE},
        "fired": list(state.fired),
        "excused_late": state.late,
        "calendar": one.calendar_id,
        "lines": one.lines,
    }
    due, coming, known = _ahead(one)
    stored["due_at"], folded["due_at"] = clock.due_at, due
    if known:
        stored["next_fire_at"], folded["next_fire_at"] = clock.next_fire_at, coming
    waits = coming is not None and alarm is not None and coming <= now and coming <= alarm <= now + PUT_OFF
    if known and not waits:
        stored["alarm"], folded["alarm"] = alarm, coming
    return _differing(clock.pk, stored, folded)


def _ahead(one: Folded) -> tuple[datetime | None, datetime | None, bool]:
    """(due, when to look next, whether that is known: beyond the horizon it is any time)."""
    try:
        due = rules.due_at(one.state, one.hours)
        coming = rules.next_fire(one.state, one.hours, tuple(one.clock.warn_at))
    except (HorizonExceeded, OverflowError):
        return None, None, False
    return due, coming[0] if coming else None, True


def _of_mention(mention: Mention, clocks: Sequence[Clock]) -> list[Difference]:
    due = min(((c.due_at, c.kind) for c in clocks if c.due_at and not c.stopped_at), default=(None, ""))
    stored: dict[str, object] = {
        "due_at": mention.due_at,
        "due_kind": mention.due_kind,
        "urgency_at": mention.urgency_at,
        "breached": mention.breached,
    }
    folded: dict[str, object] = {
        "due_at": due[0],
        "due_kind": due[1],
        "urgency_at": due[0] or END_OF_TIME,
        "breached": any(clock.breached_at for clock in clocks),
    }
    return _differing(mention.pk, stored, folded)


def _differing(subject: UUID, stored: Mapping[str, object], folded: Mapping[str, object]) -> list[Difference]:
    return [
        Difference(subject, field, stored[field], folded[field])
        for field in stored
        if stored[field] != folded[field]
    ]


# The columns that are the state's own.
STATE = (
    *("target", "used", "grace", "inherited", "running_since", "paused_at", "stopped_at", "breached_at"),
    "annulled",
)
