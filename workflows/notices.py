"""The mails of the approval's way: the request with its link, the receipt, and the news for the assignee."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string

from agency.actions.notices import Mail, NoticeKind, register_notice
from agency.models import Agency, Notice
from agency.text import safe_link
from clients.models import Contact
from clients.queries.contacts import contacts_who_may
from clients.words import ContactRight, Priority
from mentions.models import Mention
from mentions.words import CLOSED, State
from workflows.actions.alerts import make_alert_link
from workflows.actions.links import make_link
from workflows.actions.requests import note_bounce, note_delivery
from workflows.models import Approval, Decision
from workflows.words import RECEIPT, REQUEST, RETURNED, TOLD, URGENT


def _local(at: datetime, contact: Contact, zone: str) -> str:
    """“Fri 06 Mar, 09:40 (Europe/Riga)”."""
    name = contact.time_zone or zone
    return f"{at.astimezone(ZoneInfo(name)):%a %d %b, %H:%M} ({name})"


def _write_request(notice: Notice, now: datetime) -> Mail | None:
    approval = (
        Approval.objects.select_related("version", "mention__client", "mention__post__author")
        # A decision that can still be undone may leave the request to the other approvers after all.
        .filter(pk=notice.subject_id, state__in=[Approval.State.OPEN, Approval.State.DECIDED])
        .first()
    )
    contact = contacts_who_may(ContactRight.DECIDE).filter(pk=notice.recipient_id, email=notice.to).first()
    if approval is None or contact is None:
        return None
    client = approval.mention.client
    context = {
        "agency": Agency.objects.get(pk=approval.agency_id),
        "client": client,
        "contact": contact,
        "post": approval.mention.post,
        "author": approval.mention.post.author,
        "text": approval.version.text,
        "asked_by": approval.requested_by,
        "link": make_link(approval, contact, now=now),
        "needed_by": _local(approval.needed_by, contact, client.time_zone),
    }
    return Mail(
        subject=f"{client.name}: please decide on a reply by {context['needed_by']}",
        text=render_to_string("workflows/mail/request.txt", context),
        html=render_to_string("workflows/mail/request.html", context),
    )


def _request_sent(notice: Notice, now: datetime) -> None:
    note_delivery(notice.subject_id, now=now)


def _request_failed(notice: Notice, now: datetime) -> None:
    note_bounce(notice.subject_id, now=now)


def _lock_requested(notice: Notice) -> None:
    """The mention of the request: its lock comes before the notice's."""
    asked = Approval.objects.filter(pk=notice.subject_id).values("mention_id")
    Mention.objects.select_for_update().filter(pk__in=asked).first()


def _write_receipt(notice: Notice, now: datetime) -> Mail | None:
    decision = (
        Decision.objects.select_related("approval__mention__client", "contact", "version")
        .filter(pk=notice.subject_id)
        .first()
    )
    if decision is None or decision.state == Decision.State.UNDONE:
        return None
    context = {
        "decision": decision,
        "client": decision.approval.mention.client,
        "agency": Agency.objects.get(pk=decision.agency_id),
        "link": make_link(decision.approval, decision.contact, to=notice.to, now=now),
        "can_undo": decision.effective_at > now,
    }
    return Mail(
        subject=f"{context['client'].name}: your decision was “{Decision.Verdict(decision.verdict).label}”",
        text=render_to_string("workflows/mail/receipt.txt", context),
    )


def _write_told(notice: Notice, now: datetime) -> Mail | None:
    decision = (
        Decision.objects.select_related("approval__mention__client", "contact", "version")
        .filter(pk=notice.subject_id)
        .first()
    )
    if decision is None:
        return None
    mention = decision.approval.mention
    context = {
        "decision": decision,
        "client": mention.client,
        "link": f"{settings.BASE_URL}/mentions/{mention.pk}/",
    }
    verb = "asked for a change" if decision.verdict == Decision.Verdict.CHANGE else "approved the reply"
    return Mail(
        subject=f"{mention.client.name}: {decision.contact.name} {verb}",
        text=render_to_string("workflows/mail/told.txt", context),
    )


def _write_returned(notice: Notice, now: datetime) -> Mail | None:
    mention = Mention.objects.select_related("client", "post").filter(pk=notice.subject_id).first()
    if mention is None or mention.state != State.NEW:
        return None
    context = {
        "mention": mention,
        "client": mention.client,
        "link": f"{settings.BASE_URL}/mentions/{mention.pk}/",
    }
    return Mail(
        subject=f"{mention.client.name}: a mention went back to the queue",
        text=render_to_string("workflows/mail/returned.txt", context),
    )


def _write_urgent(notice: Notice, now: datetime) -> Mail | None:
    """To an alert recipient; nothing once it is closed or urgent no longer. Its link shows this one public post."""
    mention = Mention.objects.select_related("client", "post__author").filter(pk=notice.subject_id).first()
    contact = contacts_who_may(ContactRight.ALERTED).filter(pk=notice.recipient_id, email=notice.to).first()
    if mention is None or contact is None or mention.client_id != contact.client_id:
        return None
    if mention.priority != Priority.URGENT or mention.state in CLOSED:
        return None
    client = mention.client
    context = {
        "agency": Agency.objects.get(pk=mention.agency_id),
        "client": client,
        "contact": contact,
        "post": mention.post,
        "url": safe_link(mention.post.url) or "",
        "author": mention.post.author,
        "published_at": _local(mention.published_at, contact, client.time_zone),
        "link": make_alert_link(mention, contact, now=now),
    }
    subject = f"{client.name}: something urgent was said in public"
    return Mail(
        subject=subject,
        text=render_to_string("workflows/mail/urgent.txt", context),
        short=f"{subject}. {context['link']}",
    )


def register() -> None:
    register_notice(URGENT, NoticeKind(write=_write_urgent))
    register_notice(RETURNED, NoticeKind(write=_write_returned))
    register_notice(
        REQUEST,
        NoticeKind(write=_write_request, sent=_request_sent, failed=_request_failed, lock=_lock_requested),
    )
    register_notice(RECEIPT, NoticeKind(write=_write_receipt))
    register_notice(TOLD, NoticeKind(write=_write_told))
