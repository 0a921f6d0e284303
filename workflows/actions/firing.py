"""Warnings and breaches, fired by the sweep: what is due, many clocks at a time.

A sweep has thousands of clocks, so nothing here is done row by row but the arithmetic: the due clocks are read in one
statement, and all that follows from them is written in another.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from psycopg.pq import Format

from agency.actions.alarms import on_alarm
from agency.ids import new_id
from agency.tenancy import current_agency
from clients.hours import HorizonExceeded
from clients.queries.calendars import hours_by_calendar
from mentions.models import Mention
from workflows.actions.clock_rows import Moving, save_due
from workflows.actions.escalation import Fired, escalate
from workflows.clock import BREACH, MICROSECOND, look
from workflows.words import CLOCK_DUE

# A mention that somebody is just moving is looked at again a moment later.
BUSY = timedelta(milliseconds=200)


class _Row(NamedTuple):
    """An open clock that an alarm rang for, with what is needed of its mention."""

    id: UUID
    mention_id: UUID
    client_id: UUID
    priority: str
    assigned: bool
    policy_id: UUID
    kind: str
    instance: int
    calendar_id: UUID | None
    warn_at: list[int]
    target: timedelta
    used: timedelta
    running_since: datetime | None
    breached_at: datetime | None
    grace: timedelta
    late: bool
    fired: list[str]
    due_at: datetime | None


# The place of the row in what is written; a step of it, and when.
_Step = tuple[int, str, datetime]


# In an order that all keep, and past whoever holds one: a sweep waits for no mention.
_LOCK = """
SELECT id FROM mentions_mention
 WHERE agency_id = %(agency)s
   AND id = ANY (ARRAY(SELECT mention_id FROM workflows_clock WHERE agency_id = %(agency)s AND id = ANY (%(clocks)s::uuid[])))
 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
# A statement of its own, because it must see what whoever held a mention before has written.
_READ = """
SELECT clock.id, clock.mention_id, mention.client_id, mention.priority,
       mention.assignee_id IS NOT NULL, clock.policy_id, clock.kind, clock.instance,
       clock.calendar_id, clock.warn_at, clock.target, clock.used, clock.running_since, clock.breached_at, clock.grace,
       clock.excused_late, clock.fired, clock.due_at
  FROM workflows_clock AS clock
  JOIN mentions_mention AS mention ON (mention.agency_id, mention.id) = (clock.agency_id, clock.mention_id)
 WHERE clock.agency_id = %(agency)s AND clock.id = ANY (%(clocks)s::uuid[]) AND clock.stopped_at IS NULL
"""
_WRITE = """
WITH looked AS MATERIALIZED (
    SELECT new.*, clock.kind, clock.instance, clock.lines, clock.mention_id
      FROM unnest(%(ids)s::uuid[], %(clients)s::uuid[], %(nexts)s::timestamptz[])
           WITH ORDINALITY AS new (clock_id, client_id, next_fire_at, place)
      JOIN workflows_clock AS clock ON clock.agency_id = %(agency)s AND clock.id = new.clock_id
), fired AS MATERIALIZED (
    SELECT looked.*, new.step, new.at, new.line_id, new.event_id,
           lines + row_number() OVER (PARTITION BY place ORDER BY nth) AS n
      FROM unnest(%(places)s::int[], %(steps)s::text[], %(ats)s::timestamptz[], %(line_ids)s::uuid[],
                  %(event_ids)s::uuid[]) WITH ORDINALITY AS new (place, step, at, line_id, event_id, nth)
      JOIN looked USING (place)
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
   SET fired = clock.fired || coalesce(mine.steps, '{}'), lines = coalesce(mine.n, clock.lines),
       next_fire_at = looked.next_fire_at, breached_at = coalesce(clock.breached_at, mine.breached_at)
  FROM looked
  LEFT JOIN (SELECT place, array_agg(step::varchar ORDER BY n) AS steps, max(n) AS n,
                    max(at) FILTER (WHERE step = 'breach') AS breached_at
               FROM fired GROUP BY place) AS mine USING (place)
 WHERE clock.agency_id = %(agency)s AND clock.id = looked.clock_id
"""


@on_alarm(CLOCK_DUE)
def fire_clocks(clocks: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Warnings and breaches that are due, each once, never early. Answers when to look at each clock next."""
    rows, busy = _read(clocks)
    upcoming: dict[UUID, datetime | None] = dict.fromkeys(busy, now + BUSY)
    hours = hours_by_calendar({row.calendar_id for row in rows})
    looked: list[tuple[_Row, datetime | None]] = []
    steps: list[_Step] = []
    stale = set[UUID]()
    for row in rows:
        try:
            due, coming = look(row, now, hours[row.calendar_id], tuple(row.warn_at))
        except (HorizonExceeded, OverflowError):
            stale.add(row.mention_id)
            continue
        next_at = coming[0] if coming else None
        if _due_of(due, coming) not in {row.due_at, None}:
            stale.add(row.mention_id)
            continue
        place = len(looked) + 1
        looked.append((row, next_at))
        steps += [(place, step, at) for step, at in due]
        upcoming[row.id] = next_at
    _write(looked, steps, now)
    return upcoming | _mend(stale, now) if stale else upcoming


def _due_of(due: Sequence[tuple[str, datetime]], coming: tuple[datetime, str] | None) -> datetime | None:
    """When the clock is due, where looking at it came so far."""
    if coming:
        return coming[0] - MICROSECOND if coming[1] == BREACH else None
    return due[-1][1] if due else None


def _read(clocks: Sequence[UUID]) -> tuple[list[_Row], list[UUID]]:
    """The open ones of these clocks, their mentions locked; and those whose mention somebody else holds."""
    given: dict[str, Any] = {"agency": current_agency(), "clocks": _array(clock.hex for clock in clocks)}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, given)
        locked = {mention_id for (mention_id,) in cursor.fetchall()}
        # Times and amounts come as numbers, not as text that is to be parsed.
        cursor.cursor.format = Format.BINARY
        cursor.execute(_READ, given)
        rows = [_Row(*row) for row in cursor.fetchall()]
    if len(locked) == len(clocks):
        return rows, []
    return [row for row in rows if row.mention_id in locked], [
        row.id for row in rows if row.mention_id not in locked
    ]


def _write(looked: Sequence[tuple[_Row, datetime | None]], steps: Sequence[_Step], now: datetime) -> None:
    """The lines, what the world is told, the breaches of mentions, and the clocks themselves: one statement."""
    if not looked:
        return
    places, names, ats = zip(*steps, strict=True) if steps else ((), (), ())
    given: dict[str, Any] = {
        "agency": current_agency(),
        "now": now,
        "ids": _array(row.id.hex for row, _ in looked),
        "clients": _array(row.client_id.hex for row, _ in looked),
        "nexts": _array(at or "NULL" for _, at in looked),
        "places": _array(places),
        "steps": _array(names),
        "ats": _array(ats),
        "line_ids": _array(new_id().hex for _ in steps),
        "event_ids": _array(new_id().hex for _ in steps),
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, given)
    if steps:
        escalate([_told(looked[place - 1][0], step, at) for place, step, at in steps], now=now)


def _told(row: _Row, step: str, at: datetime) -> Fired:
    return Fired(
        clock_id=row.id,
        mention_id=row.mention_id,
        client_id=row.client_id,
        policy_id=row.policy_id,
        kind=row.kind,
        instance=row.instance,
        priority=row.priority,
        step=step,
        at=at,
        assigned=row.assigned,
    )


def _array(values: Iterable[object]) -> str:
    """An array as PostgreSQL reads it, of ids, numbers, times and words that need no quoting: far cheaper than a list."""
    return "{" + ",".join(map(str, values)) + "}"


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
