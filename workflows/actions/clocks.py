"""SLA clocks as rows: started at intake, moved with the mention, fired by alarms.

What a clock means is arithmetic (`workflows/clock.py`); here its state is read, moved and written back, together with
its alarm and with the mention's own `due_at`, which the inbox is ordered by. Whoever calls holds the mention's lock.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db.models import Max

from agency.actions.alarms import clear_alarms, on_alarm, set_alarms
from agency.actions.events import emit_many, make_event
from agency.models import Event
from clients.hours import ALWAYS
from clients.models import SlaPolicy
from clients.queries.clients import match_sla_policies
from clients.words import ClockKind
from mentions.models import Mention
from mentions.words import END_OF_TIME, Move
from workflows import clock as rules
from workflows.clock import BREACH, ClockState
from workflows.models import Clock, ClockEvent
from workflows.words import CLOCK_DUE

AGENCYS = (ClockKind.RESPOND, ClockKind.NEXT_RESPONSE)
# A mention that somebody is just moving is looked at again a moment later.
BUSY = timedelta(milliseconds=200)
# A tightened target that is used up already leaves this much before it is due.
GRACE = timedelta(minutes=5)

Change = Callable[[ClockState], ClockState]


# Starting ---------------------------------------------------------------------------------------------


def start_clocks(mentions: Sequence[Mention], *, now: datetime) -> None:
    """Give new mentions their claim and respond clocks; sets `late_found` and the due time, and saves the mentions."""
    policies = match_sla_policies({mention.client_id for mention in mentions})
    clocks = []
    for mention in mentions:
        policy = policies[mention.client_id]
        mention.late_found = mention.recorded_at - mention.published_at > policy.late_found_after
        for kind in (ClockKind.CLAIM, ClockKind.RESPOND):
            late = mention.late_found and kind is ClockKind.RESPOND
            clocks.append(_new_clock(mention, policy, kind, excused_late=late, now=now))
        _note_due(mention, [c for c in clocks if c.mention_id == mention.pk])
    Clock.objects.bulk_create(clocks, batch_size=500)
    Mention.objects.bulk_update(mentions, ["late_found", "due_at", "urgency_at", "due_kind"], batch_size=500)
    set_alarms(CLOCK_DUE, {clock.pk: clock.next_fire_at for clock in clocks if clock.next_fire_at})


def start_clock(mention: Mention, kind: ClockKind, *, now: datetime) -> None:
    """Start the next instance of a kind on one mention; the caller saves the mention."""
    policy = match_sla_policies({mention.client_id})[mention.client_id]
    last = Clock.objects.filter(mention=mention, kind=kind).aggregate(n=Max("instance"))["n"] or 0
    clock = _new_clock(mention, policy, kind, instance=last + 1, now=now)
    clock.save(force_insert=True)
    if clock.next_fire_at:
        set_alarms(CLOCK_DUE, {clock.pk: clock.next_fire_at})
    _note_due(mention, _open_clocks(mention))


def _new_clock(
    mention: Mention,
    policy: SlaPolicy,
    kind: ClockKind,
    *,
    instance: int = 1,
    excused_late: bool = False,
    now: datetime,
) -> Clock:
    state = rules.start(policy.target_for(kind, mention.priority), now)
    if excused_late:
        # Measured, but its breach counts as told already: nobody could have been in time.
        state = replace(state, fired=(BREACH,))
    clock = Clock(
        mention=mention,
        policy=policy,
        kind=kind,
        instance=instance,
        warn_at=policy.warn_at,
        started_at=now,
        excused_late=excused_late,
    )
    _put(clock, state)
    return clock


# Moving -----------------------------------------------------------------------------------------------


def follow(mention: Mention, move: Move, *, hand_made: bool, now: datetime) -> None:
    """Move a mention's clocks as its move asks; the caller saves the mention."""
    if move is Move.CLAIM:
        _change(mention, {ClockKind.CLAIM: _stop(now)}, now=now)
    elif move in {Move.REQUEST_CHANGES, Move.RECALL, Move.REVISE}:
        _change(mention, {ClockKind.DECIDE: _stop(now), **_agencys(_resume(now))}, now=now)
    elif move in {Move.APPROVE, Move.CLEAR}:
        # What happens next is the platform's time, or the agency's own where a person posts the reply.
        turn = _resume(now) if hand_made else _pause(now)
        _change(mention, {ClockKind.DECIDE: _stop(now), **_agencys(turn)}, now=now)
    elif move in {Move.RESPOND, Move.DISMISS}:
        _change(mention, dict.fromkeys(ClockKind, _stop(now)), now=now)
    elif move is Move.REOPEN:
        start_clock(mention, ClockKind.NEXT_RESPONSE, now=now)


def hand_over(mention: Mention, *, now: datetime) -> None:
    """The request reached the client: our clock waits, theirs runs. Saves the mention."""
    _change(mention, _agencys(_pause(now)), now=now)
    start_clock(mention, ClockKind.DECIDE, now=now)
    mention.save(update_fields=["due_at", "urgency_at", "due_kind", "breached"])


def hand_back(mention: Mention, *, now: datetime) -> None:
    """The platform failed us: the time is the agency's again. Saves the mention."""
    _change(mention, _agencys(_resume(now)), now=now)
    mention.save(update_fields=["due_at", "urgency_at", "due_kind", "breached"])


def retarget_clocks(mention: Mention, *, now: datetime) -> None:
    """The mention's priority changed: other targets, the used time carried. The caller saves the mention."""
    clocks = _open_clocks(mention)
    for clock in clocks:
        target = clock.policy.target_for(ClockKind(clock.kind), mention.priority)
        _apply(clock, partial(_retarget, target, now), now)
    _write(mention, clocks)


def _retarget(target: timedelta, now: datetime, state: ClockState) -> ClockState:
    return rules.retarget(state, target, now, ALWAYS, GRACE)


def _agencys(change: Change) -> dict[ClockKind, Change]:
    return dict.fromkeys(AGENCYS, change)


def _stop(now: datetime) -> Change:
    return lambda state: rules.stop(state, now, ALWAYS)


def _pause(now: datetime) -> Change:
    return lambda state: rules.pause(state, now, ALWAYS) if state.running_since else state


def _resume(now: datetime) -> Change:
    return lambda state: state if state.running_since else rules.resume(state, now)


def _open_clocks(mention: Mention) -> list[Clock]:
    return list(
        Clock.objects.select_for_update(of=("self",))
        .filter(mention=mention, stopped_at=None)
        .select_related("policy")
        .order_by("id")
    )


def _change(mention: Mention, changes: Mapping[ClockKind, Change], *, now: datetime) -> None:
    clocks = _open_clocks(mention)
    for clock in clocks:
        change = changes.get(ClockKind(clock.kind))
        if change is not None:
            _apply(clock, change, now)
    _write(mention, clocks)


def _apply(clock: Clock, change: Change, now: datetime) -> None:
    """Fire what fell due before the change, change, and fire a breach that the change established."""
    state = _fire(clock, clock.as_state(), now)
    _put(clock, _fire(clock, change(state), now))


# Firing -----------------------------------------------------------------------------------------------


@on_alarm(CLOCK_DUE)
def fire_clocks(clocks: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Warnings and breaches that are due, each once, never early."""
    owners = dict(Clock.objects.filter(pk__in=clocks).values_list("pk", "mention_id"))
    mentions = {
        mention.pk: mention
        for mention in Mention.objects.select_for_update(skip_locked=True)
        .filter(pk__in=set(owners.values()))
        .order_by("id")
    }
    upcoming: dict[UUID, datetime | None] = {
        clock_id: now + BUSY for clock_id, owner in owners.items() if owner not in mentions
    }
    for mention in mentions.values():
        open_clocks = _open_clocks(mention)
        for clock in open_clocks:
            if clock.pk in owners:
                _put(clock, _fire(clock, clock.as_state(), now))
        _write(mention, open_clocks, set_them=False)
        mention.save(update_fields=["due_at", "urgency_at", "due_kind", "breached"])
        upcoming |= {clock.pk: clock.next_fire_at for clock in open_clocks if clock.pk in owners}
    return upcoming


def _fire(clock: Clock, state: ClockState, now: datetime) -> ClockState:
    for step, at in rules.due_steps(state, now, ALWAYS, tuple(clock.warn_at)):
        clock.lines += 1
        line = {"n": clock.lines, "kind": rules.EventKind.FIRE.value, "step": step}
        ClockEvent(clock=clock, **line, at=at, recorded_at=now).save(force_insert=True)
        emit_many([_told(clock, step, at, now)])
        state = rules.fire(state, step, at)
    return state


def _told(clock: Clock, step: str, at: datetime, now: datetime) -> Event:
    breach = step == BREACH
    data = {"kind": clock.kind, "instance": clock.instance, "step": step, "at": at.isoformat()}
    return make_event(
        "mention.sla_breached" if breach else "mention.sla_warning",
        subject=clock.mention,
        now=now,
        data=data,
    )


# Rows -------------------------------------------------------------------------------------------------


def _put(clock: Clock, state: ClockState) -> None:
    clock.target, clock.used, clock.grace, clock.inherited = (
        state.target,
        state.used,
        state.grace,
        state.inherited,
    )
    clock.running_since, clock.paused_at, clock.stopped_at = (
        state.running_since,
        state.paused_at,
        state.stopped_at,
    )
    clock.fired = list(state.fired)
    clock.breached_at = None if clock.excused_late else state.breached_at
    clock.due_at = rules.due_at(state, ALWAYS)
    upcoming = rules.next_fire(state, ALWAYS, tuple(clock.warn_at))
    clock.next_fire_at = upcoming[0] if upcoming else None


_STORED = [
    *("target", "used", "grace", "inherited", "running_since", "paused_at", "stopped_at"),
    *("fired", "breached_at", "due_at", "next_fire_at", "lines"),
]


def _write(mention: Mention, clocks: list[Clock], *, set_them: bool = True) -> None:
    """Store clocks; their alarms too, unless the sweeper that called sets those itself."""
    Clock.objects.bulk_update(clocks, _STORED)
    if set_them:
        set_alarms(CLOCK_DUE, {clock.pk: clock.next_fire_at for clock in clocks if clock.next_fire_at})
        clear_alarms(CLOCK_DUE, [clock.pk for clock in clocks if not clock.next_fire_at])
    _note_due(mention, clocks)


def _note_due(mention: Mention, clocks: Iterable[Clock]) -> None:
    """The earliest running clock is what the mention is due for."""
    clocks = list(clocks)
    running = sorted((c.due_at, c.kind) for c in clocks if c.due_at is not None)
    mention.due_at, mention.due_kind = running[0] if running else (None, "")
    mention.urgency_at = mention.due_at or END_OF_TIME
    mention.breached = mention.breached or any(clock.breached_at for clock in clocks)
