"""“Send me a fresh link”: to the address that the first one went to, and to no other."""

from datetime import datetime, timedelta

from agency.actions.audit import record
from agency.models import Notice
from agency.tenancy import tenant
from clients.queries.contacts import contact_actor
from clients.words import ContactRight
from workflows.actions.requests import mail_request
from workflows.models import Approval
from workflows.queries.approvals import find_dead_link, get_approval
from workflows.words import REQUEST

# Whoever holds an old link could fill a mailbox with it.
SELDOM = timedelta(minutes=5)


def send_fresh_link(token: str, *, address: str = "", now: datetime) -> None:
    """Mail a new link where this one was ours and its request is still open. Says nothing of either."""
    found = find_dead_link(token)
    if found is None:
        return
    with tenant(found.agency_id):
        # The lock, so that two presses at once queue one mail.
        still = (
            Approval.objects.select_for_update()
            .filter(pk=found.approval_id, state=Approval.State.OPEN)
            .first()
        )
        pair = get_approval(found) if still else None
        if pair is None:
            return
        approval, contact = pair
        if not contact.may(ContactRight.DECIDE):
            return
        mails = Notice.objects.filter(subject_id=approval.pk, recipient_id=contact.pk, kind=REQUEST)
        if mails.filter(created_at__gt=now - SELDOM).exists():
            return
        mail_request(approval, contact, now=now)
        by = contact_actor(contact, address=address)
        record("approval.link_asked", by=by, subject=approval.mention, now=now)
