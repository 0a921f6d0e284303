"""Warnings and breaches, fired by the sweep: what is due, many clocks at a time.

A sweep has thousands of clocks, so nothing here is done row by row but the arithmetic: the due clocks are read in one
statement, and all that follows from them is written in another.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from agency.actions.alarms import on_alarm
from agency.ids import new_ids
from agency.packed import Ids, Times, adapt, words
from agency.tenancy import current_agency
from clients.hours import HorizonExceeded, Hours
from clients.queries.calendars import hours_by_calendar
from mentions.models import Mention
from workflows.actions.clock_rows import Moving, save_due
from workflows.actions.escalation import Answering, Fired, escalate_answered
from workflows.clock import BREACH, MICROSECOND, look
from workflows.words import CLOCK_DUE

# A mention that somebody is just moving is looked at again a moment later.
BUSY = timedelta(milliseconds=200)


class _Row(NamedTuple):
    """An open clock that an alarm rang for, with what is needed of its mention. Ids as bytes, which are quick."""

    id: bytes
    mention_id: bytes
    client_id: bytes
    priority: str
    assigned: bool
    policy_id: bytes
    kind: str
    instance: int
    calendar_id: bytes | None
    warn_at: list[int]
    target: timedelta
    used: timedelta
    running_since: datetime | None
    breached_at: datetime | None
    grace: timedelta
    late: bool
    fired: list[str]
    due_at: datetime | None
    lines: int


class _Looked(NamedTuple):
    """A clock, the steps that are due with the moment of each, and when to look next."""

    row: _Row
    due: list[tuple[str, datetime]]
    next_at: datetime | None


# Past whoever holds a mention: a sweep waits for none. The clock is locked with it, so that what is read is what whoever
# held the mention before has written: a row that changed since the statement began is read again.
_READ = """
SELECT clock.id, clock.mention_id, mention.client_id, mention.priority,
       mention.assignee_id IS NOT NULL, clock.policy_id, clock.kind, clock.instance,
       clock.calendar_id, clock.warn_at, clock.target, clock.used, clock.running_since, clock.breached_at, clock.grace,
       clock.excused_late, clock.fired, clock.due_at, clock.lines
  FROM workflows_clock AS clock
  JOIN mentions_mention AS mention ON (mention.agency_id, mention.id) = (clock.agency_id, clock.mention_id)
 WHERE clock.agency_id = %(agency)s AND clock.id = ANY (%(clocks)s) AND clock.stopped_at IS NULL
   FOR NO KEY UPDATE OF mention, clock SKIP LOCKED
"""
_BUSY = "SELECT id FROM workflows_clock WHERE agency_id = %s AND id = ANY (%s) AND stopped_at IS NULL"
_WRITE = """
WITH fired AS MATERIALIZED (
    SELECT *
      FROM unnest(%(line_ids)s, %(event_ids)s, %(fired_ids)s, %(mentions)s, %(clients)s, %(kinds)s::text[],
                  %(instances)s::int[], %(ns)s::int[], %(steps)s::text[], %(ats)s)
           AS new (line_id, event_id, clock_id, mention_id, client_id, kind, instance, n, step, at)
), lines AS (
    INSERT INTO workflows_clockevent (id, agency_id, clock_id, n, kind, step, at, recorded_at)
    SELECT line_id, %(agency)s, clock_id, n, 'fire', step, at, %(now)s FROM fired
), told AS (
    INSERT INTO agency_event (id, agency_id, at, type, subject_type, subject_id, client_id, data)
    SELECT event_id, %(agency)s, %(now)s,
           CASE step WHEN 'breach' THEN 'mention.sla_breached' ELSE 'mention.sla_warning' END, 'mention', mention_id,
           client_id, jsonb_build_object('kind', kind, 'instance', instance, 'step', step, 'at', at)
      FROM fired
), broken AS (
    UPDATE mentions_mention AS mention SET breached = true FROM fired
     WHERE fired.step = 'breach' AND mention.agency_id = %(agency)s AND mention.id = fired.mention_id
       AND NOT mention.breached
)
UPDATE workflows_clock AS clock
   SET fired = clock.fired || new.steps::varchar[], lines = clock.lines + cardinality(new.steps::varchar[]),
       next_fire_at = new.next_fire_at, breached_at = coalesce(clock.breached_at, new.breached_at)
  FROM unnest(%(ids)s, %(nexts)s, %(told)s::text[], %(breaches)s) AS new (id, next_fire_at, steps, breached_at)
 WHERE clock.agency_id = %(agency)s AND clock.id = new.id
"""


@on_alarm(CLOCK_DUE)
def fire_clocks(clocks: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Warnings and breaches that are due, each once, never early. Answers when to look at each clock next."""
    given = {clock.bytes: clock for clock in clocks}
    rows = _read(given)
    upcoming: dict[UUID, datetime | None] = {}
    if len(rows) < len(given):
        busy = _busy(given.keys() - {row.id for row in rows})
        upcoming = {given[clock_id]: now + BUSY for clock_id in busy}
    hours = _hours(rows)
    looked: list[_Looked] = []
    stale = set[bytes]()
    for row in rows:
        try:
            due, coming = look(row, now, hours[row.calendar_id], tuple(row.warn_at))
        except (HorizonExceeded, OverflowError):
            stale.add(row.mention_id)
            continue
        due_at = _due_of(due, coming)
        if due_at is not None and due_at != row.due_at:
            stale.add(row.mention_id)
            continue
        next_at = coming[0] if coming else None
        looked.append(_Looked(row, due, next_at))
        upcoming[given[row.id]] = next_at
    _write(looked, now)
    return upcoming | _mend([UUID(bytes=pk) for pk in stale], now) if stale else upcoming


def _due_of(due: Sequence[tuple[str, datetime]], coming: tuple[datetime, str] | None) -> datetime | None:
    """When the clock is due, where looking at it came so far."""
    if coming:
        return coming[0] - MICROSECOND if coming[1] == BREACH else None
    return due[-1][1] if due else None


def _read(clocks: Collection[bytes]) -> list[_Row]:
    """The open ones of these clocks, but for those whose mention somebody else holds; they and their mentions locked."""
    with connection.cursor() as cursor:
        adapt(cursor)
        cursor.execute(_READ, {"agency": current_agency(), "clocks": Ids.of([*clocks])})
        return [*map(_Row._make, cursor.fetchall())]


def _busy(missed: Collection[bytes]) -> list[bytes]:
    """Those of them that are open: somebody else held their mention."""
    with connection.cursor() as cursor:
        adapt(cursor)
        cursor.execute(_BUSY, [current_agency(), Ids.of([*missed])])
        return [clock_id for (clock_id,) in cursor.fetchall()]


def _hours(rows: Iterable[_Row]) -> dict[bytes | None, Hours]:
    ids = {pk: UUID(bytes=pk) if pk else None for pk in {row.calendar_id for row in rows}}
    hours = hours_by_calendar(ids.values())
    return {pk: hours[calendar_id] for pk, calendar_id in ids.items()}


def _write(looked: Sequence[_Looked], now: datetime) -> None:
    """The lines, what the world is told, the breaches of mentions, and the clocks themselves: one statement."""
    if not looked:
        return
    fired = [(row, n, *step) for row, due, _ in looked for n, step in enumerate(due, row.lines + 1)]
    rows = [row for row, *_ in fired]
    given: dict[str, Any] = {
        "agency": current_agency(),
        "now": now,
        "ids": Ids.of([row.id for row, _, _ in looked]),
        "nexts": Times.of([next_at for _, _, next_at in looked]),
        # An array of a clock's steps, written as a word.
        "told": words(['"{' + ",".join([step for step, _ in due]) + '}"' for _, due, _ in looked]),
        "breaches": Times.of([due[-1][1] if due and due[-1][0] == BREACH else None for _, due, _ in looked]),
        "line_ids": Ids.of(new_ids(len(fired))),
        "event_ids": Ids.of(new_ids(len(fired))),
        "fired_ids": Ids.of([row.id for row in rows]),
        "mentions": Ids.of([row.mention_id for row in rows]),
        "clients": Ids.of([row.client_id for row in rows]),
        "kinds": words([row.kind for row in rows]),
        "instances": words([row.instance for row in rows]),
        "ns": words([n for _, n, _, _ in fired]),
        "steps": words([step for _, _, step, _ in fired]),
        "ats": Times.of([at for _, _, _, at in fired]),
    }
    with connection.cursor() as cursor:
        adapt(cursor)
        cursor.execute(_WRITE, given)
    if fired:
        _escalate([(row, step, at) for row, _, step, at in fired], now)


def _escalate(fired: Sequence[tuple[_Row, str, datetime]], now: datetime) -> None:
    """Nothing is made of the steps that no ladder answers: they are most."""
    clients = {pk: UUID(bytes=pk) for pk in {row.client_id for row, _, _ in fired}}
    answering = Answering(clients.values())
    held = {pk: answering.held[client_id] for pk, client_id in clients.items()}
    answered = [
        _told(row, step, at)
        for row, step, at in fired
        if answering.has(held[row.client_id], row.kind, row.priority, step, assigned=row.assigned)
    ]
    escalate_answered(answered, answering, now=now)


def _told(row: _Row, step: str, at: datetime) -> Fired:
    return Fired(
        clock_id=UUID(bytes=row.id),
        mention_id=UUID(bytes=row.mention_id),
        client_id=UUID(bytes=row.client_id),
        policy_id=UUID(bytes=row.policy_id),
        kind=row.kind,
        instance=row.instance,
        priority=row.priority,
        step=step,
        at=at,
        assigned=row.assigned,
    )


def _mend(mentions: Iterable[UUID], now: datetime) -> dict[UUID, datetime | None]:
    """Clocks that are due at another time than their rows say: a calendar changed, and they weren't reached yet."""
    moving = Moving(Mention.objects.filter(pk__in=list(mentions)).order_by("id"), now=now)
    if not moving.mentions:
        return {}
    moving.read()
    for clock in moving.clocks:
        moving.look(clock)
    moving.write()
    save_due(list(moving.mentions.values()))
    return {clock.pk: clock.next_fire_at for clock in moving.clocks}
