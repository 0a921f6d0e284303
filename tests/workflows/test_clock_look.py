"""What a sweep asks of a clock, what takes a move back, and histories in calendars that change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.hours import ALWAYS, Hours, weekly
from workflows.clock import (
    BREACH,
    INHERITED,
    LATE,
    MICROSECOND,
    ZERO,
    ClockError,
    ClockState,
    Event,
    EventKind,
    annul,
    due_at,
    due_steps,
    fire,
    fold,
    look,
    moved,
    next_fire,
    pause,
    retarget,
    start,
    stop,
    used_at,
    void,
    without_pause,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TEN = datetime(2026, 3, 25, 8, tzinfo=UTC)  # a Wednesday; in Riga it is ten, and the clocks change on Sunday
SPAN = date(2025, 6, 1), date(2028, 1, 1)
WEEKDAYS: dict[int, list[tuple[str, str]]] = {
    day: [("09:00", "12:30"), ("13:15", "17:00")] for day in range(5)
}
CALENDARS = (
    ALWAYS,
    weekly("Europe/Riga", WEEKDAYS, *SPAN),
    weekly("America/St_Johns", {day: [("22:00", "06:00")] for day in range(7)}, *SPAN),
    weekly("Australia/Lord_Howe", {5: [("00:00", "24:00")], 6: [("01:30", "02:15")]}, *SPAN),
    weekly("Pacific/Apia", {0: [("08:00", "09:30")]}, *SPAN),
)
calendars = st.sampled_from(CALENDARS)
targets = st.timedeltas(MICROSECOND, 30 * HOUR)
gaps = st.integers(0, 200).map(lambda n: n * 15 * MINUTE) | st.timedeltas(ZERO, 3 * DAY)
MOVES = ("flip", "retarget", "sweep", "void")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], ClockState, datetime, Hours]:
    """The lines of a clock, written as they happen, the clock, the last moment, and its calendar by then."""
    hours: Hours = draw(calendars)
    at = TEN + draw(gaps)
    lines = [
        Event(
            EventKind.START, at, target=draw(targets), step=draw(st.sampled_from(["", "", LATE])), hours=hours
        )
    ]
    state = fold(lines, ALWAYS)
    for move in draw(st.lists(st.sampled_from(MOVES), max_size=7)):
        # Sometimes the machine's time goes back.
        at += draw(gaps) if draw(st.integers(0, 5)) else -draw(st.timedeltas(ZERO, HOUR))
        event = _event(draw, move, state, at)
        for step, moment in due_steps(state, at, hours):
            lines.append(Event(EventKind.FIRE, moment, step=step))
            state = moved(state, lines[-1], hours)
        if event is not None:
            past = without_pause(lines) if event.kind is EventKind.VOID else None
            lines.append(event)
            state = moved(state, event, hours) if past is None else fold(past, ALWAYS)
            hours = event.hours or hours
    return lines, state, at, hours


def _event(draw: st.DrawFn, move: str, state: ClockState, at: datetime) -> Event | None:
    if move == "retarget":
        return Event(EventKind.RETARGET, at, target=draw(targets), grace=5 * MINUTE, hours=draw(calendars))
    if move == "flip":
        return Event(EventKind.PAUSE if state.running_since else EventKind.RESUME, at)
    return Event(EventKind.VOID, at) if move == "void" and state.paused_at else None


@given(histories())
def test_a_clock_is_what_its_lines_make_of_it_whatever_calendars_it_ran_in(
    history: tuple[list[Event], ClockState, datetime, Hours],
) -> None:
    lines, state, _, _ = history
    assert fold(lines, ALWAYS) == state
    fired = [line.step for line in lines if line.kind is EventKind.FIRE]
    assert len(fired) == len(set(fired))
    assert state.fired == tuple(fired)


@given(histories(), gaps)
def test_a_sweep_sees_in_one_look_what_the_rules_say(
    history: tuple[list[Event], ClockState, datetime, Hours], wait: timedelta
) -> None:
    _, state, at, hours = history
    now = at + wait
    expected = due_steps(state, now, hours)
    after = state
    for step, moment in expected:
        assert moment <= now
        assert step != BREACH or moment < now
        after = fire(after, step, moment)

    assert look(state, now, hours) == (expected, next_fire(after, hours))


@given(histories(), gaps)
def test_what_has_to_be_fired_is_not_there_a_moment_before(
    history: tuple[list[Event], ClockState, datetime, Hours], wait: timedelta
) -> None:
    _, state, at, hours = history
    coming = look(state, at + wait, hours)[1]
    if coming is not None and state.running_since is not None:
        due, _ = look(state, at + wait, hours)
        for step, moment in due:
            state = fire(state, step, moment)
        assert look(state, coming[0] - MICROSECOND, hours)[0] == []
        assert look(state, coming[0], hours)[0][0][0] == coming[1]


@given(calendars, calendars, targets, st.lists(gaps, min_size=2, max_size=2))
def test_time_that_has_passed_keeps_the_calendar_that_it_ran_in(
    before: Hours, after: Hours, target: timedelta, waits: list[timedelta]
) -> None:
    changed, end = TEN + waits[0], TEN + waits[0] + waits[1]
    state = retarget(start(40 * DAY, TEN), target + 40 * DAY, changed, before, ZERO)

    assert used_at(state, end, after) == before.between(TEN, changed) + after.between(changed, end)


@given(calendars, targets, targets, st.lists(gaps, min_size=1, max_size=4))
def test_a_loosened_target_takes_no_breach_back_and_a_tightened_one_breaches_nothing(
    hours: Hours, first: timedelta, second: timedelta, waits: list[timedelta]
) -> None:
    at = TEN + sum(waits, ZERO)
    late = hours.between(TEN, at) > first
    state = retarget(start(first, TEN), second, at, hours, 5 * MINUTE)

    assert (state.breached_at is not None) == late
    if not late:
        due = due_at(state, hours)
        assert due is not None
        assert due >= at or state.used <= state.allowed
        assert state.inherited == (state.used >= second)


@given(calendars, targets, gaps, gaps)
def test_a_pause_that_is_voided_never_was(
    hours: Hours, target: timedelta, wait: timedelta, away: timedelta
) -> None:
    whole = start(target, TEN)
    voided = void(pause(whole, TEN + wait, hours))
    end = TEN + wait + away

    assert used_at(voided, end, hours) == used_at(whole, end, hours)
    assert stop(voided, end, hours).breached_at == stop(whole, end, hours).breached_at


def test_only_a_pause_can_be_voided() -> None:
    with pytest.raises(ClockError):
        void(start(HOUR, TEN))
    with pytest.raises(ClockError):
        void(stop(start(HOUR, TEN), TEN, ALWAYS))


def test_an_annulled_clock_used_nothing_and_breaks_no_promise() -> None:
    ended = annul(start(HOUR, TEN), TEN + DAY)

    assert (ended.used, ended.stopped_at, ended.breached_at, ended.annulled) == (ZERO, TEN + DAY, None, True)
    assert look(ended, TEN + 2 * DAY, ALWAYS) == ([], None)
    with pytest.raises(ClockError):
        annul(ended, TEN + DAY)


def test_a_clock_of_a_post_found_too_late_counts_and_has_no_steps() -> None:
    state = start(HOUR, TEN, late=True)

    assert look(state, TEN + DAY, ALWAYS) == ([], None)
    assert (due_steps(state, TEN + DAY, ALWAYS), next_fire(state, ALWAYS)) == ([], None)
    assert used_at(state, TEN + DAY, ALWAYS) == DAY
    assert stop(state, TEN + DAY, ALWAYS).breached_at is None


def test_a_carry_goes_on_where_nobody_had_written_down_the_way() -> None:
    lines = [
        Event(EventKind.FIRE, TEN, step="warn_50"),
        Event(
            EventKind.CARRY,
            TEN + HOUR,
            target=2 * HOUR,
            grace=MINUTE,
            used=HOUR,
            step=INHERITED,
            hours=ALWAYS,
        ),
        Event(EventKind.RESUME, TEN + HOUR),
    ]
    state = fold(lines, ALWAYS)

    assert (state.fired, state.used, state.running_since) == (("warn_50",), HOUR, TEN + HOUR)
    assert (state.inherited, due_at(state, ALWAYS)) == (True, TEN + 2 * HOUR + MINUTE)


def test_a_history_starts_once_and_with_a_start() -> None:
    begun = Event(EventKind.START, TEN, target=HOUR)
    for lines in (
        [],
        [Event(EventKind.PAUSE, TEN)],
        [begun, begun],
        [Event(EventKind.FIRE, TEN, step=BREACH), begun],
        [Event(EventKind.CARRY, TEN)],
    ):
        with pytest.raises(ClockError):
            fold(lines, ALWAYS)


def test_moments_of_a_history_may_go_back_and_no_use_is_lost() -> None:
    lines = [
        Event(EventKind.START, TEN, target=DAY),
        Event(EventKind.PAUSE, TEN + HOUR),
        Event(EventKind.RESUME, TEN + HOUR / 2),
        Event(EventKind.PAUSE, TEN + 3 * HOUR),
    ]
    used = [fold(lines[:n], ALWAYS).used for n in range(1, 5)]

    assert used == [ZERO, HOUR, HOUR, 3 * HOUR]
    assert all(left <= right for left, right in pairwise(used))
