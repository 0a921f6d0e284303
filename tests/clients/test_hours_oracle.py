"""The short form of `tests.clients.oracle`, and what django-bizcal means otherwise."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.calendar_hours import BEGIN, END, CalendarHours
from clients.hours import InvalidWeek, NaiveMoment, ReversedSpan, Rules
from tests.clients.oracle import PLACES, Tally, Version, main, make_case, second_oracle

OFFICE = {day: [("09:00", "17:00")] for day in range(5)}
NIGHTS = {day: [("22:00", "06:00")] for day in range(5)}
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
HOUR, MICROSECOND = timedelta(hours=1), timedelta(microseconds=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@settings(max_examples=12)
@given(st.randoms(use_true_random=False))
def test_calendars_count_as_a_clerk_with_a_wall_clock_counts(random: Random) -> None:
    assert Tally().add(make_case(random), random) == []


def test_the_long_run_says_how_much_it_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cases", "3"]) == 0
    assert capsys.readouterr().out.startswith("oracle: 3 cases, ")


def test_the_oracle_knows_at_least_twelve_awkward_zones() -> None:
    assert len(PLACES) >= 12


@pytest.mark.parametrize(
    ("pair", "day", "ours", "theirs"),
    [
        # The clocks skip 03:00 to 04:00: it opens at the next instant that exists, not an hour later.
        (("03:30", "05:00"), utc(2026, 3, 29), HOUR, HOUR / 2),
        (("03:10", "03:40"), utc(2026, 3, 29), 0 * HOUR, HOUR / 2),
        # They show 03:00 to 04:00 twice, and it is open both times.
        (("03:15", "03:45"), utc(2026, 10, 25), HOUR, HOUR / 2),
        (("03:00", "04:00"), utc(2026, 10, 25), 2 * HOUR, 2 * HOUR),
    ],
)
def test_where_the_second_library_means_something_else(
    pair: tuple[str, str], day: datetime, ours: timedelta, theirs: timedelta
) -> None:
    """So that nobody takes the difference for a mistake of ours."""
    week, end = {6: [pair]}, day + timedelta(hours=12)
    other = second_oracle(Version("Europe/Riga", week, {}, frozenset(), LONG_AGO))

    assert CalendarHours([Rules("Europe/Riga", week)]).between(day, end) == ours
    assert other.business_time_between(day, end) == theirs


# Dates -------------------------------------------------------------------------------------------------------


def test_a_date_with_its_own_times_has_them_instead_of_the_weekdays() -> None:
    thursday = date(2026, 12, 24)
    hours = CalendarHours(
        [Rules("UTC", OFFICE, {thursday: [("10:00", "12:00")], date(2026, 12, 27): [("08:00", "09:00")]})]
    )

    assert hours.between(utc(2026, 12, 24), utc(2026, 12, 25)) == 2 * HOUR
    assert hours.between(utc(2026, 12, 25), utc(2026, 12, 26)) == 8 * HOUR
    assert hours.between(utc(2026, 12, 27), utc(2026, 12, 28)) == HOUR


def test_a_closed_day_does_not_cut_the_night_that_began_before_it() -> None:
    """An interval belongs to the day on which it opens."""
    hours = CalendarHours([Rules("UTC", NIGHTS, {date(2026, 5, 6): []})])  # a Wednesday

    assert hours.is_open(utc(2026, 5, 6, 5))  # Tuesday's night
    assert not hours.is_open(utc(2026, 5, 6, 23))
    assert not hours.is_open(utc(2026, 5, 7, 5))  # Wednesday's night didn't begin
    assert hours.is_open(utc(2026, 5, 7, 23))


def test_a_night_of_one_date_runs_into_the_next_day_and_joins_what_opens_there() -> None:
    hours = CalendarHours([Rules("UTC", OFFICE, {date(2026, 5, 5): [("20:00", "10:00")]})])

    assert list(hours.slices(utc(2026, 5, 5, 20), utc(2026, 5, 6, 18))) == [
        (utc(2026, 5, 5, 20), utc(2026, 5, 6, 17), True),
        (utc(2026, 5, 6, 17), utc(2026, 5, 6, 18), False),
    ]


@pytest.mark.parametrize(
    "pairs",
    [
        [("09:00", "12:00"), ("11:59", "13:00")],
        [("09:00", "09:00")],
        [("22:00", "06:00"), ("23:00", "24:00")],
        [("9", "17:00")],
        [("24:00", "09:00")],
    ],
)
def test_a_date_that_can_not_be_meant_is_refused_by_its_name(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidWeek, match="2026-05-05") as refusal:
        Rules("UTC", {}, {date(2026, 5, 5): pairs})

    assert refusal.value.day == date(2026, 5, 5)


# Versions ----------------------------------------------------------------------------------------------------


def test_each_version_holds_until_the_next_and_the_first_before_itself() -> None:
    change = utc(2026, 5, 5, 12)
    hours = CalendarHours(
        [Rules("UTC", OFFICE, since=utc(2026, 5, 1)), Rules("UTC", {1: [("11:00", "13:00")]}, since=change)]
    )

    assert hours.between(utc(2026, 4, 6), utc(2026, 4, 7)) == 8 * HOUR  # before the first
    assert hours.between(utc(2026, 5, 5), change) == 3 * HOUR
    assert hours.between(change, utc(2026, 5, 6)) == HOUR
    assert hours.between(utc(2026, 5, 6), utc(2026, 5, 12)) == timedelta(0)


def test_adding_a_version_changes_nothing_of_the_time_before_it() -> None:
    first, second = Rules("Europe/Riga", OFFICE), Rules("Asia/Tehran", NIGHTS, since=utc(2026, 5, 5, 12))
    before, after = CalendarHours([first]), CalendarHours([first, second])

    for start in (utc(2011, 1, 1), utc(2026, 1, 1)):
        assert before.between(start, utc(2026, 5, 5, 12)) == after.between(start, utc(2026, 5, 5, 12))


# Without a horizon ------------------------------------------------------------------------------------------


def test_the_longest_promise_is_counted_in_a_calendar_that_is_seldom_open() -> None:
    weekly = CalendarHours([Rules("Europe/Riga", {0: [("09:00", "10:00")]})])
    begun = utc(2026, 5, 5)

    reached = weekly.walk(begun, timedelta(days=90))

    assert reached.year == 2067
    assert weekly.between(begun, reached) == timedelta(days=90)


def test_a_walk_that_never_ends_ends_with_what_is_known() -> None:
    once = CalendarHours([Rules("UTC", {}, {date(2026, 5, 5): [("09:00", "10:00")]})])

    assert once.walk(utc(2026, 5, 5), HOUR) == utc(2026, 5, 5, 10)
    assert once.walk(utc(2026, 5, 5), HOUR + MICROSECOND) == END
    assert once.walk(utc(2200, 1, 1), HOUR) == utc(2200, 1, 1)


def test_every_moment_of_every_year_has_an_answer() -> None:
    office = CalendarHours([Rules("UTC", OFFICE)])
    first, last = datetime.min.replace(tzinfo=UTC), utc(9999, 12, 31)

    assert office.between(first, BEGIN) == timedelta(0) == office.between(END, last)
    assert not office.is_open(first)
    assert not office.is_open(last)
    assert office.between(utc(2026, 5, 4), utc(2026, 5, 11)) == 40 * HOUR
    assert sum(
        (b - a for a, b, word in office.slices(utc(1960, 1, 1), utc(1971, 1, 1)) if word), timedelta(0)
    ) == (office.between(BEGIN, utc(1971, 1, 1)))


def test_what_was_asked_before_does_not_change_an_answer() -> None:
    asked, fresh = (
        CalendarHours([Rules("Pacific/Apia", NIGHTS)]),
        CalendarHours([Rules("Pacific/Apia", NIGHTS)]),
    )
    asked.between(utc(2035, 1, 1), utc(2036, 1, 1))
    asked.walk(utc(2011, 12, 1), timedelta(days=30))

    for start in (utc(2011, 12, 29), utc(2026, 5, 5), utc(2040, 1, 1)):
        assert asked.walk(start, timedelta(days=5)) == fresh.walk(start, timedelta(days=5))
        assert asked.between(start, start + timedelta(days=9)) == fresh.between(
            start, start + timedelta(days=9)
        )


def test_naive_and_reversed_moments_are_refused_here_too() -> None:
    office = CalendarHours([Rules("UTC", OFFICE)])

    with pytest.raises(NaiveMoment):
        office.is_open(datetime(2026, 5, 5))
    with pytest.raises(ReversedSpan):
        office.between(utc(2026, 5, 5), utc(2026, 5, 4))
    with pytest.raises(ReversedSpan):
        office.walk(utc(2026, 5, 5), -HOUR)
