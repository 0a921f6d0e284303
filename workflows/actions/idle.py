"""A claimed mention that nobody does anything with goes back to the queue, with a notice."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max

from agency.actions.alarms import on_alarm
from agency.actions.notices import queue_notice
from agency.actor import system
from agency.models import AuditEntry
from agency.tenancy import current_agency
from mentions.models import Mention
from mentions.words import Move, State
from workflows.actions.leases import IDLE
from workflows.actions.transition import transition
from workflows.words import CLAIM_IDLE, RETURNED

# A mention that somebody is just moving is looked at again a moment later.
BUSY = timedelta(seconds=1)


@on_alarm(CLAIM_IDLE)
def return_idle_claims(mentions: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Whatever was done with a mention meanwhile prolongs its lease."""
    locked = Mention.objects.select_for_update(skip_locked=True).filter(pk__in=mentions).order_by("id")
    free = {mention.pk: mention for mention in locked}
    upcoming: dict[UUID, datetime | None] = {pk: now + BUSY for pk in mentions if pk not in free}
    for mention in free.values():
        upcoming[mention.pk] = _return(mention, now)
    return upcoming


def _return(mention: Mention, now: datetime) -> datetime | None:
    """When to look again; None where it went back, or nobody has it."""
    if mention.state != State.CLAIMED:
        return None
    active: datetime = AuditEntry.objects.filter(subject_id=mention.pk).aggregate(at=Max("at"))["at"]
    if active + IDLE > now:
        return active + IDLE
    member = mention.assignee
    transition(
        mention.pk,
        Move.RELEASE,
        by=system(current_agency()),
        seen=None,
        now=now,
        note="Nothing was done with it for an hour.",
    )
    if member is not None and member.left_at is None:
        queue_notice(
            kind=RETURNED,
            to=member.user.email,
            to_name=member.name,
            subject_id=mention.pk,
            recipient_id=member.pk,
            now=now,
        )
    return None
