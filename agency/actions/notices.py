"""Notices: messages as rows. Queued with what made them necessary, sent by a task outside every transaction.

Each kind is registered with `register_notice`: how its text is written, and what to do once it is on its way.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Q

from agency.actions.acknowledgements import acknowledge, can_be_taken, make_ack_link
from agency.actions.alarms import clear_alarms, set_alarm
from agency.actions.channel_health import note_failure, note_success
from agency.actions.notice_kinds import (
    About,
    Mail,
    NoticeKind,
    asks_to_be_acknowledged,
    handling_of,
    register_notice,
)
from agency.actions.notice_queue import SEND, notify_member, notify_rooms, queue_in_their_place, queue_notice
from agency.messengers.parcel import Outcome, Parcel
from agency.messengers.send import deliver
from agency.models import Channel, Notice, NoticeAttempt
from agency.queries.notices import why_no_longer
from agency.sealed import opened
from agency.tenancy import tenant
from agency.text import one_line
from agency.vault import VaultError

__all__ = [
    "ATTEMPTS",
    "LEASE",
    "URGENT_ATTEMPTS",
    "About",
    "Mail",
    "NoticeKind",
    "acknowledge",
    "make_ack_link",
    "notify_member",
    "notify_rooms",
    "queue_notice",
    "register_notice",
    "send_notice",
]

log = structlog.get_logger("earshot.notices")

LEASE = timedelta(seconds=150)  # longer than a task may take, however slowly the other side answers
ATTEMPTS = 8
# What is urgent goes another way after a minute, not after an hour.
URGENT_ATTEMPTS = 3
RETRY_FIRST, RETRY_LAST = timedelta(seconds=20), timedelta(hours=2)
State, Tried = Notice.State, NoticeAttempt.Outcome


def send_notice(agency_id: UUID, notice_id: UUID, *, clock: Callable[[], datetime]) -> None:
    """Claim, send, record. Harmless when run twice at once; a second sending can only follow a crash in between."""
    with tenant(agency_id):
        parcel = _claim(notice_id, clock())
    if parcel is None:
        return
    outcome = deliver(parcel)
    with tenant(agency_id):
        _settle(notice_id, outcome, clock())


# Claiming ----------------------------------------------------------------------------------------------


def _claim(notice_id: UUID, now: datetime) -> Parcel | None:
    batch = _locked(notice_id)
    notice = next((row for row in batch if row.pk == notice_id), None)
    if notice is None or notice.state in {State.SENT, State.FAILED}:
        return None
    if notice.lease_until and notice.lease_until > now:
        return None
    _note_broken_off(notice, now)
    if notice.attempts >= _most(notice):
        # Whoever tried last died at it, or was ended for taking too long.
        _give_up(notice, batch, "Sending it broke off each time.", now)
        return None
    if lost := _lost_reason(notice):
        _drop(notice, lost)
        return None
    mail = handling_of(notice.kind).write(notice, now)
    if mail is None:
        _drop(notice, "No longer needed.")
        return None
    notice.state, notice.lease_until = State.SENDING, now + LEASE
    notice.attempts += 1
    notice.save(update_fields=["state", "lease_until", "attempts"])
    NoticeAttempt(notice=notice, n=notice.attempts, at=now).save(force_insert=True)
    set_alarm(SEND, notice.pk, now + LEASE)
    return _parcel(notice, mail, now)


def _locked(notice_id: UUID) -> list[Notice]:
    """The notice and those that stand beside it, locked: after the mention that they are about, in one order for all."""
    notice = Notice.objects.filter(pk=notice_id).first()
    if notice is None:
        return []  # what it was about was erased
    handling_of(notice.kind).lock(notice)
    which = Q(batch=notice.batch) if notice.batch else Q(pk=notice_id)
    rows = Notice.objects.select_for_update(of=("self",)).filter(which)
    return list(rows.select_related("channel", "member__user").order_by("id"))


def _most(notice: Notice) -> int:
    return URGENT_ATTEMPTS if notice.urgent and notice.via != Channel.Kind.MAIL else ATTEMPTS


def _lost_reason(notice: Notice) -> str:
    if notice.acknowledged_at is not None:
        return f"{notice.acknowledged_by} took it first."
    if why := why_no_longer(notice):
        return why
    if asks_to_be_acknowledged(notice.kind) and not can_be_taken(notice):
        return f"{notice.to_name} only reads now."
    return ""


def _drop(notice: Notice, why: str) -> None:
    """Not sent, and no loss."""
    notice.state, notice.error = State.FAILED, one_line(why, 300)
    notice.save(update_fields=["state", "error"])
    clear_alarms(SEND, [notice.pk])


def _parcel(notice: Notice, mail: Mail, now: datetime) -> Parcel:
    address = signing = broken = ""
    if notice.channel is not None and notice.via != Channel.Kind.MAIL:
        try:
            address, signing = opened(notice.channel, "address"), opened(notice.channel, "signing")
        except VaultError:
            broken = "The channel's address can't be opened with the keys that are there."
    return Parcel(
        id=notice.pk,
        kind=notice.kind,
        via=notice.via,
        subject=one_line(mail.subject, 200),
        text=mail.text,
        html=mail.html,
        short=mail.short,
        urgent=notice.urgent,
        at=now,
        to=notice.to,
        address=address,
        signing=signing,
        broken=broken,
        about={
            "subject_id": str(notice.subject_id),
            "client_id": str(notice.client_id) if notice.client_id else None,
        },
    )


# Recording ---------------------------------------------------------------------------------------------


def _settle(notice_id: UUID, outcome: Outcome, now: datetime) -> None:
    batch = _locked(notice_id)
    notice = next((row for row in batch if row.pk == notice_id), None)
    if notice is None:
        return  # what it was about was erased while it was on its way
    notice.lease_until = None
    _note_attempt(notice, outcome, now)
    if outcome.ok:
        _sent(notice, now)
        return
    log.warning(
        "notice not sent", kind=notice.kind, via=notice.via, notice=str(notice.pk), attempt=notice.attempts
    )
    if outcome.final or notice.attempts >= _most(notice):
        _give_up(notice, batch, outcome.error, now, gone=outcome.gone)
    else:
        _try_later(notice, batch, outcome.error, now)


def _note_attempt(notice: Notice, outcome: Outcome, now: datetime) -> None:
    refused = Tried.REFUSED if outcome.final else Tried.FAILED
    NoticeAttempt.objects.filter(notice=notice, n=notice.attempts).update(
        finished_at=now,
        outcome=Tried.SENT if outcome.ok else refused,
        status=outcome.status,
        error=one_line(outcome.error, 300),
    )


def _note_broken_off(notice: Notice, now: datetime) -> None:
    NoticeAttempt.objects.filter(notice=notice, outcome=Tried.UNDER_WAY).update(
        finished_at=now,
        outcome=Tried.FAILED,
        error="It broke off: whether it arrived isn't known, so it is sent again.",
    )


def _sent(notice: Notice, now: datetime) -> None:
    notice.state, notice.sent_at, notice.error = State.SENT, now, ""
    notice.save(update_fields=["state", "sent_at", "error", "lease_until"])
    clear_alarms(SEND, [notice.pk])
    note_success(notice.channel)
    handling_of(notice.kind).sent(notice, now)


def _try_later(notice: Notice, batch: list[Notice], error: str, now: datetime) -> None:
    notice.state, notice.error = State.QUEUED, one_line(error, 300)
    notice.save(update_fields=["state", "error", "lease_until"])
    set_alarm(SEND, notice.pk, now + min(RETRY_FIRST * 2 ** (notice.attempts - 1), RETRY_LAST))
    if notice.urgent and notice.attempts >= URGENT_ATTEMPTS:
        # Mail goes on being tried; whoever could be told instead doesn't wait for it.
        _tell(notice, batch, now)


def _give_up(notice: Notice, batch: list[Notice], error: str, now: datetime, *, gone: bool = False) -> None:
    notice.state, notice.error, notice.lease_until = State.FAILED, one_line(error, 300), None
    notice.save(update_fields=["state", "error", "lease_until"])
    clear_alarms(SEND, [notice.pk])
    if notice.channel is not None:
        note_failure(notice.channel, notice.error, gone=gone, now=now)
    if all(row.state == State.FAILED for row in batch) and queue_in_their_place(notice, batch, now=now):
        return
    _tell(notice, batch, now)


def _tell(notice: Notice, batch: list[Notice], now: datetime) -> None:
    """That nobody is reached, once; not while another channel may still do."""
    others = [row for row in batch if row.pk != notice.pk]
    if any(row.state != State.FAILED for row in others) or any(row.failure_told for row in batch):
        return
    notice.failure_told = True
    notice.save(update_fields=["failure_told"])
    handling_of(notice.kind).failed(notice, now)
