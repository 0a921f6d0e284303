"""That an API key is going to end: told to who made it and to the agency's owners, a week and a day before."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from agency.actions.alarms import on_alarm
from agency.actions.notice_kinds import About, Mail, NoticeKind, register_notice
from agency.actions.notices import notify_member
from agency.key_ends import BEFORE, ENDS, next_warning
from agency.models import ApiKey, Membership, Notice
from agency.rights import Role
from agency.templatetags.words import units
from agency.tenancy import current_agency

# A mail may be a while on its way to its being written; an end that was put off is much further away than this.
_SLACK = timedelta(hours=12)


@on_alarm(ENDS)
def tell_of_ends(keys: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Looks again at each key: one that was revoked, or goes on for longer now, is nobody's concern."""
    rows = ApiKey.objects.filter(pk__in=keys, agency_id=current_agency(), revoked_at=None, expires_at__gt=now)
    found = list(rows)
    for key in found:
        if _is_near(key, now):
            for member in _concerned(key):
                notify_member(member, kind=ENDS, subject_id=key.pk, now=now)
    return {key.pk: next_warning(key.expires_at, after=now) for key in found}


def _is_near(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is not None and now < key.expires_at <= now + max(BEFORE) + _SLACK


def _concerned(key: ApiKey) -> list[Membership]:
    rows = Membership.objects.filter(agency_id=key.agency_id, left_at=None, user__is_active=True)
    wanted = Q(role=Role.OWNER) | Q(pk=key.created_by_id)
    return list(rows.filter(wanted).select_related("user").order_by("created_at", "id"))


def _key_of(notice: Notice) -> ApiKey | None:
    rows = ApiKey.objects.filter(pk=notice.subject_id, agency_id=current_agency(), revoked_at=None)
    return rows.select_related("agency", "created_by__user").first()


def _write(notice: Notice, now: datetime) -> Mail | None:
    key = _key_of(notice)
    if key is None or key.expires_at is None or not _is_near(key, now):
        return None
    left = units(key.expires_at - now)[0]
    local = localtime(key.expires_at, ZoneInfo(key.agency.time_zone))
    link = settings.BASE_URL + reverse("key", args=[key.pk])
    context: dict[str, Any] = {
        "name": notice.to_name,
        "key": key,
        "agency": key.agency,
        "left": left,
        "when": date_format(local, "l j F Y, G:i"),
        "link": link,
    }
    subject = f"The API key “{key.name}” ends in {left}"
    return Mail(
        subject=subject,
        text=render_to_string("agency/mail/key_ends.txt", context),
        short=f"{subject[:180]}: {link}",
    )


def _about(notice: Notice) -> About | None:
    key = _key_of(notice)
    return None if key is None else About(f"The API key “{key.name}” ends", url=reverse("key", args=[key.pk]))


def register() -> None:
    register_notice(ENDS, NoticeKind(write=_write, about=_about, title="API key ends"))
