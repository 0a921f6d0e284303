"""Open hours as exact arithmetic over UTC: what is open, how much, and when an amount is used up.

Pure: standard library only. A moment is an aware `datetime`; inside, it is an integer count of
microseconds since 1970-01-01 UTC, so nothing is ever rounded. Every moment handed out is in UTC.

Local rules (`Rules`) become UTC spans once, in `stitched`, and only there do zones and clock changes
exist: an instant is open exactly when a clock on the wall of that zone shows a time inside one of the
intervals. So a start that the clocks skip moves to the next instant that exists, a repeated hour
counts twice, and a date that never was (Apia, 30 December 2011) is never open.

An interval belongs to the day on which it opens. A date with its own intervals, or with none, has them
instead of its weekday's; a night that began on the day before still ends when that day says.
"""

import re
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOUR = 3_600_000_000
DAY = 24 * HOUR
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")

Span = tuple[int, int]
Intervals = Sequence[tuple[str, str]]


class HoursError(ValueError):
    """Base of everything that this module refuses."""


class NaiveMoment(HoursError):
    """A moment without a time zone."""


class ReversedSpan(HoursError):
    """An end before its start, or a negative amount of time."""


class HorizonExceeded(HoursError):
    """The answer lies outside the stretch of time that these hours know about."""


class UnknownZone(HoursError):
    """Not the name of an IANA time zone."""


class InvalidWeek(HoursError):
    """Intervals that can't be meant, of a weekday or of a date.

    Attributes:
        day: 0 (Monday) to 6, or the date; None for a bad key.
    """

    def __init__(self, message: str, day: int | date | None = None) -> None:
        super().__init__(message)
        self.day = day


class Hours(ABC):
    """When it is open: what everything that counts time asks. Moments are aware; answers are exact and in UTC.

    Every question may raise NaiveMoment, and (`KnownHours` only) HorizonExceeded.
    """

    __slots__ = ()

    @abstractmethod
    def is_open(self, at: datetime) -> bool:
        """Whether `at` lies in an open span; the end of a span doesn't."""

    @abstractmethod
    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time in [start, end).

        Raises:
            ReversedSpan
        """

    @abstractmethod
    def walk(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest moment, not before `start`, by which `amount` of open time has passed.

        So no amount gives `start` itself, be it open or closed, and an amount that ends with an
        open span gives that span's end, not the next one's start.

        Raises:
            ReversedSpan: `amount` is negative.
        """

    @abstractmethod
    def slices(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
        """[start, end) cut where it opens and closes: (from, until, is it open), without gaps.

        Nothing when start is end.

        Raises:
            ReversedSpan: at once, not on the first step.
        """


@dataclass(frozen=True, slots=True)
class KnownHours(Hours):
    """Half-open spans [start, end) that are open, known from `first` until `last`.

    All numbers are microseconds since 1970 UTC. Spans are sorted and neither overlap nor touch;
    `KnownHours.of` brings any spans into that form. Each question takes O(log n).
    """

    starts: tuple[int, ...] = field(repr=False)
    ends: tuple[int, ...] = field(repr=False)
    first: int
    last: int
    sums: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.starts) != len(self.ends):
            raise HoursError("As many starts as ends are needed.")
        edges = [edge for span in zip(self.starts, self.ends, strict=True) for edge in span]
        if any(left >= right for left, right in pairwise(edges)):
            raise HoursError("Spans must be sorted, and may neither be empty, overlap nor touch.")
        reach = (edges[0], edges[-1]) if edges else (self.first, self.last)
        if not (self.first < self.last and self.first <= reach[0] and reach[1] <= self.last):
            raise HoursError("The horizon must have a length and hold every span.")
        lengths = (end - start for start, end in zip(self.starts, self.ends, strict=True))
        object.__setattr__(self, "sums", tuple(accumulate(lengths, initial=0)))

    @classmethod
    def of(
        cls, spans: Iterable[tuple[datetime, datetime]], *, first: datetime, last: datetime
    ) -> "KnownHours":
        """Hours from spans in any order; they may overlap, and are cut off at the horizon.

        Raises:
            NaiveMoment, ReversedSpan: a span has no zone, or ends before it starts.
        """
        return _merged([_span(*span) for span in spans], *_span(first, last))

    def is_open(self, at: datetime) -> bool:
        moment = self._known(at)
        if moment == self.last:
            raise HorizonExceeded(f"Nothing is known from {at.isoformat()} on.")
        index = bisect_right(self.starts, moment) - 1
        return index >= 0 and moment < self.ends[index]

    def between(self, start: datetime, end: datetime) -> timedelta:
        begin, finish = self._known_span(start, end)
        return timedelta(microseconds=self._before(finish) - self._before(begin))

    def walk(self, start: datetime, amount: timedelta) -> datetime:
        """As `Hours.walk`. Raises HorizonExceeded where there is less open time left."""
        begin, micros = self._known(start), amount // MICROSECOND
        if micros < 0:
            raise ReversedSpan(f"Can't walk a negative amount: {amount}.")
        if not micros:
            return from_micros(begin)
        span = bisect_right(self.starts, begin) - 1
        # Most walks, and all around the clock, end in the span in which they begin.
        if span >= 0 and begin + micros <= self.ends[span]:
            return from_micros(begin + micros)
        goal = self._before(begin) + micros
        if goal > self.sums[-1]:
            raise HorizonExceeded(f"Less than {amount} is open from {start.isoformat()} on.")
        index = bisect_left(self.sums, goal) - 1
        return from_micros(self.ends[index] - (self.sums[index + 1] - goal))

    def slices(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
        return self._cut(*self._known_span(start, end))

    def _cut(self, at: int, finish: int) -> Iterator[tuple[datetime, datetime, bool]]:
        index = bisect_right(self.ends, at)
        while at < finish:
            more = index < len(self.starts)
            is_open = more and self.starts[index] <= at
            edges = self.ends if is_open else self.starts
            until = min(edges[index], finish) if more else finish
            yield from_micros(at), from_micros(until), is_open
            index += is_open
            at = until

    def _before(self, moment: int) -> int:
        """Open microseconds from the start of the horizon until `moment`."""
        index = bisect_right(self.starts, moment) - 1
        if index < 0:
            return 0
        return self.sums[index] + min(moment, self.ends[index]) - self.starts[index]

    def _known(self, at: datetime) -> int:
        moment = to_micros(at)
        if not self.first <= moment <= self.last:
            raise HorizonExceeded(
                f"{at.isoformat()} is outside the known hours, "
                f"{from_micros(self.first).isoformat()} to {from_micros(self.last).isoformat()}."
            )
        return moment

    def _known_span(self, start: datetime, end: datetime) -> Span:
        begin, finish = _span(start, end)
        if begin < self.first or finish > self.last:
            return self._known(start), self._known(end)
        return begin, finish


class Rules:
    """When it is open, said in local times, from `since` on.

    Args:
        zone: IANA name, such as "Europe/Riga".
        week: for 0 (Monday) to 6 the intervals that open on that day, as "HH:MM" pairs. A close at
            or before midnight is written "24:00"; one that is earlier than its opening is on the
            next day. Days left out are closed.
        dates: for single dates the intervals that open then, instead of their weekday's; none: closed.

    Raises:
        UnknownZone
        InvalidWeek: a time that is none, an empty interval, or two of a week or of a date that overlap.
    """

    __slots__ = ("_dates", "_tz", "_week", "since")

    def __init__(
        self,
        zone: str,
        week: Mapping[int, Intervals],
        dates: Mapping[date, Intervals] = MappingProxyType({}),
        *,
        since: datetime = EPOCH,
    ) -> None:
        self.since = to_micros(since)
        self._tz = _zone(zone)
        self._week = _pattern(week)
        self._dates = {(day - EPOCH.date()).days: _one_day(day, pairs) for day, pairs in dates.items()}

    def spans(self, first: int, last: int) -> Iterator[Span]:
        """The open spans of [first, last), in UTC, in any order."""
        for since, until, offset in _stretches(self._tz, first, last):
            for start, end in self._on_the_wall(since + offset, until + offset):
                yield max(start - offset, since), min(end - offset, until)

    def days(self, first: date, last: date) -> Span:
        """From the start of the first day to the end of the last, the most that these can mean."""
        return _midnights(self._tz, first)[0], _midnights(self._tz, last + timedelta(days=1))[1]

    def _on_the_wall(self, since: int, until: int) -> Iterator[Span]:
        """The intervals that touch [since, until), all in local microseconds."""
        for day in range(since // DAY - 1, (until - 1) // DAY + 1):
            # Day 0 is 1 January 1970, a Thursday.
            for start, end in self._dates.get(day, self._week[(day + 3) % 7]):
                if day * DAY + start < until and day * DAY + end > since:
                    yield day * DAY + start, day * DAY + end


def stitched(versions: Sequence[Rules], first: int, last: int) -> KnownHours:
    """The hours in [first, last) of rules that follow one another: each holds from its `since` to the next one's.

    Before the first one's `since` the first one holds too. Which rules hold is decided for each instant, so a night
    that a change cuts in two goes on after it only where the new rules are open then.

    Args:
        versions: at least one, rising by `since`.
        first, last: microseconds since 1970 UTC.
    """
    ends = [*(rules.since for rules in versions[1:]), last]
    begin, spans = first, list[Span]()
    for rules, end in zip(versions, ends, strict=True):
        until = min(end, last)
        if begin < until:
            spans += rules.spans(begin, until)
            begin = until
    return _merged(spans, first, last)


def weekly(zone: str, week: Mapping[int, Intervals], first: date, last: date) -> KnownHours:
    """The hours of a week that repeats in a zone, known for the local days `first` to `last`, both included.

    Raises:
        UnknownZone, InvalidWeek: as `Rules` does.
        ReversedSpan: `last` is before `first`.
        HorizonExceeded: the days are too near the ends of the calendar, years 1 and 9999.
    """
    rules = Rules(zone, week)
    if last < first:
        raise ReversedSpan(f"The last day, {last}, is before the first, {first}.")
    try:
        return stitched([rules], *rules.days(first, last))
    except OverflowError as error:
        raise HorizonExceeded(f"{first} to {last} reaches the end of the calendar.") from error


def _stretches(tz: ZoneInfo, first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """[first, last) cut where the zone's offset changes: (from, until, offset), microseconds."""
    since = at = first
    offset = _offset(tz, first)
    while at < last:
        # No zone has ever changed twice within six days, so no pair of changes is jumped over.
        ahead = min(at + DAY, last)
        if _offset(tz, ahead) == offset:
            at = ahead
            continue
        at = _change(tz, at, ahead)
        yield since, at, offset
        since, offset = at, _offset(tz, at)
    if since < last:
        yield since, last, offset


def _change(tz: ZoneInfo, before: int, after: int) -> int:
    """The first moment with another offset than `before`, given that `after` has one."""
    offset = _offset(tz, before)
    moments = range(before, after)
    steady = bisect_left(moments, True, key=lambda moment: _offset(tz, moment) != offset)
    return before + steady


def _offset(tz: ZoneInfo, moment: int) -> int:
    offset = from_micros(moment).astimezone(tz).utcoffset()
    return (offset or timedelta(0)) // MICROSECOND


def _midnights(tz: ZoneInfo, day: date) -> Span:
    """The earliest and the latest moment that can be called the start of `day`."""
    start = datetime.combine(day, time(0), tzinfo=tz)
    both = to_micros(start), to_micros(start.replace(fold=1))
    return min(both), max(both)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(f"There is no time zone called {name!r}.") from error


def _pattern(week: Mapping[int, Intervals]) -> list[list[Span]]:
    """For each weekday its intervals in microseconds since its midnight; an end may pass DAY."""
    if unknown := sorted(set(week) - set(range(7)), key=str):
        raise InvalidWeek(f"Days are 0 (Monday) to 6 (Sunday), not {unknown[0]!r}.")
    pattern = [[_interval(day, *pair) for pair in week.get(day, ())] for day in range(7)]
    flat = sorted(
        (day * DAY + start, day * DAY + end, day)
        for day, intervals in enumerate(pattern)
        for start, end in intervals
    )
    # The week goes round: Sunday night may run into Monday morning.
    _refuse_overlaps(flat + [(start + 7 * DAY, end + 7 * DAY, day) for start, end, day in flat[:1]])
    return pattern


def _one_day(day: date, pairs: Intervals) -> list[Span]:
    intervals = sorted(_interval(day, *pair) for pair in pairs)
    _refuse_overlaps([(start, end, day) for start, end in intervals])
    return intervals


def _refuse_overlaps(intervals: Sequence[tuple[int, int, int | date]]) -> None:
    for (_, end, _), (start, _, day) in pairwise(intervals):
        if start < end:
            raise InvalidWeek(f"{_called(day)} has an interval that opens inside another one.", day)


def _interval(day: int | date, opens: str, closes: str) -> Span:
    start, end = _clock_time(day, opens), _clock_time(day, closes)
    if start == DAY:
        raise InvalidWeek(f"{_called(day)} can't open at 24:00; write 00:00 on the next day.", day)
    if start == end:
        raise InvalidWeek(f"{_called(day)} opens and closes at {opens}; a whole day is 00:00 to 24:00.", day)
    return start, end if end > start else end + DAY


def _clock_time(day: int | date, text: str) -> int:
    match = CLOCK_TIME.fullmatch(text)
    if match is None:
        raise InvalidWeek(f"{_called(day)} has {text!r}, which isn't a time like 09:00.", day)
    if match[1] is None:
        return DAY
    return int(match[1]) * HOUR + int(match[2]) * HOUR // 60


def _called(day: int | date) -> str:
    return day.isoformat() if isinstance(day, date) else DAYS[day]


def _merged(spans: Iterable[Span], first: int, last: int) -> KnownHours:
    """Hours from spans in any order, cut off at the horizon, joined where they meet."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted((max(start, first), min(end, last)) for start, end in spans):
        if start >= end:
            continue
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return KnownHours(tuple(starts), tuple(ends), first, last)


def _span(start: datetime, end: datetime) -> Span:
    begin, finish = to_micros(start), to_micros(end)
    if finish < begin:
        raise ReversedSpan(f"{end.isoformat()} is before {start.isoformat()}.")
    return begin, finish


def to_micros(at: datetime) -> int:
    if at.utcoffset() is None:
        raise NaiveMoment(f"{at.isoformat()} has no time zone.")
    # Subtracting datetimes of one zone would forget its clock changes; EPOCH is in UTC.
    return (at - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


# Around the clock, for as long as a datetime can say.
ALWAYS = KnownHours(
    starts=(to_micros(datetime.min.replace(tzinfo=UTC)),),
    ends=(to_micros(datetime.max.replace(tzinfo=UTC)),),
    first=to_micros(datetime.min.replace(tzinfo=UTC)),
    last=to_micros(datetime.max.replace(tzinfo=UTC)),
)
