"""What was sent to whom, when, and what came back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.models import AckLink, Notice
from agency.queries.tokens import digest_of_token, is_token
from agency.rights import Right


def list_notices(
    *, by: Actor, state: str = "", subject_id: UUID | None = None, unacknowledged: bool = False
) -> "QuerySet[Any]":
    """With their attempts. Who works for some clients only sees what concerns those.

    Args:
        state: one of `Notice.State`, "" for all.
        subject_id: what they are about.
        unacknowledged: only those that nobody has taken.
    """
    by.require(Right.MANAGE)
    rows = _seen(by)
    if state:
        rows = rows.filter(state=state)
    if subject_id is not None:
        rows = rows.filter(subject_id=subject_id)
    if unacknowledged:
        rows = rows.filter(acknowledged_at=None)
    return rows.select_related("channel").prefetch_related("tries")


def get_notice(notice_id: UUID, *, by: Actor) -> Notice:
    """One that the actor was sent, or that concerns a client whose mentions they work.

    Raises:
        NotFound.
    """
    by.require(Right.RESPOND)
    own = Q(member_id=by.member_id) if by.member_id else Q(pk=None)
    found: Notice | None = (Notice.objects.filter(own, pk=notice_id) | _seen(by).filter(pk=notice_id)).first()
    if found is None:
        raise NotFound
    return found


def _seen(by: Actor) -> "QuerySet[Any]":
    rows: QuerySet[Any] = Notice.objects.all()
    return rows if by.clients is None else rows.filter(client_id__in=by.clients)


def find_ack_link(token: str, *, now: datetime) -> AckLink | None:
    """The live link with this token; None for every other. Needs no agency."""
    if not is_token(token):
        return None
    return AckLink.objects.filter(
        digest=digest_of_token(token), expires_at__gt=now, agency__erasing_at=None
    ).first()
