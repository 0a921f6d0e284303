"""Durable wake-ups: set them in the transaction that needs them; the sweep rings the handlers.

A handler is registered by kind with `@on_alarm(kind)`. It gets the ids of subjects that are due, all of one agency,
inside that agency's transaction, computes the truth again, and answers with the next due time of each subject
(None or absent: nothing more to wake for). It talks to the database alone; what is to be done elsewhere it rings for.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from agency.errors import DomainError
from agency.gathered import Part, gathering
from agency.ids import new_id
from agency.models import Alarm
from agency.packed import Ids, Times, adapt
from agency.tenancy import current_agency, tenant

log = structlog.get_logger("earshot.alarms")

Handler = Callable[[Sequence[UUID], datetime], Mapping[UUID, datetime | None]]
_handlers: dict[str, Handler] = {}

# A handler that keeps failing is tried again ever more rarely, and never forgotten.
RETRY_FIRST, RETRY_LAST = timedelta(seconds=5), timedelta(hours=1)
BATCH = 1000
# Among so many of the earliest a batch is gathered, so that one agency's flood is no long way for the others.
WINDOW = 5 * BATCH
# Looking for others behind a flood, in vain, is done again after so many times as long as it took.
REST = 4
# What still rings for an agency that is to be erased: the erasure, the mails to its owners about it, and the exports by
# which they take their data along.
TO_THE_END = ("data.erase", "erasing.tell", "export.build", "export.expire")

# Sweepers that sleep listen here, and look at least every LOOK. What is due before they surely looked calls them; the
# rest doesn't, because transactions that notify commit one after the other.
CHANNEL = "earshot_alarms"
LOOK = timedelta(seconds=1)
NEAR = 2 * LOOK

# The bounds of one batch. A batch that waits fails and is tried again; one whose machine is gone frees its rows.
_BOUNDS = (
    "SELECT set_config('lock_timeout', '5s', true), set_config('statement_timeout', '60s', true),"
    " set_config('idle_in_transaction_session_timeout', '60s', true),"
    # A thousand rows by their keys: never by reading a whole table, which at a hundred thousand rows seems as cheap.
    " set_config('random_page_cost', '1.1', true)"
)
_RINGS = (
    "kind = ANY(%(kinds)s) AND (kind = ANY(%(to_the_end)s)"
    " OR agency_id NOT IN (SELECT id FROM agency_agency WHERE erasing_at IS NOT NULL))"
)
_NEXT = f"SELECT clock_timestamp(), (SELECT due_at FROM agency_alarm WHERE {_RINGS} ORDER BY due_at LIMIT 1)"  # noqa: S608
# All by the index of due times, whatever the planner knows about agencies: `IS NOT DISTINCT FROM` leaves it no other.
# The conditions are those of the table itself, so that a row which somebody just moved is asked again once it is locked.
_TAKE = f"""
WITH first AS MATERIALIZED (
    SELECT agency_id, kind, due_at FROM agency_alarm
     WHERE due_at <= %(now)s AND {_RINGS}
       AND (agency_id, kind) NOT IN (SELECT * FROM unnest(%(agencies)s::uuid[], %(served)s::text[]))
     ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
SELECT id, agency_id, kind, subject_id, failures, extract(epoch FROM due_at)::float8 FROM agency_alarm
 WHERE due_at >= (SELECT due_at FROM first) AND due_at <= %(now)s
   AND due_at <= coalesce((SELECT due_at FROM agency_alarm
                            WHERE due_at >= (SELECT due_at FROM first) AND due_at <= %(now)s
                            ORDER BY due_at OFFSET {WINDOW} LIMIT 1), 'infinity')
   AND agency_id IS NOT DISTINCT FROM (SELECT agency_id FROM first)
   AND kind IS NOT DISTINCT FROM (SELECT kind FROM first)
 ORDER BY due_at LIMIT {BATCH} FOR UPDATE SKIP LOCKED
"""  # noqa: S608


# As below, of what waits in a block.
_SET = {
    (keep_sooner, wake): Part(
        f"""
        INSERT INTO agency_alarm (id, agency_id, kind, subject_id, due_at, failures, last_error)
        SELECT id, {{agency}}, kind, subject_id, due_at, 0, ''
          FROM jsonb_to_recordset({{rows}}) AS new (id uuid, kind text, subject_id uuid, due_at timestamptz)
            ON CONFLICT (agency_id, kind, subject_id)
            DO UPDATE SET due_at = {"least(agency_alarm.due_at, excluded.due_at)" if keep_sooner else "excluded.due_at"},
                          failures = 0, last_error = ''
        RETURNING due_at
        """,  # noqa: S608
        f"""
        SELECT pg_notify('{CHANNEL}', extract(epoch FROM min(due_at))::text) FROM {{part}}
        HAVING min(due_at) < clock_timestamp() + make_interval(secs => {NEAR.total_seconds()})
        """  # noqa: S608
        if wake
        else "",
        each=keep_sooner,
    )
    for keep_sooner in (False, True)
    for wake in (False, True)
}
_CLEAR = Part(
    """
    DELETE FROM agency_alarm AS alarm
     USING jsonb_to_recordset({rows}) AS gone (kind text, subject_id uuid)
     WHERE alarm.agency_id = {agency} AND alarm.kind = gone.kind AND alarm.subject_id = gone.subject_id
    """
)


def on_alarm(kind: str) -> Callable[[Handler], Handler]:
    """Register the handler of a kind; one handler a kind."""

    def register(handler: Handler) -> Handler:
        if _handlers.get(kind, handler) is not handler:
            raise RuntimeError(f"The alarm “{kind}” has a handler already.")
        _handlers[kind] = handler
        return handler

    return register


# Setting ----------------------------------------------------------------------------------------------


def set_alarm(kind: str, subject_id: UUID, due_at: datetime, *, wake: bool = True) -> None:
    """Wake for this subject at `due_at` (UTC), instead of any earlier setting."""
    set_alarms(kind, {subject_id: due_at}, wake=wake)


def set_alarms(
    kind: str, due: Mapping[UUID, datetime], *, wake: bool = True, keep_sooner: bool = False
) -> None:
    """Wake for each subject at its time, instead of any earlier setting.

    Args:
        wake: call the sweepers where that is sooner than they look; without it such an alarm may be LOOK late.
        keep_sooner: an alarm that is set for sooner stays, for handlers that find out by themselves when to wake next.
    """
    if not due:
        return
    subjects = sorted(due)  # one order for all, so that two writers can't wait for each other
    block = gathering()
    if block is not None:
        part = _SET[keep_sooner, wake]
        for subject_id in subjects:
            row = {"id": new_id(), "kind": kind, "subject_id": subject_id, "due_at": due[subject_id]}
            block.add(part, (kind, subject_id), row)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH written AS (
                INSERT INTO agency_alarm (id, agency_id, kind, subject_id, due_at, failures, last_error)
                SELECT id, %s, %s, subject_id, due_at, 0, ''
                  FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS new (id, subject_id, due_at)
                ON CONFLICT (agency_id, kind, subject_id)
                DO UPDATE SET due_at = CASE WHEN %s THEN least(agency_alarm.due_at, excluded.due_at)
                                            ELSE excluded.due_at END,
                              failures = 0, last_error = ''
                RETURNING due_at
            )
            SELECT pg_notify(%s, extract(epoch FROM min(due_at))::text) FROM written
            HAVING %s::bool AND min(due_at) < clock_timestamp() + make_interval(secs => %s)
            """,
            [
                current_agency(),
                kind,
                [new_id() for _ in subjects],
                subjects,
                [due[s] for s in subjects],
                keep_sooner,
                CHANNEL,
                wake,
                NEAR.total_seconds(),
            ],
        )


def clear_alarms(kind: str, subjects: Sequence[UUID]) -> None:
    block = gathering()
    if block is not None:
        for subject_id in subjects:
            block.add(_CLEAR, (kind, subject_id), {"kind": kind, "subject_id": subject_id})
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM agency_alarm WHERE agency_id = %s AND kind = %s AND subject_id = ANY(%s)",
            [current_agency(), kind, list(subjects)],
        )


# Sweeping ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Swept:
    """How many fired and how many failed, and when the earliest of them was due."""

    fired: int = 0
    failed: int = 0
    since: datetime | None = None


@dataclass(slots=True)
class _Due:
    id: bytes
    agency_id: UUID
    kind: str
    subject_id: UUID
    failures: int
    due: float  # seconds, which are read quicker than a time


def next_due() -> tuple[datetime, datetime | None]:
    """The database's time, and when something is due next that this process has a handler for."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, _rings())
        now, due_at = cursor.fetchone()
    return now, due_at


@dataclass(slots=True)
class Turns:
    """Who was served since everybody was, so that one agency's flood doesn't keep the others waiting.

    To find out that nobody else has anything due, the whole flood is passed over: so that isn't asked again at once.
    """

    served: set[tuple[UUID, str]] = field(default_factory=set)  # agencies and kinds
    asked: float = 0.0
    ask_again: float = 0.0

    def passed_over(self) -> set[tuple[UUID, str]]:
        self.asked = time.monotonic()
        return self.served if self.asked >= self.ask_again else set()

    def begin_again(self) -> None:
        taken = time.monotonic() - self.asked
        self.served.clear()
        self.ask_again = time.monotonic() + REST * taken


def sweep(*, now: datetime, limit: int = 5000, turns: Turns | None = None) -> Swept:
    """Ring for what is due at `now`, in batches of one agency and kind; safe to run many times at once.

    The earliest first, but in turns: who was served waits until everybody else who has something due was.

    Args:
        limit: start no batch after so many; the rest is for the next call.
        turns: kept by whoever calls again and again with a small limit.
    """
    turns, done = turns or Turns(), Swept()
    while done.fired + done.failed < limit:
        passed_over = turns.passed_over()
        batch = _sweep_batch(now, passed_over)
        if batch is None and passed_over:
            turns.begin_again()
            batch = _sweep_batch(now, set())
        if batch is None:
            break
        turns.served.add(batch.whose)
        since = min(filter(None, (done.since, batch.swept.since)))
        done = Swept(done.fired + batch.swept.fired, done.failed + batch.swept.failed, since)
    return done


@dataclass(frozen=True, slots=True)
class _Batch:
    whose: tuple[UUID, str]
    swept: Swept


def _sweep_batch(now: datetime, passed_over: Collection[tuple[UUID, str]]) -> _Batch | None:
    """One batch of the earliest due alarm's agency and kind, in a transaction of its own; None when nothing is due.

    One agency and kind at a time, so that a slow or failing batch holds no other's rows.
    """
    given: dict[str, Any] = {
        **_rings(),
        "now": now,
        "agencies": [agency_id for agency_id, _ in passed_over],
        "served": [kind for _, kind in passed_over],
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_BOUNDS)
            adapt(cursor)
            cursor.execute(_TAKE, given)
            alarms = _taken(cursor.fetchall())
        if not alarms:
            return None
        fired, failed = _ring(alarms, now)
    return _Batch(
        (alarms[0].agency_id, alarms[0].kind),
        Swept(fired, failed, datetime.fromtimestamp(alarms[0].due, UTC)),
    )


def _taken(rows: Sequence[Any]) -> list[_Due]:
    """All of one agency."""
    if not rows:
        return []
    agency_id = UUID(bytes=rows[0][1])
    return [_Due(pk, agency_id, kind, UUID(bytes=subject), *rest) for pk, _, kind, subject, *rest in rows]


def _rings() -> dict[str, list[str]]:
    return {"kinds": [*_handlers], "to_the_end": [*TO_THE_END]}


def _ring(alarms: Sequence[_Due], now: datetime) -> tuple[int, int]:
    """(how many fired, how many failed). A bad subject is found by halving, and keeps none of the others waiting."""
    try:
        _handle(alarms, now)
    except Exception as caught:
        if not connection.is_usable():
            raise  # nobody's fault: the database is away, and nothing of this batch happened
        error = caught
    else:
        return len(alarms), 0
    if len(alarms) == 1:
        _put_off(alarms[0], error, now)
        return 0, 1
    half = len(alarms) // 2
    (fired, failed), (more, worse) = _ring(alarms[:half], now), _ring(alarms[half:], now)
    return fired + more, failed + worse


def _handle(alarms: Sequence[_Due], now: datetime) -> None:
    agency_id, kind = alarms[0].agency_id, alarms[0].kind
    with tenant(agency_id):
        upcoming = _handlers[kind]([alarm.subject_id for alarm in alarms], now)
    # Outside the savepoint, where they were locked: a row that one level locks and another deletes costs a multixact,
    # and its index entry is passed over by every look until the next vacuum.
    again = {alarm.id: due_at for alarm in alarms if (due_at := upcoming.get(alarm.subject_id))}
    _settle([alarm.id for alarm in alarms if alarm.id not in again], again)


def _settle(over: list[bytes], again: Mapping[bytes, datetime]) -> None:
    with connection.cursor() as cursor:
        adapt(cursor)
        cursor.execute(
            "WITH over AS (DELETE FROM agency_alarm WHERE id = ANY(%s))"
            " UPDATE agency_alarm AS alarm SET due_at = new.due_at, failures = 0, last_error = ''"
            " FROM unnest(%s, %s) AS new (id, due_at) WHERE alarm.id = new.id",
            [Ids.of(over), Ids.of([*again]), Times.of([*again.values()])],
        )


def _put_off(alarm: _Due, error: Exception, now: datetime) -> None:
    failures = min(alarm.failures + 1, 1000)
    due_at = now + min(RETRY_FIRST * 2 ** min(failures - 1, 12), RETRY_LAST)
    last_error = error.code if isinstance(error, DomainError) else type(error).__name__
    Alarm.objects.filter(pk=UUID(bytes=alarm.id)).update(
        failures=failures, due_at=due_at, last_error=last_error
    )
    log.error(
        "alarm failed", kind=alarm.kind, subject=str(alarm.subject_id), failures=failures, exc_info=error
    )
