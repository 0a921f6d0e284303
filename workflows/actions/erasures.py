"""Asking for an erasure, and calling off that of an agency. What is done then is in `erasing.py`."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from agency.actions.alarms import clear_alarms, set_alarm
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.notices import queue_notice
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.models import Agency, Erasure, Membership, Notice
from agency.rights import Right, Role
from agency.tenancy import current_agency
from agency.text import one_line
from clients.models import Client
from mentions.actions.forgetting import forget_author
from mentions.models import Author
from mentions.queries.forgotten import hold_memory
from workflows.queries.exports import find_subject
from workflows.words import ERASE, ERASING_TELL

# Kinds of notices, to the owners.
ERASING, ERASING_CALLED_OFF = "agency.erasing", "agency.erasing_called_off"


def request_erasure(
    *, kind: str, about_id: UUID | None, confirm: str, reason: str, by: Actor, now: datetime
) -> Erasure:
    """Erase an author or a client now, or the agency when its grace is over. Nothing brings them back.

    Args:
        about_id: of the author or client; None is the agency.
        confirm: its name, typed by whoever asks.

    Raises:
        NotFound; Invalid: another name was typed.
        Conflict: it is being erased already, or the client is still looked after.
    """
    subject = find_subject(kind, about_id, by=by)
    _check(subject, confirm)
    if Erasure.objects.filter(kind=kind, about_id=subject.pk, state__in=_UNDER_WAY).exists():
        raise Conflict("That is being erased already.")
    # Pages that are being recorded were looked at before this; they are waited for, so that nothing comes after it.
    hold_memory(change=True)
    grace = timedelta(days=settings.ERASURE_GRACE_DAYS) if kind == Erasure.Kind.AGENCY else timedelta(0)
    erasure = Erasure(
        kind=kind,
        about_id=subject.pk,
        reason=reason,
        asked_by=by.name[:120],
        asked_at=now,
        due_at=now + grace,
    )
    erasure.save(force_insert=True)
    set_alarm(ERASE, erasure.pk, erasure.due_at)
    record("data.erasure_asked", by=by, subject=erasure, now=now, details={"kind": kind, "reason": reason})
    emit("data.erasure_asked", subject=erasure, now=now, data={"kind": kind})
    if isinstance(subject, Author):
        forget_author(subject, erasure_id=erasure.pk, by=by, now=now)
    elif isinstance(subject, Agency):
        _close(subject, erasure, now)
    return erasure


_UNDER_WAY = (Erasure.State.WAITING, Erasure.State.RUNNING)


def _check(subject: Agency | Client | Author, confirm: str) -> None:
    if isinstance(subject, Client) and subject.archived_at is None:
        raise Conflict(f"{subject.name} is looked after still. Archive the client first, then erase it.")
    name = one_line(str(subject), 200)
    if one_line(confirm, 200).casefold() != name.casefold():
        raise Invalid.field("confirm", f"Type the name as it is written here: {name}")


def _close(agency: Agency, erasure: Erasure, now: datetime) -> None:
    """From now on nobody but the owners enters, and nothing runs."""
    Agency.objects.filter(pk=agency.pk).update(erasing_at=erasure.due_at)
    agency.erasing_at = erasure.due_at
    for notice in _tell_owners(ERASING, erasure, now):
        # The sweep leaves the mails of such an agency alone, but for these.
        set_alarm(ERASING_TELL, notice.pk, now)


def _tell_owners(kind: str, erasure: Erasure, now: datetime) -> list[Notice]:
    owners = Membership.objects.select_related("user").filter(
        agency_id=current_agency(), role=Role.OWNER, left_at=None
    )
    return [
        queue_notice(
            kind=kind,
            to=owner.user.email,
            to_name=owner.name,
            subject_id=erasure.pk,
            recipient_id=owner.pk,
            now=now,
        )
        for owner in owners.order_by("id")
    ]


def erasure_under_way(*, by: Actor) -> Erasure | None:
    """That of the agency, where it waits."""
    by.require(Right.DATA)
    erasure: Erasure | None = Erasure.objects.filter(
        kind=Erasure.Kind.AGENCY, state=Erasure.State.WAITING
    ).first()
    return erasure


def call_off(erasure: Erasure, *, by: Actor, now: datetime) -> Erasure:
    """Keep the agency after all; everything goes on where it stopped.

    Raises:
        Conflict: it isn't an agency's, or has begun.
    """
    by.require(Right.DATA)
    by.require_all_clients()
    erasure = Erasure.objects.select_for_update().get(pk=erasure.pk)
    if erasure.kind != Erasure.Kind.AGENCY:
        raise Conflict("Authors and clients are erased at once: that can't be called off.")
    if erasure.state != Erasure.State.WAITING:
        raise Conflict("It's too late: the erasure has begun, or was called off before.")
    erasure.state, erasure.finished_at = Erasure.State.CALLED_OFF, now
    erasure.save(update_fields=["state", "finished_at"])
    Agency.objects.filter(pk=current_agency()).update(erasing_at=None)
    clear_alarms(ERASE, [erasure.pk])
    record("data.erasure_called_off", by=by, subject=erasure, now=now)
    emit("data.erasure_called_off", subject=erasure, now=now)
    _tell_owners(ERASING_CALLED_OFF, erasure, now)
    return erasure
