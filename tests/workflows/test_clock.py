from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.hours import ALWAYS, Hours, weekly
from workflows.clock import (
    BREACH,
    ClockError,
    ClockState,
    Event,
    EventKind,
    Outcome,
    breach_at,
    due_at,
    due_steps,
    fire,
    fold,
    next_fire,
    outcome,
    pause,
    resume,
    retarget,
    start,
    steps,
    stop,
    used_at,
)

ZERO = timedelta(0)
MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# A Wednesday at ten; the office in Riga keeps nine to five, and its clocks change on Sunday.
TEN = datetime(2026, 3, 25, 8, tzinfo=UTC)
OFFICE = weekly(
    "Europe/Riga",
    {day: [("09:00", "17:00")] for day in range(5)},
    date(2026, 1, 1),
    date(2027, 1, 1),
)

calendars = st.sampled_from([ALWAYS, OFFICE])
targets = st.timedeltas(MICROSECOND, timedelta(hours=30))
# Whole quarters of an hour meet closing times and due moments exactly; any microsecond doesn't.
gaps = st.integers(0, 300).map(lambda n: n * 15 * MINUTE) | st.timedeltas(ZERO, timedelta(days=3))
days = st.integers(0, 10_000).map(lambda n: TEN + n * MINUTE)


def at_moments(first: datetime, waits: Sequence[timedelta]) -> list[datetime]:
    moments = [first]
    for wait in waits:
        moments.append(moments[-1] + wait)
    return moments


@st.composite
def clocks(draw: st.DrawFn) -> tuple[ClockState, datetime, Hours]:
    """A clock with a past of moves, the moment of its last move, and its calendar."""
    hours, at = draw(calendars), draw(days)
    state = start(draw(targets), at)
    for move in draw(st.lists(st.sampled_from(["flip", "retarget", "sweep"]), max_size=6)):
        at += draw(gaps)
        if move == "retarget":
            state = retarget(state, draw(targets), at, hours, draw(st.timedeltas(ZERO, HOUR)))
        elif move == "flip":
            running = state.running_since is not None
            state = pause(state, at, hours) if running else resume(state, at)
        for step, moment in due_steps(state, at, hours):
            state = fire(state, step, moment)
    return state, at, hours


@st.composite
def running_clocks(draw: st.DrawFn) -> tuple[ClockState, datetime, Hours]:
    """The same, but it runs."""
    state, at, hours = draw(clocks())
    return state if state.running_since else resume(state, at), at, hours


@given(running_clocks(), gaps, gaps)
def test_pausing_and_resuming_at_one_instant_changes_nothing(
    clock: tuple[ClockState, datetime, Hours], wait: timedelta, later: timedelta
) -> None:
    state, at, hours = clock
    at += wait
    for step, moment in due_steps(state, at, hours):
        state = fire(state, step, moment)
    again = resume(pause(state, at, hours), at)

    assert due_at(again, hours) == due_at(state, hours)
    assert next_fire(again, hours) == next_fire(state, hours)
    assert used_at(again, at + later, hours) == used_at(state, at + later, hours)
    assert due_steps(again, at + later, hours) == due_steps(state, at + later, hours)
    assert breach_at(again, at + later, hours) == breach_at(state, at + later, hours)
    assert outcome(stop(again, at + later, hours)) == outcome(stop(state, at + later, hours))


@given(clocks(), st.lists(gaps, max_size=5))
def test_what_is_used_never_grows_less(
    clock: tuple[ClockState, datetime, Hours], waits: list[timedelta]
) -> None:
    state, at, hours = clock
    used = [used_at(state, moment, hours) for moment in at_moments(at, waits)]

    assert used == sorted(used)
    assert used[0] >= state.used >= ZERO


@given(calendars, days, targets, st.lists(gaps, min_size=1, max_size=8))
def test_a_run_cut_anywhere_uses_the_same_and_is_due_at_the_same_moment(
    hours: Hours, first: datetime, target: timedelta, waits: list[timedelta]
) -> None:
    whole = cut = start(target, first)
    *moments, end = at_moments(first, waits)
    for moment in moments:
        cut = resume(pause(cut, moment, hours), moment)

    assert used_at(cut, end, hours) == used_at(whole, end, hours) == hours.between(first, end)
    assert due_at(cut, hours) == due_at(whole, hours)
    assert breach_at(cut, end, hours) == breach_at(whole, end, hours)


@given(clocks(), gaps)
def test_next_fire_is_the_first_moment_that_has_something_to_fire(
    clock: tuple[ClockState, datetime, Hours], wait: timedelta
) -> None:
    state, at, hours = clock
    coming = next_fire(state, hours)
    if coming is None:
        assert due_steps(state, at + wait, hours) == []
        return
    wake, step = coming

    assert due_steps(state, wake - MICROSECOND, hours) == []
    assert due_steps(state, wake, hours)[0][0] == step


@given(clocks(), st.lists(gaps, min_size=1, max_size=12), st.sampled_from([(50, 75, 90), (), (1, 99)]))
def test_each_step_is_fired_once_in_order_and_never_early(
    clock: tuple[ClockState, datetime, Hours], waits: list[timedelta], warn_at: tuple[int, ...]
) -> None:
    state, at, hours = clock
    fired: list[tuple[str, datetime]] = []
    for now in at_moments(at, waits):
        for step, moment in due_steps(state, now, hours, warn_at):
            assert moment <= now
            assert step != BREACH or moment < now
            fired.append((step, moment))
            state = fire(state, step, moment)
        assert due_steps(state, now, hours, warn_at) == []

    order = [step for step, _ in steps(state, warn_at)]
    assert len(state.fired) == len(set(state.fired))
    assert [order.index(step) for step, _ in fired] == sorted({order.index(step) for step, _ in fired})
    assert all(left <= right for (_, left), (_, right) in pairwise(fired))


@given(calendars, days, targets, st.lists(gaps, max_size=8))
def test_how_often_somebody_sweeps_changes_no_moment(
    hours: Hours, first: datetime, target: timedelta, waits: list[timedelta]
) -> None:
    often = once = start(target, first)
    moments = at_moments(first, waits)
    seen = []
    for now in moments:
        for step, moment in due_steps(often, now, hours):
            often = fire(often, step, moment)
            seen.append((step, moment))

    assert seen == due_steps(once, moments[-1], hours)


@given(calendars, days, targets)
def test_an_answer_at_the_deadline_is_met_and_one_after_it_is_not(
    hours: Hours, first: datetime, target: timedelta
) -> None:
    state = start(target, first)
    due = due_at(state, hours)
    assert due is not None

    late = stop(state, due + MICROSECOND, hours)
    assert outcome(stop(state, due, hours)) is Outcome.MET
    assert outcome(late) is Outcome.BREACHED
    assert late.breached_at == due
    assert due_steps(state, due, hours)[-1][0] == "warn_90"
    assert due_steps(state, due + MICROSECOND, hours)[-1] == (BREACH, due)


@given(running_clocks(), gaps)
def test_a_breach_that_nobody_swept_is_still_found_after_any_move(
    clock: tuple[ClockState, datetime, Hours], wait: timedelta
) -> None:
    state, at, hours = clock
    due = due_at(state, hours)
    assert due is not None
    at = max(at, due) + MICROSECOND + wait

    assert breach_at(state, at, hours) == due
    for moved in (
        pause(state, at, hours),
        resume(pause(state, at, hours), at + HOUR),
        retarget(state, timedelta(days=90), at, hours, ZERO),
        stop(state, at, hours),
    ):
        expected = [] if BREACH in state.fired else [(BREACH, due)]
        assert due_steps(moved, at + HOUR, hours) == expected
        assert outcome(moved) is Outcome.BREACHED


def test_paused_time_is_nobody_s_use_and_the_rest_is_left_when_it_comes_back() -> None:
    state = pause(start(4 * HOUR, TEN), TEN + HOUR, OFFICE)

    assert due_at(state, OFFICE) is None
    assert next_fire(state, OFFICE) is None
    assert used_at(state, TEN + timedelta(days=1), OFFICE) == HOUR

    # Back on Friday at four in the afternoon: an hour is left of that day, two of Monday.
    state = resume(state, TEN + timedelta(days=2, hours=6))
    assert due_at(state, OFFICE) == datetime(2026, 3, 30, 8, tzinfo=UTC)


def test_a_target_that_ends_at_closing_time_is_due_then() -> None:
    state = start(7 * HOUR, TEN)

    assert due_at(state, OFFICE) == datetime(2026, 3, 25, 15, tzinfo=UTC)
    assert next_fire(fire_all(state, OFFICE), OFFICE) == (
        datetime(2026, 3, 25, 15, 0, 0, 1, tzinfo=UTC),
        BREACH,
    )


def fire_all(state: ClockState, hours: Hours) -> ClockState:
    """The clock with every warning fired."""
    while (coming := next_fire(state, hours)) and coming[1] != BREACH:
        state = fire(state, coming[1], coming[0])
    return state


def test_the_default_steps_come_at_their_shares_of_the_target() -> None:
    state = start(HOUR, TEN)

    assert due_steps(state, TEN + 2 * HOUR, ALWAYS) == [
        ("warn_50", TEN + 30 * MINUTE),
        ("warn_75", TEN + 45 * MINUTE),
        ("warn_90", TEN + 54 * MINUTE),
        ("breach", TEN + HOUR),
    ]


@given(targets, st.integers(1, 99))
def test_a_warning_is_never_a_fraction_of_a_microsecond_early(target: timedelta, percent: int) -> None:
    threshold = dict(steps(start(target, TEN), [percent]))[f"warn_{percent}"]

    assert target * percent <= threshold * 100 < target * percent + 100 * MICROSECOND


def test_a_tightened_target_carries_what_is_used() -> None:
    state = retarget(start(4 * HOUR, TEN), 2 * HOUR, TEN + HOUR, ALWAYS, 15 * MINUTE)

    assert due_at(state, ALWAYS) == TEN + 2 * HOUR
    assert not state.inherited


def test_a_tightened_target_that_is_used_up_gives_grace_and_is_inherited() -> None:
    state = retarget(start(4 * HOUR, TEN), HOUR, TEN + 2 * HOUR, ALWAYS, 15 * MINUTE)

    assert due_at(state, ALWAYS) == TEN + 2 * HOUR + 15 * MINUTE
    assert state.inherited
    assert outcome(stop(state, TEN + 2 * HOUR + 15 * MINUTE, ALWAYS)) is Outcome.MET


def test_an_inherited_target_that_is_loosened_is_an_ordinary_one_again() -> None:
    state = retarget(start(4 * HOUR, TEN), HOUR, TEN + 2 * HOUR, ALWAYS, 15 * MINUTE)
    state = retarget(state, 3 * HOUR, TEN + 2 * HOUR, ALWAYS, 15 * MINUTE)

    assert not state.inherited
    assert due_at(state, ALWAYS) == TEN + 3 * HOUR


def test_a_grace_survives_a_pause() -> None:
    state = retarget(start(4 * HOUR, TEN), HOUR, TEN + 2 * HOUR, ALWAYS, 15 * MINUTE)
    state = pause(state, TEN + 2 * HOUR + 5 * MINUTE, ALWAYS)
    state = resume(state, TEN + 9 * HOUR)

    assert due_at(state, ALWAYS) == TEN + 9 * HOUR + 10 * MINUTE


def test_a_paused_clock_gets_its_grace_when_it_comes_back() -> None:
    state = pause(start(4 * HOUR, TEN), TEN + 2 * HOUR, ALWAYS)
    state = retarget(state, HOUR, TEN + 3 * HOUR, ALWAYS, 15 * MINUTE)
    state = resume(state, TEN + 9 * HOUR)

    assert state.inherited
    assert due_at(state, ALWAYS) == TEN + 9 * HOUR + 15 * MINUTE


@given(calendars, days, targets, st.timedeltas(ZERO, timedelta(days=2)), st.data())
def test_tightening_never_gives_more_time_and_never_breaches_by_itself(
    hours: Hours, first: datetime, target: timedelta, grace: timedelta, data: st.DataObject
) -> None:
    state = start(target, first)
    before = due_at(state, hours)
    assert before is not None
    at = first + data.draw(st.timedeltas(ZERO, before - first))
    less = data.draw(st.timedeltas(MICROSECOND, target))
    tight = retarget(state, less, at, hours, grace)
    after = due_at(tight, hours)

    assert after is not None
    assert at <= after <= before
    assert tight.inherited is (tight.used >= less)
    assert not tight.inherited or after == min(before, hours.walk(at, grace))
    assert breach_at(tight, at, hours) is None
    assert used_at(tight, at, hours) == used_at(state, at, hours)


@given(running_clocks(), gaps, targets, st.timedeltas(ZERO, HOUR))
def test_setting_the_same_target_again_moves_nothing(
    clock: tuple[ClockState, datetime, Hours],
    wait: timedelta,
    target: timedelta,
    grace: timedelta,
) -> None:
    state, at, hours = clock
    state = retarget(state, target, at, hours, grace)
    again = retarget(state, target, at + wait, hours, grace)

    assert due_at(again, hours) == due_at(state, hours)


def test_a_loosened_target_never_takes_a_breach_back() -> None:
    state = retarget(start(HOUR, TEN), 9 * HOUR, TEN + 2 * HOUR, ALWAYS, ZERO)

    assert state.breached_at == TEN + HOUR
    assert outcome(stop(state, TEN + 3 * HOUR, ALWAYS)) is Outcome.BREACHED


def test_a_breached_clock_that_comes_back_from_a_pause_warns_no_more() -> None:
    state = pause(start(HOUR, TEN), TEN + 2 * HOUR, ALWAYS)
    state = resume(fire(state, BREACH, TEN + HOUR), TEN + 3 * HOUR)

    assert due_steps(state, TEN + 9 * HOUR, ALWAYS) == []
    assert next_fire(state, ALWAYS) is None
    assert due_at(state, ALWAYS) == TEN + HOUR


def test_a_machine_set_back_an_hour_fires_nothing_early_and_loses_nothing() -> None:
    state = start(HOUR, TEN)
    back = TEN - HOUR

    assert due_steps(state, back, ALWAYS) == []
    assert used_at(state, back, ALWAYS) == ZERO
    assert pause(state, back, ALWAYS).paused_at == TEN
    assert stop(state, back, ALWAYS).stopped_at == TEN
    assert resume(pause(state, TEN, ALWAYS), back) == state
    half_used = resume(pause(state, TEN + 40 * MINUTE, ALWAYS), TEN + HOUR)
    assert due_steps(half_used, TEN + HOUR - MICROSECOND, ALWAYS) == []
    breached = fire(state, BREACH, TEN + HOUR)
    assert stop(breached, TEN + MINUTE, ALWAYS).breached_at == TEN + HOUR


def test_a_far_deadline_needs_no_far_horizon_to_be_swept() -> None:
    state = start(timedelta(days=4000), TEN)

    assert due_steps(state, TEN + timedelta(days=30), OFFICE) == []
    assert outcome(stop(state, TEN + timedelta(days=30), OFFICE)) is Outcome.MET


@settings(max_examples=150)
@given(
    calendars,
    days,
    targets,
    st.lists(st.tuples(st.sampled_from(list(EventKind)), gaps, targets, calendars), max_size=10),
)
def test_a_history_folds_to_the_clock_that_lived_it(
    hours: Hours,
    first: datetime,
    target: timedelta,
    moves: list[tuple[EventKind, timedelta, timedelta, Hours]],
) -> None:
    opening, at, state = hours, first, start(target, first)
    history = [Event(EventKind.START, first, target=target)]
    for kind, wait, other, calendar in moves:
        at += wait
        for step, moment in due_steps(state, at, hours):
            state = fire(state, step, moment)
            history.append(Event(EventKind.FIRE, moment, step=step))
        if state.stopped_at is not None:
            break
        if kind is EventKind.PAUSE and state.running_since:
            state = pause(state, at, hours)
            history.append(Event(kind, at))
        elif kind is EventKind.RESUME and not state.running_since:
            state = resume(state, at)
            history.append(Event(kind, at))
        elif kind is EventKind.RETARGET:
            state = retarget(state, other, at, hours, MINUTE)
            hours = calendar
            history.append(Event(kind, at, target=other, grace=MINUTE, hours=calendar))
        elif kind is EventKind.STOP:
            state = stop(state, at, hours)
            history.append(Event(kind, at))

    assert fold(history, opening) == state


def test_time_already_passed_keeps_the_calendar_that_it_ran_under() -> None:
    noon = TEN + 2 * HOUR
    state = fold(
        [
            Event(EventKind.START, TEN, target=10 * HOUR),
            Event(EventKind.RETARGET, noon + 5 * HOUR, target=10 * HOUR, hours=ALWAYS),
            Event(EventKind.STOP, noon + 6 * HOUR),
        ],
        OFFICE,
    )

    # From ten to five in the office, then an hour around the clock.
    assert state.used == 8 * HOUR


RUNNING = start(HOUR, TEN)
PAUSED = pause(RUNNING, TEN, ALWAYS)
STOPPED = stop(RUNNING, TEN, ALWAYS)


def test_moves_that_a_clock_can_not_make_are_refused() -> None:
    for state in (PAUSED, STOPPED):
        with pytest.raises(ClockError, match="running"):
            pause(state, TEN, ALWAYS)
    for state in (RUNNING, STOPPED):
        with pytest.raises(ClockError, match="paused"):
            resume(state, TEN)
    with pytest.raises(ClockError, match="stays stopped"):
        stop(STOPPED, TEN, ALWAYS)
    with pytest.raises(ClockError, match="keeps its target"):
        retarget(STOPPED, HOUR, TEN, ALWAYS, ZERO)
    with pytest.raises(ClockError, match="once"):
        fire(fire(RUNNING, BREACH, TEN), BREACH, TEN)


@pytest.mark.parametrize("target", [ZERO, -HOUR])
def test_a_target_must_be_above_zero(target: timedelta) -> None:
    with pytest.raises(ClockError, match="above zero"):
        start(target, TEN)
    with pytest.raises(ClockError, match="above zero"):
        retarget(RUNNING, target, TEN, ALWAYS, ZERO)


def test_a_negative_grace_is_refused() -> None:
    with pytest.raises(ClockError, match="grace"):
        retarget(RUNNING, HOUR, TEN, ALWAYS, -MICROSECOND)


@pytest.mark.parametrize("warn_at", [(0,), (100,), (75, 50), (50, 50), (-5,)])
def test_warnings_that_are_no_rising_percentages_are_refused(warn_at: tuple[int, ...]) -> None:
    with pytest.raises(ClockError, match="percentages"):
        steps(RUNNING, warn_at)


@pytest.mark.parametrize(
    "history",
    [
        [],
        [Event(EventKind.PAUSE, TEN)],
        [Event(EventKind.START, TEN)],
        [Event(EventKind.START, TEN, target=HOUR), Event(EventKind.START, TEN, target=HOUR)],
        [Event(EventKind.START, TEN, target=HOUR), Event(EventKind.RETARGET, TEN)],
        [Event(EventKind.START, TEN, target=HOUR), Event(EventKind.RESUME, TEN)],
    ],
)
def test_a_history_that_makes_no_clock_is_refused(history: list[Event]) -> None:
    with pytest.raises(ClockError):
        fold(history, ALWAYS)
