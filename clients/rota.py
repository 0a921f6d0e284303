"""Who is on call when: layers of people who take turns, and the overrides that somebody takes over by.

Pure: no Django. A layer's turn n begins at its hand-over n: at a local time, every so many days, counted from the
day on which the first of its people takes over, forwards and backwards alike. So a turn that the clocks change in is
an hour shorter or longer, and nothing drifts. Where the clocks skip the hand-over's time, it is at the next instant
that exists; where they repeat it, at the first of the two.

Who answers at an instant: the override that was made last, else the first layer that is on then. Somebody who can't
be (they left, or don't work for that client) is stood in for by the next of their layer, and the rota says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from clients.hours import HorizonExceeded, Hours, weekly

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
LONGEST_TURN = 90  # days
WEEK = 7 * 1440  # minutes
Week = Mapping[int, Sequence[tuple[str, str]]]
Can = Callable[[UUID], bool]


@dataclass(frozen=True, slots=True)
class Layer:
    """People who take turns.

    Attributes:
        since: the local day on which the first of `members` takes over.
        at: the local time of every hand-over.
        every: days a turn lasts.
        week: the hours in which the layer is on, as `clients.hours.weekly` takes them; None: always.
    """

    members: tuple[UUID, ...]
    since: date
    at: time
    every: int = 7
    week: Week | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody takes over for [start, end). `end` is earlier than planned where it was ended before."""

    id: UUID
    member: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Rota:
    """`overrides` in the order in which they were made."""

    zone: str
    layers: tuple[Layer, ...]
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is on call for [start, end). Nobody where `member` is None.

    Attributes:
        layer: number of the layer, from 0; None: an override's, or nobody's.
        number: the layer's turn, so that two turns of one person that follow each other are told apart.
        missing: those whose turn it would have been, but who can't take it, in the order in which they were asked.
    """

    start: datetime
    end: datetime
    member: UUID | None
    layer: int | None = None
    number: int | None = None
    override: UUID | None = None
    missing: tuple[UUID, ...] = field(default=())

    @property
    def source(self) -> tuple[object, ...]:
        return (self.member, self.layer, self.number, self.override, self.missing)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at a moment. `until`: the turn's end; `next`: the first turn of somebody else, None: none in sight."""

    member: UUID | None
    since: datetime
    until: datetime
    next: Turn | None
    turn: Turn


def everybody(member: UUID) -> bool:
    return True


def hand_over(layer: Layer, zone: ZoneInfo, number: int) -> datetime:
    """When turn `number` begins, in UTC."""
    return instant(datetime.combine(layer.since + number * layer.every * DAY, layer.at), zone)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which a clock on the wall of that zone shows `wall`; where it is skipped, the next that exists."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # Skipped: the two readings of `wall` lie on either side of the moment at which the clocks change.
    before, after = sorted((first, wall.replace(tzinfo=zone, fold=1).astimezone(UTC)))
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, (after - before) // MOMENT
    while low < high:
        middle = (low + high) // 2
        if (before + middle * MOMENT).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle + 1
    return before + low * MOMENT


def turn_number(layer: Layer, zone: ZoneInfo, at: datetime) -> int:
    """The layer's turn that `at` lies in."""
    number = (at.astimezone(zone).date() - layer.since).days // layer.every
    while hand_over(layer, zone, number) > at:
        number -= 1
    while hand_over(layer, zone, number + 1) <= at:
        number += 1
    return number


def turns(rota: Rota, start: datetime, end: datetime, *, can: Can = everybody) -> list[Turn]:
    """[start, end) cut into turns, without gaps; the first and the last are cut off at the edges."""
    zone = ZoneInfo(rota.zone)
    hours = [_hours(layer, rota.zone, start, end) for layer in rota.layers]
    found: list[Turn] = []
    for since, until in pairwise(sorted(_edges(rota, zone, hours, start, end))):
        turn = _turn(rota, zone, hours, since, until, can)
        if found and found[-1].source == turn.source:
            last = found.pop()
            turn = Turn(last.start, until, *turn.source)  # type: ignore[arg-type]
        found.append(turn)
    return found


def on_call(rota: Rota, at: datetime, *, can: Can = everybody) -> OnCall:
    """Who is on call at `at`, until when, and who is next."""
    back, ahead = _reach(rota, at)
    all_turns = turns(rota, back, ahead, can=can)
    index = next(i for i, turn in enumerate(all_turns) if turn.start <= at < turn.end)
    now = all_turns[index]
    following = next((turn for turn in all_turns[index + 1 :] if turn.member != now.member), None)
    return OnCall(now.member, now.start, now.end, following, now)


def gaps(rota: Rota, start: datetime, end: datetime, *, can: Can = everybody) -> list[Turn]:
    """The turns that somebody can't take, stood in for or not, and the times without anybody."""
    return [turn for turn in turns(rota, start, end, can=can) if turn.missing or turn.member is None]


def _reach(rota: Rota, at: datetime) -> tuple[datetime, datetime]:
    """As far back as a turn may have begun, and as far ahead as it takes to find who is next."""
    longest = max([layer.every for layer in rota.layers], default=7)
    people = max([len(layer.members) for layer in rota.layers], default=1)
    # Everybody of a layer may be missing but the last: whoever is next comes within one round.
    return at - (longest + 2) * DAY, at + (longest * min(people + 1, 4) + 14) * DAY


def _hours(layer: Layer, zone: str, start: datetime, end: datetime) -> Hours | None:
    if layer.week is None:
        return None
    return weekly(zone, joined(layer.week), (start - 2 * DAY).date(), (end + 2 * DAY).date())


def joined(week: Week) -> dict[int, list[tuple[str, str]]]:
    """The same hours without overlaps, cut at midnight: whoever writes Fri 18:00-09:00 and Sat 00:00-24:00 means both."""
    spans: list[tuple[int, int]] = []
    for day, pairs in week.items():
        for opens, closes in pairs:
            start, end = day * 1440 + _minutes(opens), day * 1440 + _minutes(closes)
            end += 1440 if end <= start else 0
            spans += [(start, min(end, WEEK)), (0, max(end - WEEK, 0))]
    found: dict[int, list[tuple[str, str]]] = {}
    for start, end in _merged(spans):
        for day in range(start // 1440, (end - 1) // 1440 + 1):
            first, last = max(start - day * 1440, 0), min(end - day * 1440, 1440)
            found.setdefault(day, []).append((_clock_time(first), _clock_time(last)))
    return found


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif start < end:
            found.append((start, end))
    return found


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _clock_time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _edges(
    rota: Rota, zone: ZoneInfo, hours: Sequence[Hours | None], start: datetime, end: datetime
) -> set[datetime]:
    """Every instant at which somebody else may come on."""
    found = {start, end}
    for layer in rota.layers:
        found |= set(_hand_overs(layer, zone, start, end))
    for known in hours:
        if known is not None:
            found |= {since for since, _, _ in known.slices(start, end)}
    for override in rota.overrides:
        found |= {edge for edge in (override.start, override.end) if start < edge < end}
    return found


def _hand_overs(layer: Layer, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    number = turn_number(layer, zone, start) + 1
    while (at := hand_over(layer, zone, number)) < end:
        yield at
        number += 1


def _turn(
    rota: Rota, zone: ZoneInfo, hours: Sequence[Hours | None], since: datetime, until: datetime, can: Can
) -> Turn:
    """Who answers all through [since, until), which no edge lies in."""
    missing: list[UUID] = []
    for override in reversed(rota.overrides):
        if override.start <= since < override.end:
            if can(override.member):
                return Turn(since, until, override.member, override=override.id, missing=_once(missing))
            missing.append(override.member)
    for index, (layer, known) in enumerate(zip(rota.layers, hours, strict=True)):
        if not layer.members or (known is not None and not _is_on(known, since)):
            continue
        number = turn_number(layer, zone, since)
        for step in range(len(layer.members)):
            member = layer.members[(number + step) % len(layer.members)]
            if can(member):
                return Turn(since, until, member, index, number, missing=_once(missing))
            missing.append(member)
    return Turn(since, until, None, missing=_once(missing))


def _is_on(hours: Hours, at: datetime) -> bool:
    try:
        return hours.is_open(at)
    except HorizonExceeded:
        return False


def _once(members: Iterable[UUID]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(members))
