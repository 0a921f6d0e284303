"""The mail that says that a channel was disabled."""

from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from agency.actions.channel_health import DISABLED
from agency.actions.notice_kinds import Mail, NoticeKind, register_notice
from agency.models import Agency, Channel, Notice
from agency.tenancy import current_agency


def _write_disabled(notice: Notice, now: datetime) -> Mail | None:
    channel = Channel.objects.filter(pk=notice.subject_id).exclude(disabled_at=None).first()
    if channel is None:
        return None
    room = channel.member_id is None
    context = {
        "name": notice.to_name,
        "channel": channel,
        "kind": channel.get_kind_display(),
        "room": room,
        "agency": Agency.objects.get(pk=current_agency()),
        "link": settings.BASE_URL + reverse("rooms" if room else "channels"),
    }
    return Mail(
        subject=f"“{channel.name}” is disabled: notices didn't arrive",
        text=render_to_string("agency/mail/channel_disabled.txt", context),
    )


def register() -> None:
    register_notice(DISABLED, NoticeKind(write=_write_disabled, title="Channel disabled"))
