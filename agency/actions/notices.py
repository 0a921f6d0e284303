"""Notices: mails as rows. Queued with what made them necessary, sent by a task outside every transaction.

Each kind is registered with `register_notice`: how its text is written, and what to do once it is on its way.
"""

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from agency.actions.alarms import clear_alarms, set_alarm
from agency.models import Notice
from agency.tenancy import tenant
from agency.text import one_line

log = structlog.get_logger("earshot.notices")

LEASE = timedelta(seconds=150)  # longer than a task may take, however slowly the mail server answers
ATTEMPTS = 8
RETRY_FIRST, RETRY_LAST = timedelta(seconds=20), timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """How a kind of notice is written, and what follows its sending or its failure.

    All three run inside the notice's agency; `write` answers None where the notice has lost its reason.
    """

    write: Callable[[Notice, datetime], Mail | None]
    sent: Callable[[Notice, datetime], None] = lambda notice, now: None
    failed: Callable[[Notice, datetime], None] = lambda notice, now: None


_kinds: dict[str, NoticeKind] = {}


def register_notice(kind: str, handling: NoticeKind) -> None:
    _kinds[kind] = handling


def queue_notice(
    *,
    kind: str,
    to: str,
    to_name: str,
    subject_id: UUID,
    recipient_id: UUID | None = None,
    now: datetime,
) -> Notice:
    """Queue a mail. The alarm rings at once and again until the notice is settled, so a lost task loses nothing."""
    notice = Notice(
        kind=kind,
        to=to,
        to_name=to_name,
        subject_id=subject_id,
        recipient_id=recipient_id,
        created_at=now,
    )
    notice.save(force_insert=True)
    set_alarm("notice.send", notice.pk, now)
    return notice


def send_notice(agency_id: UUID, notice_id: UUID, *, clock: Callable[[], datetime]) -> None:
    """Claim, send, record. Harmless when run twice at once; a second sending can only follow a crash in between."""
    with tenant(agency_id):
        claimed = _claim(notice_id, clock())
    if claimed is None:
        return
    notice, mail = claimed
    error = _send(notice, mail)
    with tenant(agency_id):
        _settle(notice_id, error, clock())


def _claim(notice_id: UUID, now: datetime) -> tuple[Notice, Mail] | None:
    notice = Notice.objects.select_for_update().filter(pk=notice_id).first()
    if notice is None or notice.state in {Notice.State.SENT, Notice.State.FAILED}:
        return None
    if notice.lease_until and notice.lease_until > now:
        return None
    if notice.attempts >= ATTEMPTS:
        # Whoever tried last died at it, or was ended for taking too long.
        _fail(notice, "Sending it broke off each time.")
        _kinds[notice.kind].failed(notice, now)
        return None
    mail = _kinds[notice.kind].write(notice, now)
    if mail is None:
        _fail(notice, "No longer needed.")
        return None
    notice.state, notice.lease_until = Notice.State.SENDING, now + LEASE
    notice.attempts += 1
    notice.save(update_fields=["state", "lease_until", "attempts"])
    set_alarm("notice.send", notice.pk, now + LEASE)
    return notice, mail


def _fail(notice: Notice, error: str) -> None:
    notice.state, notice.error = Notice.State.FAILED, error
    notice.save(update_fields=["state", "error"])
    clear_alarms("notice.send", [notice.pk])


def _send(notice: Notice, mail: Mail) -> Exception | None:
    message = EmailMultiAlternatives(
        subject=one_line(mail.subject, 200),
        body=mail.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.to],
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return error
    return None


def _settle(notice_id: UUID, error: Exception | None, now: datetime) -> None:
    notice = Notice.objects.select_for_update().filter(pk=notice_id).first()
    if notice is None:
        return  # what it was about was erased while it was on its way
    notice.lease_until = None
    kind = _kinds[notice.kind]
    if error is None:
        notice.state, notice.sent_at, notice.error = Notice.State.SENT, now, ""
        clear_alarms("notice.send", [notice.pk])
    else:
        notice.error = one_line(f"{type(error).__name__}: {error}", 300)
        if notice.attempts >= ATTEMPTS or _is_final(error):
            notice.state = Notice.State.FAILED
            clear_alarms("notice.send", [notice.pk])
        else:
            notice.state = Notice.State.QUEUED
            set_alarm(
                "notice.send",
                notice.pk,
                now + min(RETRY_FIRST * 2 ** (notice.attempts - 1), RETRY_LAST),
            )
        log.warning("notice not sent", kind=notice.kind, notice=str(notice.pk), attempt=notice.attempts)
    notice.save(update_fields=["state", "sent_at", "error", "lease_until"])
    if notice.state == Notice.State.SENT:
        kind.sent(notice, now)
    elif notice.state == Notice.State.FAILED:
        kind.failed(notice, now)


def _is_final(error: Exception) -> bool:
    """An address that is none, or that its server refuses for good; codes below 500 mean: try again later."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, ValueError)
