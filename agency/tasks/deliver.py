"""Mails on their way."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from celery import shared_task
from django.db import transaction

from agency import clock
from agency.actions.alarms import on_alarm
from agency.actions.notices import send_notice
from agency.tenancy import current_agency


@shared_task(name="deliver.notice")
def deliver_notice(agency_id: str, notice_id: str) -> None:
    send_notice(UUID(agency_id), UUID(notice_id), now=clock.now())


@on_alarm("notice.send")
def ring_for_notices(notices: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Ring the doorbell; should the ring be lost, ring again."""
    agency_id = str(current_agency())
    for notice_id in notices:
        transaction.on_commit(partial(deliver_notice.delay, agency_id, str(notice_id)), robust=True)
    return dict.fromkeys(notices, now + timedelta(seconds=30))
