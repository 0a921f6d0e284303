"""The messages that tell of much at once: to members and rooms what nobody has taken, to alert recipients what was said."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string

from agency.actions.notices import Mail, NoticeKind, register_notice
from agency.models import Agency, Notice
from agency.queries.people import clients_of
from agency.tenancy import current_agency
from agency.text import one_line, safe_link
from clients.queries.contacts import contacts_who_may
from clients.words import ContactRight, Priority
from mentions.models import Mention
from mentions.words import CLOSED
from workflows.actions.storms import TOGETHER
from workflows.models import Escalation, EscalationLine
from workflows.words import CLIMB_TOLD, CLIMBS_TOLD, URGENTS

MOST_LISTED = 20
What = EscalationLine.What


def _open(notice: Notice, **lines: Any) -> "QuerySet[Any]":
    """The urgent mentions that are open and of which these lines tell, since this message began to gather them."""
    about = EscalationLine.objects.filter(at__gte=notice.created_at, escalation__step="", **lines)
    return (
        Mention.objects.filter(pk__in=about.values("escalation__mention"), priority=Priority.URGENT)
        .exclude(state__in=CLOSED)
        .select_related("client", "post")
        .order_by("recorded_at", "id")
    )


def _said(mention: Mention) -> str:
    return one_line(mention.post.text or mention.post.title, 160)


def _write_climbs(notice: Notice, now: datetime) -> Mail | None:
    """What nobody has taken by now."""
    nobodys = Escalation.objects.filter(state__in=[Escalation.State.WAITING, Escalation.State.DONE])
    if notice.member_id:
        told = {"member_id": notice.member_id, "what": What.NOTIFY, "note": TOGETHER}
    else:
        # Rooms have no lines of their own: they are told with the first rung.
        told = {"rung": 1}
        alone = Notice.objects.filter(kind=CLIMB_TOLD, member=None, batch__isnull=False)
        nobodys = nobodys.exclude(pk__in=alone.values("subject_id"))
    rows = _open(notice, escalation__in=nobodys, **told)
    clients = clients_of(notice.member) if notice.member else None
    if clients is not None:
        rows = rows.filter(client_id__in=clients)
    count = rows.count()
    if not count:
        return None
    link = f"{settings.BASE_URL}/?priority={Priority.URGENT}"
    listed = [
        {
            "head": mention.client.name,
            "text": _said(mention),
            "link": f"{settings.BASE_URL}/mentions/{mention.pk}/",
        }
        for mention in rows[:MOST_LISTED]
    ]
    subject = f"{count} urgent mention{'s' if count > 1 else ''} that nobody has taken"
    context = {"count": count, "listed": listed, "more": count - len(listed), "link": link}
    return Mail(
        subject=subject,
        text=render_to_string("workflows/mail/climbs.txt", context),
        short=f"{subject}: {link}"[:300],
    )


def _write_urgents(notice: Notice, now: datetime) -> Mail | None:
    """To an alert recipient, as `_write_urgent` does for one."""
    contact = contacts_who_may(ContactRight.ALERTED).filter(pk=notice.recipient_id, email=notice.to).first()
    if contact is None:
        return None
    rows = _open(notice, contact_id=contact.pk, what=What.ALERT, note=TOGETHER).filter(
        client_id=contact.client_id
    )
    count = rows.count()
    if not count:
        return None
    listed = [
        {"text": _said(mention), "link": safe_link(mention.post.url) or ""} for mention in rows[:MOST_LISTED]
    ]
    context = {
        "agency": Agency.objects.get(pk=current_agency()),
        "client": contact.client,
        "contact": contact,
        "count": count,
        "listed": listed,
        "more": count - len(listed),
    }
    subject = f"{contact.client.name}: {count} more urgent post{'s' if count > 1 else ''} in public"
    return Mail(subject=subject, text=render_to_string("workflows/mail/urgents.txt", context))


def register() -> None:
    register_notice(CLIMBS_TOLD, NoticeKind(write=_write_climbs, title="Much that is urgent"))
    register_notice(URGENTS, NoticeKind(write=_write_urgents, title="Much that is urgent"))
