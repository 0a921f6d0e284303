"""Somebody takes what a notice is about: by its link, or signed in. Once for all who were told of the same."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from agency.actions.audit import record
from agency.actions.notice_kinds import asks_to_be_acknowledged, handling_of
from agency.actor import Actor, ActorKind
from agency.errors import Conflict, NotFound
from agency.models import AckLink, Notice
from agency.queries.notices import is_for_a_room, why_no_longer
from agency.queries.people import actor_of_member
from agency.queries.tokens import digest_of_token
from agency.rights import Right
from agency.tenancy import current_agency

LASTS = timedelta(days=7)


class NothingToTake(Conflict):
    code, title = "nobody_is_asked", "Nobody is asked to acknowledge this"


@dataclass(frozen=True, slots=True)
class Taken:
    """Who has it now. `by_this`: it was this call that took it."""

    by: str
    at: datetime
    by_this: bool


def make_ack_link(notice: Notice, *, now: datetime) -> str:
    """A link by which whoever has it acknowledges this notice, as an address. The token is nowhere else."""
    token = secrets.token_urlsafe(24)
    AckLink(
        agency_id=current_agency(),
        notice=notice,
        digest=digest_of_token(token),
        created_at=now,
        expires_at=now + LASTS,
    ).save(force_insert=True)
    return f"{settings.BASE_URL}/ack/{token}/"


def acknowledge(notice_id: UUID, *, by: Actor, now: datetime) -> Taken:
    """Take it, unless somebody has; all who were told of the same (kind and subject) see that it is taken.

    Raises:
        NotFound: there is no such notice; NothingToTake: of a kind that asks nobody.
    """
    notice = Notice.objects.filter(pk=notice_id).first()
    if notice is None:
        raise NotFound
    if not asks_to_be_acknowledged(notice.kind):
        raise NothingToTake
    handling = handling_of(notice.kind)
    handling.lock(notice)
    told = list(
        Notice.objects.select_for_update()
        .filter(kind=notice.kind, subject_id=notice.subject_id)
        .order_by("id")
    )
    notice = next((row for row in told if row.pk == notice_id), None)
    if notice is None:
        raise NotFound  # erased this very moment
    if notice.acknowledged_at is not None:
        return Taken(notice.acknowledged_by, notice.acknowledged_at, by_this=False)
    name = by.name[:120] or "Somebody"
    Notice.objects.filter(pk__in=[row.pk for row in told], acknowledged_at=None).update(
        acknowledged_at=now, acknowledged_by=name, acknowledged_by_id=by.id
    )
    notice.refresh_from_db()
    record("notice.acknowledged", by=by, subject=notice, now=now, client_id=notice.client_id)
    if handling.acknowledged is not None:
        handling.acknowledged(notice, by, now)
    return Taken(name, now, by_this=True)


def taker_of(notice: Notice, *, name: str = "", address: str = "") -> Actor:
    """Whom a notice's link stands for: its recipient, and of a room whoever says their name."""
    if notice.member is not None:
        return actor_of_member(notice.member, address=address)
    if is_for_a_room(notice):
        said = f"{name} ({notice.to_name})" if name else f"Somebody in {notice.to_name}"
        return Actor(
            kind=ActorKind.SYSTEM, agency_id=current_agency(), id=None, name=said[:120], address=address
        )
    return Actor(
        kind=ActorKind.CONTACT,
        agency_id=current_agency(),
        id=notice.recipient_id,
        name=notice.to_name or notice.to,
        address=address,
    )


def can_be_taken(notice: Notice) -> bool:
    """By whom its link stands for, as they are now: somebody who answers mentions, of its client too."""
    if why_no_longer(notice):
        return False
    return notice.member is None or actor_of_member(notice.member).may(Right.RESPOND)
