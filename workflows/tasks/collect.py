"""Sources that are due are read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from celery import shared_task

from agency import clock
from agency.actions.alarms import on_alarm
from agency.tasks.doorbell import ring_after_commit
from agency.tenancy import current_agency
from workflows.actions.collect import collect


@shared_task(name="collect.source")
def collect_source(agency_id: str, source_id: str) -> None:
    collect(UUID(agency_id), UUID(source_id), clock=clock.now)


@on_alarm("source.read")
def ring_for_sources(sources: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Ring the doorbell; the reading sets the next time, and should the ring be lost, ring again."""
    agency_id = current_agency()
    for source_id in sources:
        ring_after_commit(collect_source, agency_id, source_id)
    return dict.fromkeys(sources, now + timedelta(seconds=60))
