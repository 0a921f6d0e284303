"""One SLA clock: how much of its target is used, when it's due, and which steps it has to fire.

Pure: a clock is a value, every move gives a new one, and `fold` makes the same value again from
its history. Time is open time of the `Hours` that the clock runs under, exact to the microsecond.

- A clock runs, is paused or is stopped; that is which of `running_since`, `paused_at` and
  `stopped_at` is set.
- The deadline is inclusive: an answer at `due_at` is met, so a breach is a fact only after it. Its
  moment is `due_at` all the same, never the moment somebody looked.
- A breach happens whether or not a sweeper saw it: each move that closes a run keeps it in
  `breached_at`, where `due_steps` finds it until it is fired. Warnings aren't kept so: fire what
  `due_steps` says before moving a clock, else they come after the next resume, or never.
- A moment before the clock's last one (a machine's time was set back) counts as that last one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

from clients.hours import Hours

BREACH = "breach"
# What a start says of a post that was found too late, and a carry of a target that was used up when it was set.
LATE, INHERITED = "late", "inherited"
WARN_AT = (50, 75, 90)
ZERO = timedelta(0)
MICROSECOND = timedelta(microseconds=1)


class ClockError(ValueError):
    """A move that this clock can't make, or a number that no clock can have."""


class Outcome(StrEnum):
    OPEN = "open"
    MET = "met"
    BREACHED = "breached"


class EventKind(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    RETARGET = "retarget"
    FIRE = "fire"
    VOID = "void"
    ANNUL = "annul"
    CARRY = "carry"


@dataclass(frozen=True, slots=True)
class ClockState:
    """A clock at rest between two moves.

    Attributes:
        target: open time promised, above zero.
        used: open time that runs before the present one have used.
        running_since: start of the present run.
        stopped_at: when it ended for good.
        fired: steps already fired, in that order.
        paused_at: when the last run was closed by a pause.
        breached_at: the due moment that was missed, once a move or `fire` has established it.
        grace: open time allowed beyond the target, see `retarget`.
        inherited: the target was already used up when it was set.
        late: it counts and is due, but has no steps: nobody could have been in time.
        annulled: it should never have begun, see `annul`.
    """

    target: timedelta
    used: timedelta = ZERO
    running_since: datetime | None = None
    stopped_at: datetime | None = None
    fired: tuple[str, ...] = ()
    paused_at: datetime | None = None
    breached_at: datetime | None = None
    grace: timedelta = ZERO
    inherited: bool = False
    late: bool = False
    annulled: bool = False

    @property
    def allowed(self) -> timedelta:
        """The open time after which this clock is due."""
        return self.target + self.grace


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a clock's history.

    `target` belongs to a start, a retarget and a carry, `grace` to a retarget (what was granted
    beyond the used time) and a carry (what is left of it), `used` to a carry, `step` to a fire,
    whose `at` is the step's own moment. `hours` on a start, resume, retarget or carry is the
    calendar from then on.

    A carry makes a clock whose earlier moves nobody wrote down: paused at its moment, with the
    steps of the fires that stand before it. Its `step`, and that of a start, has LATE and
    INHERITED in it where they apply.
    """

    kind: EventKind
    at: datetime
    target: timedelta | None = None
    grace: timedelta = ZERO
    step: str = ""
    hours: Hours | None = None
    used: timedelta = ZERO


def start(target: timedelta, at: datetime, *, late: bool = False) -> ClockState:
    """A clock that runs from `at`.

    Raises:
        ClockError: the target isn't above zero.
    """
    return ClockState(target=_positive(target), running_since=at, late=late)


def pause(state: ClockState, at: datetime, hours: Hours) -> ClockState:
    """Keep what is used until `at` and run no more until `resume`.

    Raises:
        ClockError: it isn't running.
    """
    if state.running_since is None:
        raise ClockError("Only a running clock can be paused.")
    at = max(at, state.running_since)
    return replace(_settled(state, at, hours), running_since=None, paused_at=at)


def resume(state: ClockState, at: datetime) -> ClockState:
    """Run again from `at` with what was used before.

    Raises:
        ClockError: it isn't paused.
    """
    if state.running_since is not None or state.stopped_at is not None:
        raise ClockError("Only a paused clock can be resumed.")
    return replace(state, running_since=max(at, state.paused_at or at), paused_at=None)


def stop(state: ClockState, at: datetime, hours: Hours) -> ClockState:
    """End it for good: the answer, decision or dismissal came at `at`.

    Raises:
        ClockError: it is stopped already; a met clock never reopens.
    """
    if state.stopped_at is not None:
        raise ClockError("A stopped clock stays stopped.")
    at = max(at, state.running_since or state.paused_at or at)
    return replace(_settled(state, at, hours), running_since=None, paused_at=None, stopped_at=at)


def void(state: ClockState) -> ClockState:
    """Its pause never was: it runs on from the moment at which it was paused.

    Raises:
        ClockError: it isn't paused.
    """
    if state.paused_at is None:
        raise ClockError("Only a pause can be voided.")
    return replace(state, running_since=state.paused_at, paused_at=None)


def annul(state: ClockState, at: datetime) -> ClockState:
    """End it for good at `at`, and let its present run count for nothing: it should never have begun.

    A breach that was told before stays.

    Raises:
        ClockError: it is stopped already.
    """
    if state.stopped_at is not None:
        raise ClockError("A stopped clock stays stopped.")
    at = max(at, state.running_since or state.paused_at or at)
    return replace(state, running_since=None, paused_at=None, stopped_at=at, annulled=True)


def retarget(
    state: ClockState, target: timedelta, at: datetime, hours: Hours, grace: timedelta
) -> ClockState:
    """Promise another target from `at` on, and carry what is used.

    A target that is used up already isn't a breach: the clock is due after `grace` more open time,
    though never later than it was due before, and is marked `inherited`. A breach stays.

    Args:
        hours: the calendar that the clock ran under until `at`.

    Raises:
        ClockError: it is stopped, the target isn't above zero, or the grace is negative.
    """
    if state.stopped_at is not None:
        raise ClockError("A stopped clock keeps its target.")
    if grace < ZERO:
        raise ClockError(f"A grace can't be negative: {grace}.")
    settled, target = _settled(state, at, hours), _positive(target)
    if settled.breached_at is not None or settled.used < target:
        return replace(settled, target=target, grace=ZERO, inherited=False)
    allowed = min(settled.used + grace, state.allowed)
    return replace(settled, target=target, grace=max(allowed - target, ZERO), inherited=True)


def fire(state: ClockState, step: str, at: datetime) -> ClockState:
    """Note that a step, with its moment `at` as `due_steps` gave it, was fired.

    Raises:
        ClockError: it was fired before.
    """
    if step in state.fired:
        raise ClockError(f"{step} was fired before; each step is fired once.")
    breached_at = state.breached_at or at if step == BREACH else state.breached_at
    return replace(state, fired=(*state.fired, step), breached_at=breached_at)


def used_at(state: ClockState, at: datetime, hours: Hours) -> timedelta:
    """Open time used by `at`, which is not before the last move."""
    if state.running_since is None:
        return state.used
    return state.used + hours.between(state.running_since, max(at, state.running_since))


def due_at(state: ClockState, hours: Hours) -> datetime | None:
    """The last moment that still is in time; None while paused or stopped.

    Raises:
        HorizonExceeded: it lies beyond what `hours` knows.
    """
    if state.running_since is None:
        return None
    return state.breached_at or _moment_of(state, state.allowed, state.running_since, hours)


def breach_at(state: ClockState, now: datetime, hours: Hours) -> datetime | None:
    """The moment of the breach, if by `now` there is one."""
    if state.late:
        return None
    if state.breached_at is not None:
        return state.breached_at if now > state.breached_at else None
    if state.running_since is None:
        return None
    # Asking for the use first never looks beyond `now`, so a far due moment needs no far horizon.
    if used_at(state, now, hours) < state.allowed:
        return None
    due = _moment_of(state, state.allowed, state.running_since, hours)
    return due if now > due else None


def outcome(state: ClockState) -> Outcome:
    """What is established. A running clock past its due moment is OPEN until a move or a fire."""
    if state.breached_at is not None:
        return Outcome.BREACHED
    return Outcome.OPEN if state.stopped_at is None else Outcome.MET


def steps(state: ClockState, warn_at: Sequence[int] = WARN_AT) -> tuple[tuple[str, timedelta], ...]:
    """Every step of this clock in its order, with the used time that reaches it.

    Args:
        warn_at: rising percentages of the allowed time, each from 1 to 99.

    Raises:
        ClockError: other percentages.
    """
    return _steps(state.allowed, tuple(warn_at))


@lru_cache(maxsize=4096)
def _steps(allowed: timedelta, warn_at: tuple[int, ...]) -> tuple[tuple[str, timedelta], ...]:
    if any(not 0 < percent < 100 for percent in warn_at) or list(warn_at) != sorted(set(warn_at)):
        raise ClockError(f"Warnings are rising percentages from 1 to 99, not {warn_at!r}.")
    # Rounded up to the microsecond: never early.
    warnings = ((f"warn_{percent}", -(allowed * -percent // 100)) for percent in warn_at)
    return (*warnings, (BREACH, allowed))


def due_steps(
    state: ClockState, now: datetime, hours: Hours, warn_at: Sequence[int] = WARN_AT
) -> list[tuple[str, datetime]]:
    """The steps to fire at `now` with the moment of each, in order; none that was fired before.

    A step that was reached before the present run began has that beginning as its moment. No
    warning comes after the breach, nor while paused or stopped; a breach comes even then.
    """
    reached: list[tuple[str, datetime]] = []
    if state.running_since is not None and state.breached_at is None and not state.late:
        used = used_at(state, now, hours)
        reached = [
            (step, _moment_of(state, threshold, state.running_since, hours))
            for step, threshold in steps(state, warn_at)
            if step != BREACH and threshold <= used and now >= state.running_since
        ]
    breach = breach_at(state, now, hours)
    if breach is not None:
        reached.append((BREACH, breach))
    return [(step, at) for step, at in reached if step not in state.fired]


def next_fire(
    state: ClockState, hours: Hours, warn_at: Sequence[int] = WARN_AT
) -> tuple[datetime, str] | None:
    """The earliest `now` at which `due_steps` has something, and its first step.

    For the breach that is one microsecond after the due moment, which itself is still in time.
    """
    if BREACH in state.fired or state.late:
        return None
    if state.breached_at is not None:
        return state.breached_at + MICROSECOND, BREACH
    if state.running_since is None:
        return None
    step, threshold = next(pair for pair in steps(state, warn_at) if pair[0] not in state.fired)
    at = _moment_of(state, threshold, state.running_since, hours)
    return (at + MICROSECOND if step == BREACH else at), step


class Standing(Protocol):
    """What `look` asks of a clock: a `ClockState`, or a row that was just read."""

    @property
    def target(self) -> timedelta: ...
    @property
    def grace(self) -> timedelta: ...
    @property
    def used(self) -> timedelta: ...
    @property
    def running_since(self) -> datetime | None: ...
    @property
    def breached_at(self) -> datetime | None: ...
    @property
    def fired(self) -> Sequence[str]: ...
    @property
    def late(self) -> bool: ...


def look(
    clock: Standing, now: datetime, hours: Hours, warn_at: tuple[int, ...] = WARN_AT
) -> tuple[list[tuple[str, datetime]], tuple[datetime, str] | None]:
    """(`due_steps`, and `next_fire` once these are fired), for who has thousands to look at: one pass, little work.

    Raises:
        HorizonExceeded: what comes next lies beyond what `hours` knows.
    """
    since, fired = clock.running_since, clock.fired
    if BREACH in fired or clock.late:
        return [], None
    if clock.breached_at is not None:
        breach = (clock.breached_at, BREACH)
        return ([(BREACH, breach[0])], None) if now > breach[0] else ([], (breach[0] + MICROSECOND, BREACH))
    if since is None:
        return [], None
    before = clock.used
    due: list[tuple[str, datetime]] = []
    for step, threshold in _steps(clock.target + clock.grace, warn_at):
        if step in fired:
            continue
        at = hours.walk(since, threshold - before if threshold > before else ZERO)
        # It is the earliest moment by which so much is used: so whether that much is used by now is no other question.
        if now < at or (step == BREACH and now == at):
            return due, (at + MICROSECOND if step == BREACH else at, step)
        due.append((step, at))
    return due, None


def fold(events: Iterable[Event], hours: Hours) -> ClockState:
    """The clock that its history makes, read in the order in which it was recorded.

    Args:
        hours: the calendar at the start, until an event brings another.

    Raises:
        ClockError: no start, a second one, an event without what it needs, or a move that the
            clock couldn't make.
    """
    state: ClockState | None = None
    past: list[Event] = []
    until = hours
    for event in events:
        if state is None:
            state = None if event.kind is EventKind.FIRE else _begun(event, past)
        elif event.kind is EventKind.VOID and (kept := without_pause(past)) is not None:
            state, past = fold(kept, hours), kept
            continue
        else:
            state = moved(state, event, until)
        past.append(event)
        until = event.hours or until
    if state is None:
        raise ClockError("A history without a start makes no clock.")
    return state


def without_pause(past: Sequence[Event]) -> list[Event] | None:
    """What happened to a paused clock as if its pause never was; None where `void` says the same.

    What was promised while it was paused was then promised to one that ran: with what it had used until there, and in
    the hours until there.
    """
    turns = {EventKind.PAUSE, EventKind.RESUME, EventKind.VOID}
    places = [n for n, event in enumerate(past) if event.kind in turns]
    if not places or past[places[-1]].kind is not EventKind.PAUSE:
        return None
    last = places[-1]
    if all(event.kind is not EventKind.RETARGET for event in past[last:]):
        return None
    return [*past[:last], *past[last + 1 :]]


def _begun(event: Event, before: Sequence[Event]) -> ClockState:
    """
    Args:
        before: steps that were fired before the rest was written down.
    """
    if event.kind is EventKind.CARRY:
        carried = ClockState(
            target=_given(event),
            used=event.used,
            paused_at=event.at,
            grace=event.grace,
            inherited=INHERITED in event.step,
            late=LATE in event.step,
        )
        for fired in before:
            carried = fire(carried, fired.step, fired.at)
        return carried
    if event.kind is not EventKind.START or before:
        raise ClockError(f"A history begins with a start, not with {(*before, event)[0].kind}.")
    return start(_given(event), event.at, late=event.step == LATE)


def moved(state: ClockState, event: Event, hours: Hours) -> ClockState:
    """The clock after one more line of its history.

    Args:
        hours: the calendar until then.

    Raises:
        ClockError: it can't make this move.
    """
    move = _MOVES.get(event.kind)
    if move is None:
        raise ClockError("A clock starts once.")
    return move(state, event, hours)


_MOVES: Mapping[EventKind, Callable[[ClockState, Event, Hours], ClockState]] = MappingProxyType(
    {
        EventKind.PAUSE: lambda state, event, hours: pause(state, event.at, hours),
        EventKind.RESUME: lambda state, event, _: resume(state, event.at),
        EventKind.STOP: lambda state, event, hours: stop(state, event.at, hours),
        EventKind.RETARGET: lambda state, event, hours: retarget(
            state, _given(event), event.at, hours, event.grace
        ),
        EventKind.FIRE: lambda state, event, _: fire(state, event.step, event.at),
        EventKind.VOID: lambda state, _, __: void(state),
        EventKind.ANNUL: lambda state, event, _: annul(state, event.at),
    }
)


def _given(event: Event) -> timedelta:
    if event.target is None:
        raise ClockError(f"A {event.kind} needs a target.")
    return event.target


def _positive(target: timedelta) -> timedelta:
    if target <= ZERO:
        raise ClockError(f"A target must be above zero, not {target}.")
    return target


def _settled(state: ClockState, at: datetime, hours: Hours) -> ClockState:
    """The same clock with the present run counted until `at`, and running on from there."""
    if state.running_since is None:
        return state
    at = max(at, state.running_since)
    used, breached_at = used_at(state, at, hours), state.breached_at
    if breached_at is None and used >= state.allowed:
        breached_at = breach_at(state, at, hours)
    return replace(state, used=used, breached_at=breached_at, running_since=at)


def _moment_of(state: ClockState, threshold: timedelta, since: datetime, hours: Hours) -> datetime:
    """When the run that began at `since` has brought the use to `threshold`."""
    return hours.walk(since, max(threshold - state.used, ZERO))
