from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.hours import (
    ALWAYS,
    HorizonExceeded,
    HoursError,
    InvalidWeek,
    KnownHours,
    NaiveMoment,
    ReversedSpan,
    UnknownZone,
    weekly,
)

Week = Mapping[int, Sequence[tuple[str, str]]]

MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
ZERO = timedelta(0)

# Days around the clock changes of zones that change oddly: by half an hour, at one minute past
# midnight, at midnight, by a whole day, by odd minutes, or never.
STRETCHES = [
    ("Europe/Riga", date(2026, 3, 27), date(2026, 3, 31)),
    ("Europe/Riga", date(2026, 10, 23), date(2026, 10, 27)),
    ("America/New_York", date(2026, 3, 6), date(2026, 3, 10)),
    ("America/New_York", date(2026, 10, 30), date(2026, 11, 3)),
    ("Australia/Lord_Howe", date(2026, 4, 3), date(2026, 4, 7)),
    ("Australia/Lord_Howe", date(2026, 10, 2), date(2026, 10, 6)),
    ("Asia/Kathmandu", date(1985, 12, 30), date(1986, 1, 3)),
    ("Asia/Kathmandu", date(2026, 3, 27), date(2026, 3, 31)),
    ("Pacific/Apia", date(2011, 12, 28), date(2012, 1, 2)),
    ("Pacific/Apia", date(2012, 3, 30), date(2012, 4, 3)),
    ("America/St_Johns", date(2010, 3, 12), date(2010, 3, 16)),
    ("America/St_Johns", date(2010, 11, 5), date(2010, 11, 9)),
    ("America/Havana", date(2026, 10, 30), date(2026, 11, 3)),
    ("Africa/Casablanca", date(2026, 2, 13), date(2026, 2, 17)),
]

WEEKS: dict[str, Week] = {
    "office": {day: [("09:00", "12:30"), ("13:00", "17:45")] for day in range(5)},
    "night": {day: [("22:00", "06:00")] for day in range(7)},
    "small hours": {day: [("00:30", "02:10"), ("02:20", "03:00")] for day in range(7)},
    "edges": {day: [("00:00", "01:45"), ("02:15", "24:00")] for day in range(7)},
    "always": {day: [("00:00", "24:00")] for day in range(7)},
    "weekend": {5: [("10:00", "02:30")], 6: [("02:30", "23:59")]},
}


def horizon(hours: KnownHours) -> tuple[datetime, datetime]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(microseconds=hours.first), epoch + timedelta(microseconds=hours.last)


def minutes_of(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def shown_open(week: Week, today: int, minute: int) -> bool:
    """The oracle: is a clock on the wall that shows this day and minute in an open time?"""
    for opens, closes in ((minutes_of(a), minutes_of(b)) for a, b in week.get(today, ())):
        if opens <= minute and (minute < closes or closes < opens):
            return True
    night = ((minutes_of(a), minutes_of(b)) for a, b in week.get((today - 1) % 7, ()))
    return any(closes < opens and minute < closes for opens, closes in night)


@cache
def shown_by_minute(place: int) -> tuple[datetime, list[tuple[int, int]]]:
    """The first minute of a stretch, and what a clock on the wall shows in each minute of it."""
    zone, first, last = STRETCHES[place]
    start, end = horizon(weekly(zone, {}, first, last))
    walls = ((start + n * MINUTE).astimezone(ZoneInfo(zone)) for n in range((end - start) // MINUTE))
    return start, [(wall.weekday(), wall.hour * 60 + wall.minute) for wall in walls]


@cache
def stepped(place: int, name: str) -> tuple[KnownHours, datetime, tuple[bool, ...], tuple[int, ...]]:
    """Hours, the first minute, each minute's word by the oracle, and the open minutes before it."""
    zone, first, last = STRETCHES[place]
    start, walls = shown_by_minute(place)
    verdict = {wall: shown_open(WEEKS[name], *wall) for wall in set(walls)}
    words = tuple(verdict[wall] for wall in walls)
    return weekly(zone, WEEKS[name], first, last), start, words, tuple(accumulate(words, initial=0))


stretches = st.tuples(st.integers(0, len(STRETCHES) - 1), st.sampled_from(sorted(WEEKS)))


@pytest.mark.parametrize("place", range(len(STRETCHES)))
@pytest.mark.parametrize("name", sorted(WEEKS))
def test_a_week_is_open_when_the_clock_on_the_wall_says_so(place: int, name: str) -> None:
    hours, start, words, _ = stepped(place, name)
    end = start + len(words) * MINUTE

    heard = [
        is_open
        for since, until, is_open in hours.slices(start, end)
        for _ in range((until - since) // MINUTE)
    ]

    assert end == horizon(hours)[1]
    assert heard == list(words)


@settings(max_examples=300, deadline=None)
@given(stretches, st.data())
def test_between_counts_the_minutes_that_a_patient_clerk_counts(
    stretch: tuple[int, str], data: st.DataObject
) -> None:
    hours, start, words, sums = stepped(*stretch)
    left = data.draw(st.integers(0, len(words)))
    right = data.draw(st.integers(left, len(words)))

    assert hours.between(start + left * MINUTE, start + right * MINUTE) == MINUTE * (sums[right] - sums[left])


@settings(max_examples=300, deadline=None)
@given(stretches, st.data())
def test_walk_ends_where_a_patient_clerk_has_counted_enough(
    stretch: tuple[int, str], data: st.DataObject
) -> None:
    hours, start, _, sums = stepped(*stretch)
    left = data.draw(st.integers(0, len(sums) - 1))
    amount = data.draw(st.integers(0, sums[-1] - sums[left]))

    first = next(n for n in range(left, len(sums)) if sums[n] - sums[left] >= amount)

    assert hours.walk(start + left * MINUTE, amount * MINUTE) == start + first * MINUTE


@settings(max_examples=200, deadline=None)
@given(stretches, st.data())
def test_walk_finds_the_earliest_moment_to_the_microsecond(
    stretch: tuple[int, str], data: st.DataObject
) -> None:
    hours, start, words, _ = stepped(*stretch)
    end = start + len(words) * MINUTE
    offset = data.draw(st.timedeltas(ZERO, end - start))
    amount = data.draw(st.timedeltas(ZERO, hours.between(start + offset, end)))

    reached = hours.walk(start + offset, amount)

    assert hours.between(start + offset, reached) == amount
    assert amount == ZERO or hours.between(start + offset, reached - MICROSECOND) < amount


@settings(max_examples=100, deadline=None)
@given(stretches, st.data())
def test_slices_cover_exactly_and_agree_with_between_and_is_open(
    stretch: tuple[int, str], data: st.DataObject
) -> None:
    hours, start, words, _ = stepped(*stretch)
    # Whole minutes meet the edges of the spans exactly; any microsecond doesn't.
    moments = st.integers(0, len(words)).map(lambda n: n * MINUTE)
    edges = moments | st.timedeltas(ZERO, len(words) * MINUTE)
    since, until = sorted(start + data.draw(edges) for _ in range(2))

    parts = list(hours.slices(since, until))

    assert [since, *(end for _, end, _ in parts)] == [*(begin for begin, _, _ in parts), until]
    assert all(begin < end and hours.is_open(begin) is word for begin, end, word in parts)
    assert all(left[2] is not right[2] for left, right in pairwise(parts))
    assert sum((e - b for b, e, word in parts if word), ZERO) == hours.between(since, until)


@settings(max_examples=60, deadline=None)
@given(stretches, st.data())
def test_moments_of_any_zone_mean_their_instant(stretch: tuple[int, str], data: st.DataObject) -> None:
    hours, start, words, _ = stepped(*stretch)
    zone = ZoneInfo(STRETCHES[stretch[0]][0])
    left = data.draw(st.integers(0, len(words)))
    right = data.draw(st.integers(left, len(words)))
    since, until = start + left * MINUTE, start + right * MINUTE

    assert hours.between(since.astimezone(zone), until.astimezone(zone)) == hours.between(since, until)


def test_a_night_shift_lasts_an_hour_less_or_more_when_the_clocks_change() -> None:
    riga = weekly("Europe/Riga", {5: [("22:00", "06:00")]}, date(2026, 1, 1), date(2026, 12, 31))

    def shift(day: datetime) -> timedelta:
        return riga.between(day, day + timedelta(days=1))

    assert shift(datetime(2026, 3, 21, 12, tzinfo=UTC)) == timedelta(hours=8)
    assert shift(datetime(2026, 3, 28, 12, tzinfo=UTC)) == timedelta(hours=7)
    assert shift(datetime(2026, 10, 24, 12, tzinfo=UTC)) == timedelta(hours=9)


def test_a_start_that_the_clocks_skip_moves_to_the_next_instant_that_exists() -> None:
    hours = weekly("Europe/Riga", {6: [("03:30", "05:00")]}, date(2026, 3, 29), date(2026, 3, 29))

    spans = [part[:2] for part in hours.slices(*horizon(hours)) if part[2]]

    # 03:00 becomes 04:00 at 01:00 UTC.
    assert spans == [(datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC))]


def test_a_repeated_hour_counts_twice() -> None:
    hours = weekly("Europe/Riga", {6: [("03:00", "04:00")]}, date(2026, 10, 25), date(2026, 10, 25))

    assert hours.between(*horizon(hours)) == timedelta(hours=2)


def test_a_day_that_comes_back_after_midnight_is_known_and_open_until_it_ends() -> None:
    # In St John's one minute after the midnight to Sunday it was 23:01 on Saturday again.
    saturday: Week = {5: [("00:00", "24:00")]}
    hours = weekly("America/St_Johns", saturday, date(2010, 11, 6), date(2010, 11, 6))

    assert [(until - since, word) for since, until, word in hours.slices(*horizon(hours))] == [
        (timedelta(hours=24), True),
        (MINUTE, False),
        (59 * MINUTE, True),
    ]


def test_a_date_that_never_was_is_never_open() -> None:
    friday: Week = {4: [("09:00", "17:00")]}
    hours = weekly("Pacific/Apia", friday, date(2011, 12, 24), date(2012, 1, 5))

    assert hours.between(*horizon(hours)) == ZERO


def test_the_night_before_the_first_day_reaches_into_it_and_the_last_night_is_cut() -> None:
    night: Week = {day: [("22:00", "06:00")] for day in range(7)}
    hours = weekly("Asia/Kathmandu", night, date(2026, 5, 5), date(2026, 5, 5))

    assert hours.between(*horizon(hours)) == timedelta(hours=8)


def test_a_day_until_midnight_joins_a_day_from_midnight() -> None:
    week: Week = {0: [("20:00", "24:00")], 1: [("00:00", "02:00")]}
    hours = weekly("UTC", week, date(2026, 5, 4), date(2026, 5, 6))

    assert len(hours.starts) == 1
    assert hours.between(*horizon(hours)) == timedelta(hours=6)


def test_closing_at_midnight_may_be_written_either_way() -> None:
    days = date(2026, 5, 4), date(2026, 5, 10)

    assert weekly("UTC", {0: [("20:00", "00:00")]}, *days) == weekly("UTC", {0: [("20:00", "24:00")]}, *days)


def test_walking_nothing_stays_even_where_it_is_closed() -> None:
    hours = weekly("UTC", {0: [("09:00", "17:00")]}, date(2026, 5, 4), date(2026, 5, 20))
    sunday = datetime(2026, 5, 10, 12, tzinfo=UTC)

    assert hours.walk(sunday, ZERO) == sunday
    assert hours.walk(sunday, MICROSECOND) == datetime(2026, 5, 11, 9, 0, 0, 1, tzinfo=UTC)


def test_an_amount_that_fills_a_span_ends_at_its_close_not_at_the_next_opening() -> None:
    hours = weekly("UTC", {0: [("09:00", "17:00")]}, date(2026, 5, 4), date(2026, 5, 20))

    assert hours.walk(datetime(2026, 5, 4, 9, tzinfo=UTC), timedelta(hours=8)) == datetime(
        2026, 5, 4, 17, tzinfo=UTC
    )


@given(
    st.datetimes(timezones=st.just(UTC), max_value=datetime(5000, 1, 1)),
    st.timedeltas(ZERO, timedelta(days=10**6)),
)
def test_around_the_clock_open_time_is_time(at: datetime, amount: timedelta) -> None:
    assert ALWAYS.walk(at, amount) == at + amount
    assert ALWAYS.between(at, at + amount) == amount
    assert ALWAYS.is_open(at)


def test_slices_from_a_close_to_an_opening_are_one_closed_slice() -> None:
    hours = weekly("UTC", WEEKS["office"], date(2026, 5, 4), date(2026, 5, 8))
    close, opening = (
        datetime(2026, 5, day, hour, minute, tzinfo=UTC) for day, hour, minute in ((4, 17, 45), (5, 9, 0))
    )

    assert list(hours.slices(close, opening)) == [(close, opening, False)]
    assert list(hours.slices(opening, opening)) == []


def test_hours_without_open_time_know_it() -> None:
    hours = weekly("UTC", {}, date(2026, 5, 4), date(2026, 5, 4))

    assert [part[2] for part in hours.slices(*horizon(hours))] == [False]
    with pytest.raises(HorizonExceeded):
        hours.walk(datetime(2026, 5, 4, tzinfo=UTC), MICROSECOND)


spans = st.lists(st.tuples(st.integers(-5, 50), st.integers(0, 20)).map(lambda p: (p[0], p[0] + p[1])))


@given(spans)
def test_any_spans_become_the_hours_that_they_cover(pairs: list[tuple[int, int]]) -> None:
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    hours = KnownHours.of(
        [(noon + a * MINUTE, noon + b * MINUTE) for a, b in pairs],
        first=noon,
        last=noon + 40 * MINUTE,
    )

    assert [hours.is_open(noon + n * MINUTE) for n in range(40)] == [
        any(a <= n < b for a, b in pairs) for n in range(40)
    ]


def test_nothing_is_said_beyond_the_horizon() -> None:
    hours = weekly("UTC", WEEKS["office"], date(2026, 5, 4), date(2026, 5, 8))
    first, last = horizon(hours)

    with pytest.raises(HorizonExceeded, match="outside the known hours"):
        hours.between(first - MICROSECOND, last)
    with pytest.raises(HorizonExceeded):
        hours.slices(first, last + MICROSECOND)
    with pytest.raises(HorizonExceeded):
        hours.is_open(last)
    with pytest.raises(HorizonExceeded, match="Less than"):
        hours.walk(first, hours.between(first, last) + MICROSECOND)
    assert hours.walk(first, hours.between(first, last)) <= last


def test_naive_and_reversed_moments_are_refused() -> None:
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)

    with pytest.raises(NaiveMoment):
        ALWAYS.is_open(noon.replace(tzinfo=None))
    with pytest.raises(NaiveMoment):
        ALWAYS.between(noon, noon.replace(tzinfo=None))
    with pytest.raises(ReversedSpan):
        ALWAYS.between(noon, noon - MICROSECOND)
    with pytest.raises(ReversedSpan):
        ALWAYS.walk(noon, -MICROSECOND)
    with pytest.raises(ReversedSpan):
        weekly("UTC", {}, date(2026, 5, 4), date(2026, 5, 3))


@pytest.mark.parametrize("zone", ["", "Europe/Rigga", "../etc/passwd", "Europe", "\0"])
def test_a_zone_that_is_none_is_named(zone: str) -> None:
    with pytest.raises(UnknownZone, match="no time zone called"):
        weekly(zone, {}, date(2026, 5, 4), date(2026, 5, 4))


@pytest.mark.parametrize(
    ("week", "day"),
    [
        ({0: [("09:00", "12:00"), ("11:00", "13:00")]}, 0),
        ({6: [("22:00", "03:00")], 0: [("02:00", "04:00")]}, 0),
        ({2: [("20:00", "03:00")], 3: [("02:59", "04:00")]}, 3),
        ({4: [("09:00", "09:00")]}, 4),
        ({4: [("24:00", "09:00")]}, 4),
        ({1: [("9:00", "17:00")]}, 1),
        ({1: [("09:00", "25:00")]}, 1),
        ({1: [("09:00", "24:01")]}, 1),
        ({1: [("09:00", "17:00\n")]}, 1),
        ({1: [("\u0660\u0669:\u0660\u0660", "17:00")]}, 1),
        ({7: [("09:00", "17:00")]}, None),
    ],
)
def test_a_week_that_can_not_be_meant_is_refused_with_its_day(week: Week, day: int | None) -> None:
    with pytest.raises(InvalidWeek) as refusal:
        weekly("UTC", week, date(2026, 5, 4), date(2026, 5, 4))

    assert refusal.value.day == day


@pytest.mark.parametrize(
    ("starts", "ends"),
    [((5,), (5,)), ((0, 5), (5, 9)), ((5, 0), (6, 1)), ((0,), ()), ((0,), (99,))],
)
def test_spans_out_of_form_are_refused(starts: tuple[int, ...], ends: tuple[int, ...]) -> None:
    with pytest.raises(HoursError):
        KnownHours(starts, ends, first=0, last=50)


def test_days_at_the_ends_of_the_calendar_are_refused() -> None:
    with pytest.raises(HorizonExceeded, match="end of the calendar"):
        weekly("Asia/Kathmandu", {}, date(9999, 12, 30), date.max)
