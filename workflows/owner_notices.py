"""The mails to an agency's owners: that it is going to be erased, and that it isn't after all."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from agency.actions.notices import Mail, NoticeKind, register_notice
from agency.models import Agency, Erasure, Notice
from workflows.actions.erasures import ERASING, ERASING_CALLED_OFF


def _about(notice: Notice) -> tuple[Erasure, dict[str, Any]] | None:
    erasure = Erasure.objects.filter(pk=notice.subject_id).first()
    if erasure is None:
        return None
    agency = Agency.objects.get(pk=erasure.agency_id)
    due_at = erasure.due_at.astimezone(ZoneInfo(agency.time_zone))
    return erasure, {
        "agency": agency,
        "asked_by": erasure.asked_by,
        "due": f"{due_at:%A %d %B %Y, %H:%M} ({agency.time_zone})",
        "link": settings.BASE_URL + reverse("data"),
    }


def _write_erasing(notice: Notice, now: datetime) -> Mail | None:
    found = _about(notice)
    if found is None or found[0].state != Erasure.State.WAITING:
        return None
    subject = f"{found[1]['agency'].name} is going to be erased"
    return Mail(subject=subject, text=render_to_string("workflows/mail/erasing.txt", found[1]))


def _write_called_off(notice: Notice, now: datetime) -> Mail | None:
    found = _about(notice)
    if found is None:
        return None
    subject = f"{found[1]['agency'].name} stays: its erasure was called off"
    return Mail(subject=subject, text=render_to_string("workflows/mail/erasing_called_off.txt", found[1]))


def register() -> None:
    register_notice(ERASING, NoticeKind(write=_write_erasing))
    register_notice(ERASING_CALLED_OFF, NoticeKind(write=_write_called_off))
