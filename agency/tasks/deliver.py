"""Mails on their way."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from celery import shared_task

from agency import clock
from agency.actions.alarms import on_alarm
from agency.actions.notices import send_notice
from agency.tasks.doorbell import ring_after_commit
from agency.tenancy import current_agency


@shared_task(name="deliver.notice")
def deliver_notice(agency_id: str, notice_id: str) -> None:
    send_notice(UUID(agency_id), UUID(notice_id), clock=clock.now)


@on_alarm("notice.send")
def ring_for_notices(notices: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Ring the doorbell; should the ring be lost, ring again."""
    agency_id = current_agency()
    for notice_id in notices:
        ring_after_commit(deliver_notice, agency_id, notice_id)
    return dict.fromkeys(notices, now + timedelta(seconds=30))
