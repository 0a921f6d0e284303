"""Approved replies go out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from celery import shared_task

from agency import clock
from agency.actions.alarms import on_alarm
from agency.tasks.doorbell import ring_after_commit
from agency.tenancy import current_agency
from workflows.actions.publications import publish
from workflows.words import PUBLICATION_SEND


@shared_task(name="publish.reply")
def publish_reply(agency_id: str, publication_id: str) -> None:
    publish(UUID(agency_id), UUID(publication_id), clock=clock.now)


@on_alarm(PUBLICATION_SEND)
def ring_for_publications(publications: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Ring the doorbell; the sending sets what comes next, and should the ring be lost, ring again."""
    agency_id = current_agency()
    for publication_id in publications:
        ring_after_commit(publish_reply, agency_id, publication_id)
    return dict.fromkeys(publications, now + timedelta(seconds=30))
