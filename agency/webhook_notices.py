"""The mails about webhooks: one that fails, one that is disabled, one whose maker left."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from agency.actions.notice_kinds import Mail, NoticeKind, register_notice
from agency.actions.webhooks.health import DISABLED, FAILING, ORPHANED
from agency.models import Agency, Notice, WebhookEndpoint
from agency.tenancy import current_agency
from agency.webhooks import DISABLE_AFTER


def _writer(
    template: str, subject: str, *, still: Callable[[WebhookEndpoint], bool]
) -> Callable[[Notice, datetime], Mail | None]:
    """`still`: whether it is as the notice says."""

    def write(notice: Notice, now: datetime) -> Mail | None:
        endpoint = (
            WebhookEndpoint.objects.select_related("created_by__user").filter(pk=notice.subject_id).first()
        )
        if endpoint is None or not still(endpoint):
            return None
        context = {
            "name": notice.to_name,
            "endpoint": endpoint,
            "maker": endpoint.created_by.name if endpoint.created_by else "",
            "days": DISABLE_AFTER.days,
            "agency": Agency.objects.get(pk=current_agency()),
            "link": settings.BASE_URL + reverse("webhook", args=[endpoint.pk]),
        }
        return Mail(
            subject=subject.format(name=endpoint.name),
            text=render_to_string(f"agency/mail/{template}.txt", context),
        )

    return write


def register() -> None:
    failing = _writer(
        "webhook_failing",
        "The webhook “{name}” has been failing for a day",
        still=lambda endpoint: endpoint.disabled_at is None and endpoint.failing_since is not None,
    )
    disabled = _writer(
        "webhook_disabled",
        "The webhook “{name}” is disabled: events aren't posted to it any more",
        still=lambda endpoint: endpoint.disabled_at is not None,
    )
    orphaned = _writer(
        "webhook_orphaned",
        "The webhook “{name}” goes on without who set it up",
        still=lambda endpoint: endpoint.disabled_at is None,
    )
    register_notice(FAILING, NoticeKind(write=failing, title="Webhook failing"))
    register_notice(DISABLED, NoticeKind(write=disabled, title="Webhook disabled"))
    register_notice(ORPHANED, NoticeKind(write=orphaned, title="Webhook without its maker"))
