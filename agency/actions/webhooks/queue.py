"""When an endpoint is looked at: one alarm for each that has something open.

A new delivery rings by an alarm of its own (the database sets it with the event), so that nobody who makes events waits
for anybody else who does. From there on the endpoint's alarm wakes for the earliest of its open deliveries.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from agency.actions.alarms import set_alarms
from agency.models import WebhookDelivery
from agency.tenancy import current_agency
from agency.webhooks import IN_FLIGHT, PROBE

NEW, LOOK = "webhook.new", "webhook.look"
State = WebhookDelivery.State
OPEN = (State.PENDING, State.SENDING)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at an endpoint.

    Attributes:
        due: how many can be sent now, counted to as many as may be in flight.
        next_at: when the next of the others is due.
        rest_until: nothing is sent before.
        calm: it answers, and soon.
    """

    endpoint_id: UUID
    due: int
    next_at: datetime | None
    rest_until: datetime | None
    calm: bool

    def rings(self, now: datetime) -> int:
        """How many workers to ring for."""
        if self.rest_until is not None and self.rest_until > now:
            return 0
        return min(self.due, IN_FLIGHT if self.calm else PROBE)

    def look_at(self, now: datetime) -> datetime | None:
        """When to look again, whatever becomes of the rings."""
        resting = self.rest_until is not None and self.rest_until > now
        again = self.rest_until if resting else now + lease()
        soonest = min(filter(None, (self.next_at, again if self.due else None)), default=None)
        return max(soonest, self.rest_until) if soonest and resting and self.rest_until else soonest


def lease() -> timedelta:
    """How long a delivery is its sender's own, and after how long a ring that got lost is repeated: longer than an attempt
    takes, however slowly the other side answers."""
    return timedelta(seconds=2 * settings.WEBHOOK_SECONDS + 5)


_WAITING = f"""
SELECT endpoint.id,
       (SELECT count(*) FROM (SELECT FROM agency_webhookdelivery AS due
                               WHERE due.agency_id = endpoint.agency_id AND due.endpoint_id = endpoint.id
                                 AND due.state IN ('pending', 'sending') AND due.next_at <= %(now)s
                               LIMIT {IN_FLIGHT}) AS first),
       (SELECT min(next_at) FROM agency_webhookdelivery AS later
         WHERE later.agency_id = endpoint.agency_id AND later.endpoint_id = endpoint.id
           AND later.state IN ('pending', 'sending') AND later.next_at > %(now)s),
       endpoint.rest_until,
       endpoint.failing_since IS NULL AND NOT endpoint.is_slow
  FROM agency_webhookendpoint AS endpoint
 WHERE endpoint.agency_id = %(agency)s AND endpoint.id = ANY (%(endpoints)s) AND endpoint.disabled_at IS NULL
"""  # noqa: S608


def waiting_at(endpoints: Iterable[UUID], now: datetime) -> list[Waiting]:
    """Of those of these endpoints that are in use."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WAITING, {"now": now, "agency": current_agency(), "endpoints": sorted(set(endpoints))}
        )
        return [Waiting(*row) for row in cursor.fetchall()]


def endpoints_of(deliveries: Sequence[UUID]) -> list[UUID]:
    return list(
        WebhookDelivery.objects.filter(pk__in=deliveries, state__in=OPEN)
        .order_by()
        .values_list("endpoint_id", flat=True)
        .distinct()
    )


def look_by(due: Mapping[UUID, datetime | None], *, wake: bool = True) -> None:
    """Look at these endpoints at these times, or sooner where somebody has asked for that."""
    set_alarms(LOOK, {pk: at for pk, at in due.items() if at is not None}, wake=wake, keep_sooner=True)


def open_deliveries(endpoint_id: UUID) -> "QuerySet[WebhookDelivery]":
    rows: QuerySet[WebhookDelivery] = WebhookDelivery.objects.filter(endpoint_id=endpoint_id, state__in=OPEN)
    return rows
