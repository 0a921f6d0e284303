"""Turns as arithmetic: against a walk from hand-over to hand-over, through clock changes, with people missing."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.rota import Layer, Override, Rota, Turn, gaps, hand_over, instant, on_call, turn_number, turns

ZONES = [
    "Europe/Riga",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/St_Johns",
    "UTC",
]
PEOPLE = [UUID(int=number) for number in range(1, 6)]
ANA, BEN, MARA, IVO, DORA = PEOPLE
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHTS = {day: [("18:00", "09:00")] for day in range(7)}

moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
layers = st.builds(
    Layer,
    members=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4, unique=True).map(tuple),
    since=st.dates(date(2025, 6, 1), date(2026, 12, 31)),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    every=st.integers(1, 15),
    week=st.sampled_from([None, None, NIGHTS, {5: [("00:00", "24:00")], 6: [("00:00", "24:00")]}]),
)


@st.composite
def rotas(draw: st.DrawFn) -> Rota:
    overrides = []
    for number in range(draw(st.integers(0, 3))):
        start = draw(moments)
        end = start + timedelta(minutes=draw(st.integers(1, 20_000)))
        overrides.append(Override(UUID(int=100 + number), draw(st.sampled_from(PEOPLE)), start, end))
    some = draw(st.lists(layers, min_size=1, max_size=3))
    return Rota(draw(st.sampled_from(ZONES)), tuple(some), tuple(overrides))


def expected(rota: Rota, at: datetime, here: set[UUID]) -> UUID | None:
    """Who answers at `at`, found the slow way: by the wall's clock, walking from the first hand-over."""
    for override in rota.overrides[::-1]:
        if override.start <= at < override.end and override.member in here:
            return override.member
    zone = ZoneInfo(rota.zone)
    wall = at.astimezone(zone)
    for layer in rota.layers:
        if layer.week is not None and not _is_on(layer, wall):
            continue
        steps = (wall.date() - layer.since).days // layer.every - 2
        assert _begins(layer, zone, steps) < at
        while _begins(layer, zone, steps + 1) <= at:
            steps += 1
        order = [layer.members[(steps + n) % len(layer.members)] for n in range(len(layer.members))]
        found = next((member for member in order if member in here), None)
        if found:
            return found
    return None


def _begins(layer: Layer, zone: ZoneInfo, steps: int) -> datetime:
    """By trying each minute from the wall's time on, as the clocks show it."""
    wall = datetime.combine(layer.since + steps * layer.every * DAY, layer.at)
    at = wall.replace(tzinfo=zone).astimezone(UTC) - 3 * HOUR
    while at.astimezone(zone).replace(tzinfo=None) < wall:
        at += (
            timedelta(minutes=30)
            if wall - at.astimezone(zone).replace(tzinfo=None) > HOUR
            else timedelta(minutes=1)
        )
    return at


def _is_on(layer: Layer, wall: datetime) -> bool:
    assert layer.week is not None
    now = f"{wall:%H:%M}"
    for day, pairs in layer.week.items():
        for opens, closes in pairs:
            overnight = closes < opens
            if wall.weekday() == day and opens <= now and (overnight or now < closes):
                return True
            if overnight and wall.weekday() == (day + 1) % 7 and now < closes:
                return True
    return False


@given(rota=rotas(), at=moments, missing=st.sets(st.sampled_from(PEOPLE), max_size=3))
@settings(max_examples=100)
def test_who_is_on_call_is_whom_a_slow_walk_finds(rota: Rota, at: datetime, missing: set[UUID]) -> None:
    at = at.replace(second=30, microsecond=0)
    here = set(PEOPLE) - missing
    found = on_call(rota, at, can=lambda member: member in here)
    assert found.member == expected(rota, at, here)
    assert found.since <= at < found.until


@given(rota=rotas(), start=moments, hours=st.integers(1, 800))
@settings(max_examples=60)
def test_turns_leave_no_gap_and_do_not_overlap(rota: Rota, start: datetime, hours: int) -> None:
    end = start + hours * HOUR
    found = turns(rota, start, end)
    assert (found[0].start, found[-1].end) == (start, end)
    assert all(one.end == other.start and one.start < one.end for one, other in pairwise(found))
    assert all(one.source != other.source for one, other in pairwise(found))


@given(layer=layers, zone=st.sampled_from(ZONES), number=st.integers(-200, 200))
def test_a_turn_begins_with_its_number(layer: Layer, zone: str, number: int) -> None:
    there = ZoneInfo(zone)
    at = hand_over(layer, there, number)
    assert turn_number(layer, there, at) == number
    assert turn_number(layer, there, at - timedelta(microseconds=1)) == number - 1


def weekly(*members: UUID) -> Layer:
    return Layer(members, since=date(2026, 3, 2), at=time(9))


@pytest.mark.parametrize(
    ("day", "length"), [(date(2026, 3, 28), 23), (date(2026, 10, 24), 25), (date(2026, 5, 2), 24)]
)
def test_a_day_that_the_clocks_change_in_is_an_hour_shorter_or_longer(day: date, length: int) -> None:
    layer = Layer((BEN, MARA), since=day, at=time(9), every=1)
    first, second = (hand_over(layer, ZoneInfo("Europe/Riga"), number) for number in (0, 1))
    assert second - first == length * HOUR
    assert first.astimezone(ZoneInfo("Europe/Riga")).time() == time(9)


def test_a_hand_over_that_the_clocks_skip_is_at_the_next_instant_and_a_repeated_one_at_the_first() -> None:
    riga = ZoneInfo("Europe/Riga")
    assert instant(datetime(2026, 3, 29, 3, 30), riga) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert instant(datetime(2026, 10, 25, 3, 30), riga) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_where_nobody_of_the_first_layer_is_on_the_next_is_asked() -> None:
    nights = Layer((BEN,), since=date(2026, 3, 2), at=time(9), week=NIGHTS)
    rota = Rota("Europe/Riga", (nights, weekly(MARA)))
    assert on_call(rota, datetime(2026, 3, 6, 17, 4, tzinfo=UTC)).member == BEN
    day = on_call(rota, datetime(2026, 3, 6, 12, tzinfo=UTC))
    assert (day.member, day.until) == (MARA, datetime(2026, 3, 6, 16, tzinfo=UTC))
    assert day.next is not None
    assert day.next.member == BEN


def test_the_override_that_was_made_later_wins_and_the_rota_goes_on_after_it() -> None:
    friday = datetime(2026, 3, 6, 17, tzinfo=UTC)
    rota = Rota(
        "Europe/Riga",
        (weekly(BEN, MARA),),
        (
            Override(UUID(int=7), ANA, friday, friday + 3 * HOUR),
            Override(UUID(int=8), IVO, friday + HOUR, friday + 2 * HOUR),
        ),
    )
    found = turns(rota, friday - HOUR, friday + 4 * HOUR)
    assert [turn.member for turn in found] == [BEN, ANA, IVO, ANA, BEN]


def test_who_is_gone_is_stood_in_for_by_the_next_and_it_is_told_as_a_gap() -> None:
    friday = datetime(2026, 3, 6, 17, tzinfo=UTC)
    rota = Rota("Europe/Riga", (weekly(BEN, MARA),))
    found = gaps(rota, friday, friday + 14 * DAY, can=lambda member: member != BEN)
    monday = datetime(2026, 3, 9, 7, tzinfo=UTC)
    assert found[0] == Turn(friday, monday, MARA, 0, 0, missing=(BEN,))
    empty = gaps(rota, friday, friday + DAY, can=lambda member: False)
    assert [(turn.member, turn.missing) for turn in empty] == [(None, (BEN, MARA))]
