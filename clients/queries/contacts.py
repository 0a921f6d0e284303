"""A client's people: who may do what, and whom a viewer's link belongs to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from agency.actor import Actor, ActorKind
from agency.tenancy import current_agency
from clients.links import is_token, token_digest
from clients.models import Contact, ViewLink
from clients.words import ContactRight, Part, parts_with


def contact_actor(contact: Contact, *, address: str = "") -> Actor:
    """A contact as the one who acts, for their own client only."""
    return Actor(
        kind=ActorKind.CONTACT,
        agency_id=current_agency(),
        id=contact.pk,
        name=contact.name,
        role=", ".join(Part(part).label for part in contact.parts),
        address=address,
        clients=frozenset({contact.client_id}),
    )


def contacts_who_may(right: ContactRight, *, clients: Collection[UUID] | None = None) -> "QuerySet[Any]":
    """The contacts who may do this now, of these clients or of all."""
    found = Contact.objects.filter(left_at=None, parts__overlap=parts_with(right))
    return found if clients is None else found.filter(client_id__in=clients)


@dataclass(frozen=True, slots=True)
class FoundView:
    """What a viewer's link leads to; entered with `tenant(agency_id, clients={client_id})`."""

    agency_id: UUID
    client_id: UUID
    contact_id: UUID
    address_digest: str


def find_view_link(token: str, *, now: datetime) -> FoundView | None:
    """The live link with this token; None for every other. Needs no agency."""
    return _found(token, expires_at__gt=now)


def find_dead_view_link(token: str) -> FoundView | None:
    """A link, expired or not, that may ask for a fresh one. Revoked ones may not: they were taken away."""
    return _found(token)


def _found(token: str, **narrowed: Any) -> FoundView | None:
    if not is_token(token):
        return None
    links = ViewLink.objects.filter(digest=token_digest(token), revoked_at=None, agency__erasing_at=None)
    link = links.filter(**narrowed).first()
    if link is None:
        return None
    return FoundView(link.agency_id, link.client_id, link.contact_id, link.address_digest)


def get_viewer(found: FoundView, *, lock: bool = False) -> Contact | None:
    """Inside the agency. None when the contact has left, sees no longer, or has another mail address by now."""
    contacts = Contact.objects.select_for_update(no_key=True, of=("self",)) if lock else Contact.objects.all()
    contact: Contact | None = contacts.select_related("client").filter(pk=found.contact_id).first()
    if contact is None or not contact.may(ContactRight.SEE):
        return None
    return contact if token_digest(contact.email) == found.address_digest else None
