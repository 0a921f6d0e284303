"""Events on their way to webhooks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from celery import shared_task

from agency import clock
from agency.actions.alarms import on_alarm
from agency.actions.webhooks.health import drop_of_disabled
from agency.actions.webhooks.queue import LOOK, NEW, Waiting, endpoints_of, look_by, waiting_at
from agency.actions.webhooks.sending import send_due
from agency.tasks.doorbell import ring_after_commit
from agency.tenancy import current_agency


@shared_task(name="deliver.webhook")
def deliver_webhook(agency_id: str, endpoint_id: str) -> None:
    if send_due(UUID(agency_id), UUID(endpoint_id), clock=clock.now):
        # There is more: behind what others wait for. Should this ring be lost, the endpoint's alarm rings.
        deliver_webhook.delay(agency_id, endpoint_id)


@on_alarm(NEW)
def ring_for_new(deliveries: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """From here on the endpoint's alarm wakes for them."""
    found = _ring(endpoints_of(deliveries), now)
    look_by({waiting.endpoint_id: waiting.look_at(now) for waiting in found}, wake=False)
    return {}


@on_alarm(LOOK)
def ring_for_due(endpoints: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    found = _ring(endpoints, now)
    if idle := {*endpoints} - {waiting.endpoint_id for waiting in found}:
        drop_of_disabled(idle, now=now)
    return {waiting.endpoint_id: waiting.look_at(now) for waiting in found}


def _ring(endpoints: Collection[UUID], now: datetime) -> list[Waiting]:
    found = waiting_at(endpoints, now)
    for waiting in found:
        for _ in range(waiting.rings(now)):
            ring_after_commit(deliver_webhook, current_agency(), waiting.endpoint_id)
    return found
