"""Urgent mentions: the client's alert recipients are mailed, each once a mention."""

from collections.abc import Sequence
from datetime import datetime

from agency.actions.notices import queue_notice
from agency.models import Notice
from clients.queries.contacts import contacts_who_may
from clients.words import ContactRight, Priority
from mentions.models import Mention
from workflows.words import URGENT


def alert_contacts(mentions: Sequence[Mention], *, now: datetime) -> None:
    """In the transaction that recorded the mentions or set their priority; those that aren't urgent are passed over."""
    urgent = [mention for mention in mentions if mention.priority == Priority.URGENT]
    if not urgent:
        return
    clients = {mention.client_id for mention in urgent}
    contacts = list(contacts_who_may(ContactRight.ALERTED, clients=clients).order_by("created_at", "id"))
    # A notice that lost its reason, because the mention was urgent for a moment only, told nobody anything.
    told = set(
        Notice.objects.filter(kind=URGENT, subject_id__in=[mention.pk for mention in urgent])
        .exclude(state=Notice.State.FAILED)
        .values_list("subject_id", "recipient_id")
    )
    for mention in urgent:
        for contact in contacts:
            if contact.client_id == mention.client_id and (mention.pk, contact.pk) not in told:
                queue_notice(
                    kind=URGENT,
                    to=contact.email,
                    to_name=contact.name,
                    subject_id=mention.pk,
                    recipient_id=contact.pk,
                    now=now,
                )
