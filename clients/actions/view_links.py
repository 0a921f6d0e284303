"""A viewer's link to their client's results: made as its mail is written, ended with what it was given for."""

from datetime import datetime, timedelta

from django.conf import settings

from agency.actions.audit import record
from agency.actions.notices import queue_notice
from agency.actor import Actor
from agency.errors import Conflict
from agency.models import Notice
from agency.rights import Right
from agency.tenancy import current_agency, tenant
from clients.links import new_token, token_digest
from clients.models import Contact, ViewLink
from clients.queries.contacts import contact_actor, find_dead_view_link, get_viewer
from clients.words import ContactRight

VIEW_LINK = "contact.view_link"  # a kind of notice
LIFE = timedelta(days=90)
# Whoever holds an old link could fill a mailbox with it.
SELDOM = timedelta(minutes=5)


class NotAViewer(Conflict):
    """Results are for viewers."""

    code, title = "not_a_viewer", "This contact is no viewer"


def send_view_link(contact: Contact, *, by: Actor, now: datetime) -> None:
    """Mail a viewer a link of their own to the client's results.

    Raises:
        NotAViewer: the contact may not see them.
    """
    by.require(Right.MANAGE)
    if not contact.may(ContactRight.SEE):
        raise NotAViewer(f"{contact.name} is no viewer. Make them one first, then send the link.")
    _mail_link(contact, now=now)
    record("contact.link_sent", by=by, subject=contact, now=now)


def send_fresh_view_link(token: str, *, address: str = "", now: datetime) -> None:
    """Mail a new link where this one was ours and its viewer still is one. Says nothing of either."""
    found = find_dead_view_link(token)
    if found is None:
        return
    with tenant(found.agency_id, clients=frozenset({found.client_id})):
        # The lock, so that two presses at once queue one mail.
        contact = get_viewer(found, lock=True)
        if contact is None:
            return
        mails = Notice.objects.filter(subject_id=contact.pk, kind=VIEW_LINK)
        if mails.filter(created_at__gt=now - SELDOM).exists():
            return
        _mail_link(contact, now=now)
        record("contact.link_asked", by=contact_actor(contact, address=address), subject=contact, now=now)


def _mail_link(contact: Contact, *, now: datetime) -> None:
    queue_notice(
        kind=VIEW_LINK,
        to=contact.email,
        to_name=contact.name,
        subject_id=contact.pk,
        recipient_id=contact.pk,
        now=now,
    )


def make_view_link(contact: Contact, *, now: datetime) -> str:
    """A new link for this viewer, as an address. The token is nowhere else."""
    token = new_token()
    ViewLink(
        agency_id=current_agency(),
        client_id=contact.client_id,
        contact=contact,
        digest=token_digest(token),
        address_digest=token_digest(contact.email),
        created_at=now,
        expires_at=now + LIFE,
    ).save(force_insert=True)
    return f"{settings.BASE_URL}/see/{token}/"


def revoke_view_links(contact: Contact, *, now: datetime) -> None:
    ViewLink.objects.filter(agency_id=current_agency(), contact_id=contact.pk, revoked_at=None).update(
        revoked_at=now
    )
