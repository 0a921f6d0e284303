"""An approver's link: one a request and mail, 256 random bits, stored as a hash."""

from datetime import datetime, timedelta

from django.conf import settings

from agency.tenancy import current_agency
from clients.links import new_token, token_digest
from clients.models import Contact
from workflows.models import Approval, ApprovalLink

# Past the time the answer is needed by, a late one is still welcome for a while.
GRACE = timedelta(days=2)
LONGEST = timedelta(days=7)


def make_link(approval: Approval, contact: Contact, *, to: str = "", now: datetime) -> str:
    """A new link for this approver to this request, as an address. The token is nowhere else.

    Args:
        to: the mail address that it goes to, if another than the contact's of now.
    """
    token = new_token()
    ApprovalLink(
        agency_id=current_agency(),
        approval=approval,
        contact=contact,
        digest=token_digest(token),
        address_digest=token_digest(to or contact.email),
        created_at=now,
        expires_at=min(max(approval.needed_by, now) + GRACE, now + LONGEST),
    ).save(force_insert=True)
    return f"{settings.BASE_URL}/approve/{token}/"


def revoke_links(approval: Approval, *, now: datetime) -> None:
    ApprovalLink.objects.filter(agency_id=current_agency(), approval_id=approval.pk, revoked_at=None).update(
        revoked_at=now
    )
