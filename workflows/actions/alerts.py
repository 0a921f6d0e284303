"""Urgent mentions: the client's alert recipients are mailed, each once a mention, and say that they have seen it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actions.notices import queue_notice
from agency.models import Notice
from agency.tenancy import current_agency
from clients.links import new_token, token_digest
from clients.models import Contact
from clients.queries.contacts import contact_actor, contacts_who_may
from clients.words import ContactRight, Priority
from mentions.models import Mention
from workflows.actions.storms import TOGETHER, Crowd
from workflows.models import AlertLink, Escalation, EscalationLine
from workflows.words import URGENT

LIFE = timedelta(days=7)


def alert_contacts(mentions: Sequence[Mention], *, now: datetime) -> list[tuple[UUID, UUID, str]]:
    """In the transaction that recorded the mentions or set their priority; those that aren't urgent are passed over.

    Returns:
        (mention, contact, note) of whatever a contact is mailed, by itself or with others.
    """
    urgent = [mention for mention in mentions if mention.priority == Priority.URGENT]
    if not urgent:
        return []
    clients = {mention.client_id for mention in urgent}
    contacts = list(contacts_who_may(ContactRight.ALERTED, clients=clients).order_by("created_at", "id"))
    # A notice that lost its reason, because the mention was urgent for a moment only, told nobody anything.
    told = set(
        Notice.objects.filter(kind=URGENT, subject_id__in=[mention.pk for mention in urgent])
        .exclude(state=Notice.State.FAILED)
        .values_list("subject_id", "recipient_id")
    )
    lines = EscalationLine.objects.filter(what=EscalationLine.What.ALERT, note=TOGETHER)
    told |= set(
        lines.filter(escalation__mention__in=[mention.pk for mention in urgent]).values_list(
            "escalation__mention_id", "contact_id"
        )
    )
    queued, crowd = [], Crowd(URGENT, now)
    for mention in urgent:
        for contact in contacts:
            if contact.client_id != mention.client_id or (mention.pk, contact.pk) in told:
                continue
            if crowd.is_full(contact.pk):
                crowd.gather(contact)
                queued.append((mention.pk, contact.pk, TOGETHER))
            else:
                queue_notice(
                    kind=URGENT,
                    to=contact.email,
                    to_name=contact.name,
                    subject_id=mention.pk,
                    recipient_id=contact.pk,
                    client_id=mention.client_id,
                    now=now,
                )
                queued.append((mention.pk, contact.pk, ""))
    return queued


def make_alert_link(mention: Mention, contact: Contact, *, now: datetime) -> str:
    """A new link for this contact to this mention, as an address. The token is nowhere else."""
    token = new_token()
    AlertLink(
        agency_id=current_agency(),
        client_id=contact.client_id,
        mention=mention,
        contact=contact,
        digest=token_digest(token),
        address_digest=token_digest(contact.email),
        created_at=now,
        expires_at=now + LIFE,
    ).save(force_insert=True)
    return f"{settings.BASE_URL}/alert/{token}/"


def note_seen(mention: Mention, contact: Contact, *, address: str = "", now: datetime) -> bool:
    """“I've seen it.” Once for each contact; whoever is told at the agency goes on being told.

    Returns:
        Whether it was this press that said so.
    """
    climb = _climb_of(mention, now)
    line, is_new = EscalationLine.objects.get_or_create(
        escalation=climb,
        rung=0,
        what=EscalationLine.What.SEEN,
        whom="",
        member=None,
        contact=contact,
        defaults={"at": now},
    )
    if is_new:
        by = contact_actor(contact, address=address)
        record("mention.seen", by=by, subject=mention, now=now)
        emit("mention.seen", subject=mention, now=now, data={"contact": str(line.contact_id)})
    return bool(is_new)


def _climb_of(mention: Mention, now: datetime) -> Escalation:
    """The latest climb; one that is over already where there was none."""
    # The lock, so that two presses at once make one line.
    Mention.objects.select_for_update(no_key=True).get(pk=mention.pk)
    found: Escalation | None = (
        Escalation.objects.filter(mention=mention, step="").order_by("-at", "-id").first()
    )
    if found is None:
        found = Escalation(mention=mention, at=now, state=Escalation.State.DONE, ended_at=now)
        found.save(force_insert=True)
    return found
