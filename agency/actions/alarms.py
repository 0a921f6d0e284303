"""Durable wake-ups: set them in the transaction that needs them; the sweep rings the handlers.

A handler is registered by kind with `@on_alarm(kind)`. It gets the ids of subjects that are due, all of one agency,
inside that agency's transaction, computes the truth again, and answers with the next due time of each subject
(None or absent: nothing more to wake for).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Q

from agency.errors import DomainError
from agency.ids import new_id
from agency.models import Agency, Alarm
from agency.tenancy import current_agency, tenant

log = structlog.get_logger("earshot.alarms")

Handler = Callable[[Sequence[UUID], datetime], Mapping[UUID, datetime | None]]
_handlers: dict[str, Handler] = {}

# A handler that keeps failing is tried again ever more rarely, and never forgotten.
RETRY_FIRST, RETRY_LAST = timedelta(seconds=5), timedelta(hours=1)
BATCH = 200
# What still rings for an agency that is to be erased: the erasure, the mails to its owners about it, and the exports by
# which they take their data along.
TO_THE_END = ("data.erase", "erasing.tell", "export.build", "export.expire")


def on_alarm(kind: str) -> Callable[[Handler], Handler]:
    """Register the handler of a kind; one handler a kind."""

    def register(handler: Handler) -> Handler:
        if _handlers.get(kind, handler) is not handler:
            raise RuntimeError(f"The alarm “{kind}” has a handler already.")
        _handlers[kind] = handler
        return handler

    return register


def set_alarm(kind: str, subject_id: UUID, due_at: datetime) -> None:
    """Wake for this subject at `due_at` (UTC), instead of any earlier setting."""
    set_alarms(kind, {subject_id: due_at})


def set_alarms(kind: str, due: Mapping[UUID, datetime]) -> None:
    if not due:
        return
    subjects = sorted(due)  # one order for all, so that two writers can't wait for each other
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO agency_alarm (id, agency_id, kind, subject_id, due_at, failures, last_error)
            SELECT id, %s, %s, subject_id, due_at, 0, ''
              FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS new (id, subject_id, due_at)
            ON CONFLICT (agency_id, kind, subject_id)
            DO UPDATE SET due_at = excluded.due_at, failures = 0, last_error = ''
            """,
            [
                current_agency(),
                kind,
                [new_id() for _ in subjects],
                subjects,
                [due[s] for s in subjects],
            ],
        )


def clear_alarms(kind: str, subjects: Sequence[UUID]) -> None:
    Alarm.objects.filter(agency_id=current_agency(), kind=kind, subject_id__in=subjects).delete()


@dataclass(frozen=True, slots=True)
class Swept:
    fired: int
    failed: int


def sweep(*, now: datetime, limit: int = 5000) -> Swept:
    """Ring for everything that is due at `now`, in batches of one agency and kind; safe to run many times at once."""
    fired = failed = 0
    while fired + failed < limit:
        batch = _sweep_batch(now)
        if batch is None:
            break
        fired, failed = fired + batch.fired, failed + batch.failed
    return Swept(fired, failed)


def _sweep_batch(now: datetime) -> Swept | None:
    """One batch of the earliest due alarm's agency and kind, in a transaction of its own; None when nothing is due.

    One agency and kind at a time, so that a slow or failing batch holds no other's rows.
    """
    with transaction.atomic():
        closing = Agency.objects.filter(erasing_at__isnull=False).values("pk")
        due = (
            Alarm.objects.select_for_update(skip_locked=True)
            .filter(due_at__lte=now, kind__in=_handlers)
            .exclude(~Q(kind__in=TO_THE_END), agency_id__in=closing)
        )
        first = due.order_by("due_at", "id").first()
        if first is None:
            return None
        same = due.filter(agency_id=first.agency_id, kind=first.kind).exclude(pk=first.pk)
        alarms = [first, *same.order_by("due_at", "id")[: BATCH - 1]]
        return Swept(*_ring(first.agency_id, first.kind, alarms, now))


def _ring(agency_id: UUID, kind: str, alarms: list[Alarm], now: datetime) -> tuple[int, int]:
    """(how many fired, how many failed). One bad subject doesn't keep the others waiting."""
    try:
        _handle(agency_id, kind, alarms, now)
    except Exception as caught:
        error = caught
    else:
        return len(alarms), 0
    if len(alarms) == 1:
        _put_off(alarms[0], error, now)
        return 0, 1
    rung = [_ring(agency_id, kind, [alarm], now) for alarm in alarms]
    return sum(done for done, _ in rung), sum(broken for _, broken in rung)


def _handle(agency_id: UUID, kind: str, alarms: list[Alarm], now: datetime) -> None:
    with tenant(agency_id):
        upcoming = _handlers[kind]([alarm.subject_id for alarm in alarms], now)
    later, over = [], []
    for alarm in alarms:
        due_at = upcoming.get(alarm.subject_id)
        if due_at is None:
            over.append(alarm.pk)
        else:
            alarm.due_at, alarm.failures, alarm.last_error = due_at, 0, ""
            later.append(alarm)
    Alarm.objects.filter(pk__in=over).delete()
    Alarm.objects.bulk_update(later, ["due_at", "failures", "last_error"])


def _put_off(alarm: Alarm, error: Exception, now: datetime) -> None:
    alarm.failures = min(alarm.failures + 1, 1000)
    alarm.due_at = now + min(RETRY_FIRST * 2 ** min(alarm.failures - 1, 12), RETRY_LAST)
    alarm.last_error = error.code if isinstance(error, DomainError) else type(error).__name__
    alarm.save(update_fields=["failures", "due_at", "last_error"])
    log.error(
        "alarm failed",
        kind=alarm.kind,
        subject=str(alarm.subject_id),
        failures=alarm.failures,
        exc_info=error,
    )
