"""Who asks: from a signed-in user or an API key to an actor."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q, QuerySet

from agency.actor import Actor, ActorKind
from agency.errors import NotFound
from agency.models import Agency, Membership, User
from agency.rights import ROLE_RIGHTS, WHOLE_AGENCY, Right, Role

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


def clients_of(member: Membership) -> frozenset[UUID] | None:
    """The clients that a member is limited to; None: all."""
    return None if member.client_ids is None else frozenset(member.client_ids)


def rights_within(rights: frozenset[Right], clients: frozenset[UUID] | None) -> frozenset[Right]:
    """What is left of the rights for who works for these clients only."""
    return rights if clients is None else rights - WHOLE_AGENCY


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
