"""Clocks as rows: what happens to some of them is worked out one by one, and written down at the end, all at once.

Each change of a clock is a line of its history, and what the line says is what changes it (`workflows.clock.moved`),
so that a row is always what its lines make. Whoever uses this holds the locks of the clocks' mentions.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from agency.actions.alarms import clear_alarms, set_alarms
from agency.actions.events import emit_many, make_event
from agency.made import new
from agency.models import Event as OutboxEvent
from agency.remembered import Question, Remembered
from agency.tenancy import current_agency
from agency.written import insert, update
from clients.hours import ALWAYS, HorizonExceeded, Hours
from clients.queries.calendars import hours_by_calendar
from clients.words import ClockKind
from mentions.models import Mention
from mentions.words import END_OF_TIME
from workflows import clock as rules
from workflows.actions.escalation import Fired, escalate
from workflows.clock import BREACH, LATE, ClockState, Event, EventKind
from workflows.models import Clock, ClockEvent
from workflows.queries.clock_history import STATE, as_events
from workflows.queries.promises import Promise
from workflows.words import CLOCK_DUE

# A tightened target that is used up already leaves this much before it is due.
GRACE = timedelta(minutes=5)
# Beyond what a calendar knows nothing is worked out: it is looked at again then.
FAR = timedelta(days=30)
BATCH = 500


_open = Remembered(
    lambda mentions: (
        Clock.objects.select_for_update()
        .filter(mention_id__in=mentions, stopped_at=None)
        .order_by("mention_id", "id")
    )
)


# By itself, because most that happens happens to one.
_open_of_one = Remembered(
    lambda mention_id: (
        Clock.objects.select_for_update().filter(mention_id=mention_id, stopped_at=None).order_by("id")
    )
)


def asked_for_clocks(mention_id: UUID) -> Question:
    """What `Moving.read` asks of one mention, for `asked_together`: behind the mention's lock."""
    return _open_of_one, {"mention_id": mention_id}


class Moving:
    """Open clocks of locked mentions, and all that happens to them at one moment; nothing is stored before `write`."""

    def __init__(
        self, mentions: Iterable[Mention], *, now: datetime, calendars: Iterable[UUID | None] = ()
    ) -> None:
        """Take mentions that are locked, or new; read their open clocks with `read`, or start some."""
        self.mentions = {mention.pk: mention for mention in mentions}
        self.now = now
        self.clocks: list[Clock] = []
        self._hours: Mapping[UUID | None, Hours] = hours_by_calendar({None, *calendars})
        self._new: list[Clock] = []
        self._changed: dict[UUID, Clock] = {}
        self._lines: list[ClockEvent] = []
        self._told: list[OutboxEvent] = []
        self._fired: list[Fired] = []

    def read(self) -> None:
        """The open clocks of all these mentions, and the hours that they run in."""
        if len(self.mentions) == 1:
            self.clocks = _open_of_one(mention_id=next(iter(self.mentions)))
        else:
            self.clocks = _open(mentions=[*self.mentions])
        self.know(clock.calendar_id for clock in self.clocks)

    def know(self, calendars: Iterable[UUID | None]) -> None:
        """The hours of these calendars are needed too."""
        if unknown := set(calendars) - set(self._hours):
            self._hours = {**self._hours, **hours_by_calendar(unknown)}

    def hours(self, clock: Clock) -> Hours:
        return self._hours[clock.calendar_id]

    # What happens ---------------------------------------------------------------------------------------

    def start(
        self,
        mention: Mention,
        kind: ClockKind,
        promise: Promise,
        *,
        instance: int = 1,
        late: bool = False,
        at: datetime | None = None,
    ) -> Clock:
        """A new clock that runs from now on, or from `at`, if that was before."""
        self.know([promise.calendar_id])
        began = self.now if at is None else min(at, self.now)
        clock = Clock(mention=mention, kind=kind, instance=instance, started_at=began, excused_late=late)
        hold_to(clock, promise)
        step = LATE if late else ""
        event = Event(EventKind.START, began, target=promise.target, step=step)
        self._write_down(clock, event)
        put(clock, rules.fold([event], self.hours(clock)), self.hours(clock), self.now)
        self._new.append(clock)
        self.clocks.append(clock)
        return clock

    def change(self, clock: Clock, kind: EventKind, *, at: datetime | None = None) -> None:
        """Fire what fell due before the change, change, and fire a breach that the change established.

        Args:
            at: when it counts from, if that was before now.
        """
        self._change(clock, Event(kind, self.now if at is None else min(at, self.now)))

    def promise(self, clock: Clock, promise: Promise) -> None:
        """Hold a clock to this from now on; what it used is carried."""
        if (clock.target, clock.calendar_id) == (promise.target, promise.calendar_id):
            hold_to(clock, promise)
            self.look(clock)
            return
        self.know([promise.calendar_id])
        hours = self._hours[promise.calendar_id]
        event = Event(EventKind.RETARGET, self.now, target=promise.target, grace=GRACE, hours=hours)
        self._change(clock, event, promise)

    def look(self, clock: Clock) -> None:
        """Fire what is due, and work out again when to look next."""
        state = self._fire(clock, clock.as_state(), self.now)
        put(clock, state, self.hours(clock), self.now)
        self._changed[clock.pk] = clock

    def _change(self, clock: Clock, event: Event, promise: Promise | None = None) -> None:
        state = clock.as_state()
        if event.kind is not EventKind.ANNUL:  # what should never have begun was never due
            state = self._fire(clock, state, event.at)
        if event.kind is EventKind.VOID:
            state = self._voided(clock, state, event)
        else:
            state = rules.moved(state, event, self.hours(clock))
        if promise is not None:
            hold_to(clock, promise)
        self._write_down(clock, event)
        put(clock, self._fire(clock, state, event.at), self.hours(clock), self.now)
        self._changed[clock.pk] = clock

    def _voided(self, clock: Clock, state: ClockState, event: Event) -> ClockState:
        """Run on from the pause that never was, under what was promised meanwhile too."""
        lines = [*ClockEvent.objects.filter(clock=clock).order_by("n")]
        lines += [line for line in self._lines if line.clock_id == clock.pk]
        self.know(line.calendar_id for line in lines)
        past = rules.without_pause(list(as_events(lines, self._hours)))
        return rules.moved(state, event, self.hours(clock)) if past is None else rules.fold(past, ALWAYS)

    def _fire(self, clock: Clock, state: ClockState, by: datetime) -> ClockState:
        for step, at in rules.due_steps(state, by, self.hours(clock), tuple(clock.warn_at)):
            event = Event(EventKind.FIRE, at, step=step)
            self._write_down(clock, event)
            self._tell(clock, step, at)
            state = rules.moved(state, event, self.hours(clock))
        return state

    def _write_down(self, clock: Clock, event: Event) -> None:
        clock.lines += 1
        promised = event.kind in {EventKind.START, EventKind.RETARGET}
        line = new(
            ClockEvent,
            clock_id=clock.pk,
            n=clock.lines,
            kind=event.kind.value,
            step=event.step,
            at=event.at,
            recorded_at=self.now,
            target=event.target,
            grace=event.grace if event.kind is EventKind.RETARGET else None,
            calendar_id=clock.calendar_id if promised else None,
        )
        self._lines.append(line)

    def _tell(self, clock: Clock, step: str, at: datetime) -> None:
        mention = self.mentions[clock.mention_id]
        told = "mention.sla_breached" if step == BREACH else "mention.sla_warning"
        data = {"kind": clock.kind, "instance": clock.instance, "step": step, "at": at.isoformat()}
        self._told.append(make_event(told, subject=mention, now=self.now, data=data))
        self._fired.append(
            Fired(
                clock_id=clock.pk,
                mention_id=mention.pk,
                client_id=mention.client_id,
                policy_id=clock.policy_id,
                kind=clock.kind,
                instance=clock.instance,
                priority=mention.priority,
                step=step,
                at=at,
                assigned=mention.assignee_id is not None,
            )
        )

    # The end --------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Store the clocks, their lines and alarms, tell the world, and set the mentions' due time, unsaved."""
        if self._new:
            Clock.objects.bulk_create(self._new, batch_size=BATCH)
        new = {clock.pk for clock in self._new}
        changed = [clock for pk, clock in self._changed.items() if pk not in new]
        update_clocks(changed)
        insert(*self._lines)
        written = [*self._new, *changed]
        set_alarms(CLOCK_DUE, {clock.pk: clock.next_fire_at for clock in written if clock.next_fire_at})
        if quiet := [clock.pk for clock in changed if not clock.next_fire_at]:
            clear_alarms(CLOCK_DUE, quiet)
        if self._told:
            emit_many(self._told)
            escalate(self._fired, now=self.now)
        note_due(self.mentions.values(), self.clocks)


# Rows -------------------------------------------------------------------------------------------------


def hold_to(clock: Clock, promise: Promise) -> None:
    """The promise's own columns; the target is the state's."""
    clock.policy, clock.match, clock.warn_at = promise.policy, promise.match, promise.warn_at
    clock.calendar_id, clock.calendar_version = promise.calendar_id, promise.calendar_version


def put(clock: Clock, state: ClockState, hours: Hours, now: datetime) -> None:
    """A state, with what follows from it, into the row's columns."""
    for name in STATE:
        setattr(clock, name, getattr(state, name))
    clock.fired = list(state.fired)
    clock.due_at, clock.next_fire_at = looked_ahead(state, hours, clock.warn_at, now)


def looked_ahead(
    state: ClockState, hours: Hours, warn_at: Sequence[int], now: datetime
) -> tuple[datetime | None, datetime | None]:
    """(due, when to look next). What lies beyond the horizon is looked for again later, and is due at no time yet."""
    try:
        due = rules.due_at(state, hours)
    except (HorizonExceeded, OverflowError):
        due = None
    try:
        upcoming = rules.next_fire(state, hours, tuple(warn_at))
    except (HorizonExceeded, OverflowError):
        return due, now + FAR
    return due, upcoming[0] if upcoming else None


FEW = 3
_CHANGES = (
    *("policy", "match", "calendar", "calendar_version", "warn_at", "target", "used", "grace", "inherited"),
    *(
        "running_since",
        "paused_at",
        "stopped_at",
        "fired",
        "breached_at",
        "annulled",
        "due_at",
        "next_fire_at",
        "lines",
    ),
)
_UPDATE = """
UPDATE workflows_clock AS clock
   SET policy_id = new.policy_id, match = new.match, calendar_id = new.calendar_id,
       calendar_version = new.calendar_version, warn_at = string_to_array(new.warn_at, ',')::smallint[],
       target = new.target, used = new.used, grace = new.grace, inherited = new.inherited,
       running_since = new.running_since, paused_at = new.paused_at, stopped_at = new.stopped_at,
       fired = string_to_array(new.fired, ','), breached_at = new.breached_at, annulled = new.annulled,
       due_at = new.due_at, next_fire_at = new.next_fire_at, lines = new.lines
  FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::int[], %s::text[], %s::interval[], %s::interval[],
              %s::interval[], %s::boolean[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::text[],
              %s::timestamptz[], %s::boolean[], %s::timestamptz[], %s::timestamptz[], %s::smallint[])
       AS new (id, policy_id, match, calendar_id, calendar_version, warn_at, target, used, grace, inherited,
               running_since, paused_at, stopped_at, fired, breached_at, annulled, due_at, next_fire_at, lines)
 WHERE clock.agency_id = %s AND clock.id = new.id
"""


def update_clocks(clocks: Sequence[Clock]) -> None:
    """Store all that may have changed of these, in one statement a batch; few of them plainly."""
    if len(clocks) <= FEW:
        for clock in clocks:
            update(clock, *_CHANGES)
        return
    for begin in range(0, len(clocks), BATCH):
        rows = [_row(clock) for clock in clocks[begin : begin + BATCH]]
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, [*map(list, zip(*rows, strict=True)), current_agency()])


def _row(clock: Clock) -> tuple[object, ...]:
    return (
        *(clock.pk, clock.policy_id, clock.match, clock.calendar_id, clock.calendar_version),
        ",".join(map(str, clock.warn_at)),
        *(clock.target, clock.used, clock.grace, clock.inherited),
        *(clock.running_since, clock.paused_at, clock.stopped_at),
        ",".join(clock.fired),
        *(clock.breached_at, clock.annulled, clock.due_at, clock.next_fire_at, clock.lines),
    )


def note_due(mentions: Iterable[Mention], clocks: Iterable[Clock]) -> None:
    """The earliest of its running clocks is what a mention is due for. `clocks`: all open ones of all these."""
    due: dict[UUID, tuple[datetime, str]] = {}
    breached = set()
    for clock in clocks:
        if clock.breached_at:
            breached.add(clock.mention_id)
        if clock.due_at is not None:
            found = (clock.due_at, clock.kind)
            due[clock.mention_id] = min(due.get(clock.mention_id, found), found)
    for mention in mentions:
        mention.due_at, mention.due_kind = due.get(mention.pk, (None, ""))
        mention.urgency_at = mention.due_at or END_OF_TIME
        mention.breached = mention.breached or mention.pk in breached


_DUE = """
UPDATE mentions_mention AS mention
   SET late_found = new.late_found, due_at = new.due_at, urgency_at = new.urgency_at, due_kind = new.due_kind,
       breached = new.breached, turn = new.turn
  FROM unnest(%s::uuid[], %s::boolean[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::boolean[], %s::text[])
       AS new (id, late_found, due_at, urgency_at, due_kind, breached, turn)
 WHERE mention.agency_id = %s AND mention.id = new.id
   AND (mention.late_found, mention.due_at, mention.urgency_at, mention.due_kind, mention.breached, mention.turn)
       IS DISTINCT FROM (new.late_found, new.due_at, new.urgency_at, new.due_kind, new.breached, new.turn)
"""


def save_due(mentions: Sequence[Mention]) -> None:
    """Store what `note_due` found, and the turn, in one statement a batch; rows that didn't change aren't written."""
    for begin in range(0, len(mentions), BATCH):
        rows = [
            (m.pk, m.late_found, m.due_at, m.urgency_at, m.due_kind, m.breached, m.turn)
            for m in mentions[begin : begin + BATCH]
        ]
        with connection.cursor() as cursor:
            cursor.execute(_DUE, [*map(list, zip(*rows, strict=True)), current_agency()])
