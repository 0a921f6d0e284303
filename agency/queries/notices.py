"""What was sent to whom, when, and what came back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.models import AckLink, Channel, Notice
from agency.queries.people import clients_of
from agency.queries.tokens import digest_of_token, is_token
from agency.rights import Right


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFilters:
    """What of the notices is asked for; nothing set: all of them.

    Attributes:
        state: one of `Notice.State`.
        kind: such as `member.invitation`, or the noun alone.
        subjects: what they are about; None: whatever it is.
        recipient_id: the member or contact whom they tell.
        acknowledged: whether somebody has taken them; None: either.
        since, until: [since, until) they were written.
    """

    state: str = ""
    kind: str = ""
    subjects: Collection[UUID] | None = None
    client_id: UUID | None = None
    recipient_id: UUID | None = None
    channel_id: UUID | None = None
    acknowledged: bool | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self != NoticeFilters()


ALL = NoticeFilters()


def list_notices(*, by: Actor, filters: NoticeFilters = ALL) -> "QuerySet[Any]":
    """With their attempts. Who works for some clients only sees what concerns those."""
    by.require(Right.MANAGE)
    exact = {
        "state": filters.state,
        "client_id": filters.client_id,
        "recipient_id": filters.recipient_id,
        "channel_id": filters.channel_id,
        "created_at__gte": filters.since,
        "created_at__lt": filters.until,
    }
    rows = _seen(by).filter(**{name: value for name, value in exact.items() if value})
    if filters.kind:
        noun = "" if "." in filters.kind else "."
        rows = rows.filter(**{"kind__startswith" if noun else "kind": f"{filters.kind}{noun}"})
    if filters.subjects is not None:
        rows = rows.filter(subject_id__in=filters.subjects)
    if filters.acknowledged is not None:
        rows = rows.filter(acknowledged_at__isnull=not filters.acknowledged)
    return rows.select_related("channel").prefetch_related("tries")


def get_notice(notice_id: UUID, *, by: Actor) -> Notice:
    """One that the actor was sent, or that concerns a client whose mentions they work.

    Raises:
        NotFound.
    """
    by.require(Right.RESPOND)
    own = Q(member_id=by.member_id) if by.member_id else Q(pk=None)
    if by.clients is not None:
        # What somebody was sent of a client is theirs no longer once they don't work for it, nor is it a limited key's.
        own &= Q(client_id=None) | Q(client_id__in=by.clients)
    found: Notice | None = (Notice.objects.filter(own, pk=notice_id) | _seen(by).filter(pk=notice_id)).first()
    if found is None:
        raise NotFound
    return found


def _seen(by: Actor) -> "QuerySet[Any]":
    rows: QuerySet[Any] = Notice.objects.all()
    return rows if by.clients is None else rows.filter(client_id__in=by.clients)


def is_for_a_room(notice: Notice) -> bool:
    """Many read it, so that its link doesn't say who comes."""
    return notice.member_id is None and notice.batch is not None


def why_no_longer(notice: Notice) -> str:
    """Why it is its recipient's no longer, so that it isn't sent, and its link is dead; "" where it still is.

    A contact's is for its kind to judge.
    """
    member, name = notice.member, notice.to_name
    if member is not None:
        if member.left_at is not None or not member.user.is_active:
            return f"{name} left."
        clients = clients_of(member)
        if clients is not None and notice.client_id is not None and notice.client_id not in clients:
            return f"{name} doesn't work for this client any more."
    if notice.channel_id is None and (notice.via != Channel.Kind.MAIL or is_for_a_room(notice)):
        return "Its channel was deleted."
    return ""


def find_ack_link(token: str, *, now: datetime) -> AckLink | None:
    """The live link with this token; None for every other. Needs no agency."""
    if not is_token(token):
        return None
    return AckLink.objects.filter(
        digest=digest_of_token(token), expires_at__gt=now, agency__erasing_at=None
    ).first()
