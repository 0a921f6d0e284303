"""Who asks: from a signed-in user or an API key to an actor."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from agency.actor import Actor, ActorKind
from agency.errors import NotFound
from agency.models import Agency, ApiKey, Event, Membership, User
from agency.rights import ROLE_RIGHTS, WHOLE_AGENCY, Right, Role

KEY_MARK = "esk"


# An agency that is going to be erased is entered by its owners only, who can call that off.
ENTERS = Q(agency__erasing_at=None) | Q(role=Role.OWNER)


def memberships_of(user: User) -> list[Membership]:
    return list(
        Membership.objects.filter(ENTERS, user=user, left_at=None)
        .select_related("agency", "user")
        .order_by("created_at", "id")
    )


def ending_agency(user: User) -> Agency | None:
    """The agency that keeps a member out until it is erased, for who has no other place."""
    places = Membership.objects.exclude(ENTERS).filter(user=user, left_at=None)
    kept_out = places.select_related("agency").order_by("created_at", "id").first()
    return kept_out.agency if kept_out else None


def choose_membership(user: User, preferred: str | None) -> Membership | None:
    """The membership that a person works in now: the preferred agency's, else the first; None when they have none."""
    return pick_membership(memberships_of(user), preferred)


def pick_membership(mine: Sequence[Membership], preferred: str | None) -> Membership | None:
    return next((m for m in mine if str(m.agency_id) == preferred), mine[0] if mine else None)


def actor_of_member(membership: Membership, *, address: str = "") -> Actor:
    role, clients = Role(membership.role), clients_of(membership)
    return Actor(
        kind=ActorKind.MEMBER,
        agency_id=membership.agency_id,
        id=membership.pk,
        name=membership.name,
        rights=rights_within(ROLE_RIGHTS[role], clients),
        role=role.label,
        address=address,
        member_id=membership.pk,
        clients=clients,
    )


def clients_of(holder: Membership | ApiKey) -> frozenset[UUID] | None:
    """The clients that a member or key is limited to; None: all."""
    return None if holder.client_ids is None else frozenset(holder.client_ids)


def rights_within(rights: frozenset[Right], clients: frozenset[UUID] | None) -> frozenset[Right]:
    """What is left of the rights for who works for these clients only."""
    return rights if clients is None else rights - WHOLE_AGENCY


def key_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def live_keys(*, now: datetime) -> "QuerySet[ApiKey]":
    """Those that let in: not revoked, not over, of an agency that isn't going to be erased, and their maker is still there.

    Who is removed takes their keys along; the last condition holds for one that they make at that very moment, too.
    """
    return (
        ApiKey.objects.filter(revoked_at=None, agency__erasing_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .filter(Q(created_by=None) | Q(created_by__left_at=None, created_by__user__is_active=True))
        .select_related("created_by", "agency")
    )


def find_key(token: str, *, now: datetime) -> ApiKey | None:
    """The live key of a token `esk_<prefix>_<secret>`; None for every other, whatever is wrong with it."""
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != KEY_MARK or not prefix or not secret or len(token) > 200 or not token.isascii():
        return None
    # One question for whatever is wrong with it, so that every refusal takes the same time.
    return live_keys(now=now).filter(prefix=prefix, digest=key_digest(secret)).first()


def actor_of_key(key: ApiKey, *, address: str = "") -> Actor:
    """With the key's rights and clients, as far as who made it has them still."""
    rights = frozenset(Right(right) for right in key.rights if right in Right.values)
    clients = clients_of(key)
    if key.created_by:
        rights &= ROLE_RIGHTS[Role(key.created_by.role)]
        makers = clients_of(key.created_by)
        if makers is not None:
            clients = makers if clients is None else clients & makers
    return Actor(
        kind=ActorKind.KEY,
        agency_id=key.agency_id,
        id=key.pk,
        name=key.name,
        rights=rights_within(rights, clients),
        role="API key",
        address=address,
        member_id=key.created_by_id if key.created_by and key.created_by.left_at is None else None,
        clients=clients,
    )


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Remember when a key was last used, to the minute: not a write for every call."""
    if key.last_used_at is None or now - key.last_used_at > timedelta(minutes=1):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def get_agency(*, by: Actor) -> Agency:
    """The actor's own."""
    return Agency.objects.get(pk=by.agency_id)


def get_member(member_id: UUID, *, agency_id: UUID) -> Membership | None:
    return (
        Membership.objects.filter(pk=member_id, agency_id=agency_id, left_at=None)
        .select_related("user")
        .first()
    )


def list_members(*, by: Actor) -> "QuerySet[Membership]":
    by.require(Right.READ)
    return Membership.objects.filter(agency_id=by.agency_id, left_at=None).select_related("user")


def list_workers(*, client_id: UUID, by: Actor) -> "QuerySet[Membership]":
    """The members who answer mentions of this client."""
    answering = [role for role, rights in ROLE_RIGHTS.items() if Right.RESPOND in rights]
    return list_members(by=by).filter(
        Q(client_ids=None) | Q(client_ids__contains=[client_id]), role__in=answering
    )


def get_membership(member_id: UUID, *, by: Actor) -> Membership:
    """Raises: NotFound."""
    by.require(Right.READ)
    found = get_member(member_id, agency_id=by.agency_id)
    if found is None:
        raise NotFound
    return found


def list_keys(*, by: Actor) -> "QuerySet[ApiKey]":
    """All keys, revoked ones too."""
    by.require(Right.KEYS)
    return ApiKey.objects.filter(agency_id=by.agency_id).select_related("created_by__user")


def get_key(key_id: UUID, *, by: Actor) -> ApiKey:
    """Raises: NotFound."""
    key = list_keys(by=by).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    return key


def list_events(*, by: Actor) -> "QuerySet[Any]":
    by.require(Right.READ)
    return Event.objects.all()
