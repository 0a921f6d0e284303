"""Approved replies go out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from celery import shared_task
from django.db import transaction

from agency import clock
from agency.actions.alarms import on_alarm
from agency.tenancy import current_agency
from workflows.actions.publications import publish
from workflows.words import PUBLICATION_SEND


@shared_task(name="publish.reply")
def publish_reply(agency_id: str, publication_id: str) -> None:
    publish(UUID(agency_id), UUID(publication_id), clock=clock.now)


@on_alarm(PUBLICATION_SEND)
def ring_for_publications(publications: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Ring the doorbell; the sending sets what comes next, and should the ring be lost, ring again."""
    agency_id = str(current_agency())
    for publication_id in publications:
        transaction.on_commit(partial(publish_reply.delay, agency_id, str(publication_id)), robust=True)
    return dict.fromkeys(publications, now + timedelta(seconds=30))
