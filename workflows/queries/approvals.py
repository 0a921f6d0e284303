"""From an approver's link to the request it stands for. Wrong, expired, revoked and foreign tokens look alike."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clients.links import is_token, token_digest
from clients.models import Contact
from clients.words import ContactRight
from workflows.models import Approval, ApprovalLink, Decision


@dataclass(frozen=True, slots=True)
class Found:
    """What a live link leads to; entered with `tenant(agency_id)`."""

    agency_id: UUID
    approval_id: UUID
    contact_id: UUID
    address_digest: str


def find_link(token: str, *, now: datetime) -> Found | None:
    """The live link with this token; None for every other. Needs no agency."""
    if not is_token(token):
        return None
    link = ApprovalLink.objects.filter(
        digest=token_digest(token), revoked_at=None, expires_at__gt=now, agency__erasing_at=None
    ).first()
    return _found(link)


def find_dead_link(token: str) -> Found | None:
    """An expired link that may ask for a fresh one. Revoked ones may not: what they asked was taken back."""
    link = ApprovalLink.objects.filter(
        digest=token_digest(token), revoked_at=None, agency__erasing_at=None
    ).first()
    return _found(link)


def _found(link: ApprovalLink | None) -> Found | None:
    if link is None:
        return None
    return Found(link.agency_id, link.approval_id, link.contact_id, link.address_digest)


def get_approval(found: Found) -> tuple[Approval, Contact] | None:
    """The request and who was asked; None when the contact has left, or neither decides nor sees any longer."""
    approval = (
        Approval.objects.select_related("version__response", "mention__client", "mention__post__author")
        .filter(pk=found.approval_id)
        .first()
    )
    contact = Contact.objects.filter(pk=found.contact_id).first()
    if approval is None or contact is None:
        return None
    may_look = contact.may(ContactRight.DECIDE) or contact.may(ContactRight.SEE)
    return (approval, contact) if may_look else None


def standing_decision(approval: Approval) -> Decision | None:
    """The decision that counts: pending or in effect."""
    return (
        Decision.objects.filter(approval=approval, state__in=["pending", "effective"])
        .select_related("contact", "version")
        .first()
    )
