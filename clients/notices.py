"""The mail with a viewer's link."""

from datetime import datetime

from django.template.loader import render_to_string

from agency.actions.notices import Mail, NoticeKind, register_notice
from agency.models import Agency, Notice
from clients.actions.view_links import LIFE, VIEW_LINK, make_view_link
from clients.queries.contacts import contacts_who_may
from clients.words import ContactRight


def _write_view_link(notice: Notice, now: datetime) -> Mail | None:
    contact = (
        contacts_who_may(ContactRight.SEE)
        .select_related("client")
        .filter(pk=notice.recipient_id, email=notice.to)
        .first()
    )
    if contact is None:
        return None
    context = {
        "agency": Agency.objects.get(pk=contact.agency_id),
        "client": contact.client,
        "contact": contact,
        "link": make_view_link(contact, now=now),
        "days": LIFE.days,
    }
    return Mail(
        subject=f"{contact.client.name}: your link to what was said and answered",
        text=render_to_string("clients/mail/view_link.txt", context),
        html=render_to_string("clients/mail/view_link.html", context),
    )


def register() -> None:
    register_notice(VIEW_LINK, NoticeKind(write=_write_view_link))
