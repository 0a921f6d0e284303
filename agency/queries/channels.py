"""Ways to reach a member, and the agency's rooms."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.models import Channel
from agency.rights import Right


def list_channels(*, by: Actor) -> "QuerySet[Any]":
    """One's own. A key's are those of the member who made it."""
    by.require(Right.READ)
    mine = Q(member_id=by.member_id) if by.member_id else Q(pk=None)
    return Channel.objects.select_related("member__user", "created_by__user").filter(mine)


def list_rooms(*, by: Actor) -> "QuerySet[Any]":
    """The agency's."""
    by.require(Right.AGENCY)
    return Channel.objects.select_related("member__user", "created_by__user").filter(member=None)


def get_channel(channel_id: UUID, *, by: Actor) -> Channel:
    """Raises: NotFound."""
    return _one(list_channels(by=by), channel_id)


def get_room(room_id: UUID, *, by: Actor) -> Channel:
    """Raises: NotFound."""
    return _one(list_rooms(by=by), room_id)


def _one(rows: "QuerySet[Any]", channel_id: UUID) -> Channel:
    found: Channel | None = rows.filter(pk=channel_id).first()
    if found is None:
        raise NotFound
    return found
