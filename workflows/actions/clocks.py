"""SLA clocks: started at intake, moved with the mention. (`firing.py` fires them, `clock_rows.py` stores them.)

What a clock means is arithmetic (`workflows/clock.py`). Whoever calls holds the mention's lock.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from django.db.models import Max

from clients.hours import Hours
from clients.words import ClockKind
from mentions.models import Mention
from mentions.words import Move, Turn
from workflows.actions.clock_rows import Moving, save_due
from workflows.actions.leases import look_at_leases
from workflows.clock import EventKind
from workflows.models import Clock
from workflows.queries.promises import promises_to

STOP, PAUSE, RESUME, ANNUL = EventKind.STOP, EventKind.PAUSE, EventKind.RESUME, EventKind.ANNUL
Turns = Mapping[ClockKind, EventKind]


_PROMISES = (ClockKind.RESPOND, ClockKind.NEXT_RESPONSE)


def _agencys(turn: EventKind) -> dict[ClockKind, EventKind]:
    return dict.fromkeys(_PROMISES, turn)


# What a move does to each kind of clock that is open.
_BACK: Turns = {ClockKind.DECIDE: STOP, ClockKind.PUBLISH: ANNUL, **_agencys(RESUME)}
_ON: Turns = {ClockKind.DECIDE: STOP, **_agencys(PAUSE)}
TURNS: Mapping[Move, Turns] = MappingProxyType(
    {
        Move.CLAIM: {ClockKind.CLAIM: STOP},
        Move.REQUEST_CHANGES: _BACK,
        Move.RECALL: _BACK,
        Move.REVISE: _BACK,
        # What happens next is the platform's time …
        Move.APPROVE: _ON,
        Move.CLEAR: _ON,
        Move.RESPOND: dict.fromkeys(ClockKind, STOP),
        # The client answered by itself: what we were about to publish never had its time.
        Move.ANSWER: {**dict.fromkeys(ClockKind, STOP), ClockKind.PUBLISH: ANNUL},
        Move.DISMISS: dict.fromkeys(ClockKind, STOP),
    }
)
# … or the agency's own, where a person posts the reply.
_BY_HAND: Turns = {ClockKind.DECIDE: STOP, **_agencys(RESUME)}


# Starting ---------------------------------------------------------------------------------------------


def start_clocks(mentions: Sequence[Mention], *, now: datetime) -> None:
    """Give new mentions their claim and respond clocks; sets `late_found` and the due time, and saves the mentions."""
    promises = promises_to({mention.client_id for mention in mentions}, now=now)
    moving = Moving(mentions, now=now)
    for mention in mentions:
        late_after = promises.policies[mention.client_id].late_found_after
        mention.late_found = mention.recorded_at - mention.published_at > late_after
        for kind in (ClockKind.CLAIM, ClockKind.RESPOND):
            late = mention.late_found and kind is ClockKind.RESPOND
            moving.start(mention, kind, promises.of(mention.client_id, kind, mention.priority), late=late)
    moving.write()
    save_due(mentions)


def start_clock(mention: Mention, kind: ClockKind, *, now: datetime) -> None:
    """Start the next instance of a kind on one mention; the caller saves the mention."""
    moving = _open(mention, now)
    _start(moving, mention, kind)
    moving.write()


def _start(moving: Moving, mention: Mention, kind: ClockKind, *, at: datetime | None = None) -> None:
    promise = promises_to({mention.client_id}, now=moving.now).of(mention.client_id, kind, mention.priority)
    last = Clock.objects.filter(mention=mention, kind=kind).aggregate(n=Max("instance"))["n"] or 0
    moving.start(mention, kind, promise, instance=last + 1, at=at)


# Moving -----------------------------------------------------------------------------------------------


def follow(
    mention: Mention, move: Move, *, hand_made: bool, since: datetime | None = None, now: datetime
) -> Hours | None:
    """Move a mention's clocks as its move asks, and say whose turn it is; the caller saves the mention.

    An answer counts when it was live, which somebody may have found out later.

    Args:
        since: of a reopening, when the message that waits for an answer was received, if that was before now.

    Returns:
        The hours in which the answer is promised; None where no clock of it was open.
    """
    moving = _open(mention, now)
    published = move in {Move.APPROVE, Move.CLEAR}
    turns = _BY_HAND if published and hand_made else TURNS.get(move, {})
    _turn(moving, turns, at=mention.responded_at if move in {Move.RESPOND, Move.ANSWER} else None)
    if published and not hand_made:
        _start(moving, mention, ClockKind.PUBLISH)
    if move is Move.REOPEN:
        _start(moving, mention, ClockKind.NEXT_RESPONSE, at=since)
    moving.write()
    # What was submitted is the client's from when it reaches them (`hand_over`).
    mention.turn = Turn.PLATFORM if published and not hand_made else Turn.AGENCY
    promised = [clock for clock in moving.clocks if clock.kind in _PROMISES]
    last = max(promised, key=lambda clock: (clock.started_at, clock.pk), default=None)
    return moving.hours(last) if last else None


def hand_over(mention: Mention, *, now: datetime) -> None:
    """The request reached the client: our clock waits, theirs runs. Saves the mention."""
    moving = _open(mention, now)
    _turn(moving, _agencys(PAUSE))
    _start(moving, mention, ClockKind.DECIDE)
    moving.write()
    mention.turn = Turn.CLIENT
    save_due([mention])


def void_hand_over(mention: Mention, *, now: datetime) -> None:
    """The request never reached the client after all: the time since was ours, theirs never ran. Saves the mention."""
    moving = _open(mention, now)
    _turn(moving, {ClockKind.DECIDE: ANNUL, **_agencys(EventKind.VOID)})
    moving.write()
    mention.turn = Turn.AGENCY
    save_due([mention])


def hand_back(mention: Mention, *, now: datetime) -> None:
    """The platform failed us: the time is the agency's again. Saves the mention."""
    moving = _open(mention, now)
    _turn(moving, {ClockKind.PUBLISH: PAUSE, **_agencys(RESUME)})
    moving.write()
    mention.turn = Turn.AGENCY
    save_due([mention])


def retarget_clocks(mention: Mention, *, now: datetime) -> None:
    """The mention's priority changed: other targets, the used time carried. The caller saves the mention."""
    _repromise([mention], now)


def repromise_clocks(mentions: Sequence[Mention], *, now: datetime) -> None:
    """Hold the open clocks of these locked mentions to what is promised now: policy, target, hours. Saves the mentions.

    What they used is carried. A tightened target that is used up leaves some grace; a breach stays.
    """
    _repromise(mentions, now)
    save_due(mentions)


def _repromise(mentions: Sequence[Mention], now: datetime) -> None:
    promises = promises_to({mention.client_id for mention in mentions}, now=now)
    moving = Moving(mentions, now=now)
    moving.read()
    for clock in moving.clocks:
        mention = moving.mentions[clock.mention_id]
        moving.promise(clock, promises.of(mention.client_id, ClockKind(clock.kind), mention.priority))
    moving.write()
    look_at_leases(mentions, now=now)


def _open(mention: Mention, now: datetime) -> Moving:
    moving = Moving([mention], now=now)
    moving.read()
    return moving


def _turn(moving: Moving, turns: Turns, *, at: datetime | None = None) -> None:
    for clock in list(moving.clocks):
        turn = turns.get(ClockKind(clock.kind))
        if turn is not None and _possible(clock, turn):
            moving.change(clock, turn, at=at)


def _possible(clock: Clock, turn: EventKind) -> bool:
    """Whoever runs already needn't be started, and whoever waits needn't be paused."""
    if turn is PAUSE:
        return clock.running_since is not None
    if turn in {RESUME, EventKind.VOID}:
        return clock.paused_at is not None
    return True
