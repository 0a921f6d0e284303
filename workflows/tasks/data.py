"""Exports are made, and what is to be erased is erased."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from celery import shared_task

from agency import clock
from agency.actions.alarms import on_alarm
from agency.models import Notice
from agency.tasks.deliver import deliver_notice
from agency.tasks.doorbell import ring_after_commit
from agency.tenancy import current_agency
from workflows.actions.erasing import erase
from workflows.actions.exports import build_export
from workflows.words import ERASE, ERASING_TELL, EXPORT_BUILD

# An export is one transaction, however much there is. The broker may hand it out again meanwhile: whoever makes it holds
# its row, so that a second one ends at once.
LONGEST = 6 * 3600


@shared_task(name="data.export", time_limit=LONGEST, soft_time_limit=LONGEST - 60)
def make_export(agency_id: str, export_id: str) -> None:
    build_export(UUID(agency_id), UUID(export_id), clock=clock.now)


@shared_task(name="data.erase")
def erase_data(agency_id: str, erasure_id: str) -> None:
    if not erase(UUID(agency_id), UUID(erasure_id), clock=clock.now):
        # More to do: at once, behind what others wait for. Should this ring be lost, the alarm rings.
        erase_data.apply_async((agency_id, erasure_id), countdown=1)


@on_alarm(EXPORT_BUILD)
def ring_for_exports(exports: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    agency_id = current_agency()
    for export_id in exports:
        ring_after_commit(make_export, agency_id, export_id)
    return dict.fromkeys(exports, now + timedelta(seconds=60))


@on_alarm(ERASE)
def ring_for_erasures(erasures: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    agency_id = current_agency()
    for erasure_id in erasures:
        ring_after_commit(erase_data, agency_id, erasure_id)
    return dict.fromkeys(erasures, now + timedelta(seconds=30))


@on_alarm(ERASING_TELL)
def ring_for_owners_mails(notices: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """The mails that go out although the agency is being erased: to its owners, about that."""
    agency_id = current_agency()
    settled = [Notice.State.SENT, Notice.State.FAILED]
    waiting = Notice.objects.filter(pk__in=notices).exclude(state__in=settled)
    due: dict[UUID, datetime | None] = {}
    for notice_id in waiting.values_list("pk", flat=True):
        ring_after_commit(deliver_notice, agency_id, notice_id)
        due[notice_id] = now + timedelta(seconds=60)
    return due
