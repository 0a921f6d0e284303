"""A claimed mention that nobody does anything with goes back to the queue, with a notice."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, Q

from agency.actions.alarms import on_alarm
from agency.actions.notices import queue_notice
from agency.actor import ActorKind, system
from agency.models import AuditEntry
from agency.tenancy import current_agency
from clients.hours import Hours
from mentions.models import Mention
from mentions.words import Move, State
from workflows.actions.leases import IDLE, lease_end, office_hours
from workflows.actions.transition import DONE, transition
from workflows.words import CLAIM_IDLE, RETURNED

# A mention that somebody is just moving is looked at again a moment later.
BUSY = timedelta(seconds=1)
# What Earshot itself does with a mention is no work on it, unless it gives it to somebody.
_GIVEN = frozenset({"mention.assigned", *(f"mention.{done}" for done in DONE.values())})


@on_alarm(CLAIM_IDLE)
def return_idle_claims(mentions: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Whatever was done with a mention meanwhile prolongs its lease."""
    locked = Mention.objects.select_for_update(skip_locked=True).filter(pk__in=mentions).order_by("id")
    free = {mention.pk: mention for mention in locked}
    upcoming: dict[UUID, datetime | None] = {pk: now + BUSY for pk in mentions if pk not in free}
    claimed = [pk for pk, mention in free.items() if mention.state == State.CLAIMED]
    hours, active = office_hours(claimed), _last_active(claimed)
    for mention in free.values():
        upcoming[mention.pk] = None
        if mention.pk in hours:
            since = active.get(mention.pk, mention.recorded_at)
            upcoming[mention.pk] = _return(mention, since, hours[mention.pk], now)
    return upcoming


def _last_active(mentions: Sequence[UUID]) -> dict[UUID, datetime]:
    """When somebody last did something with each."""
    done = AuditEntry.objects.filter(
        ~Q(actor_kind=ActorKind.SYSTEM) | Q(action__in=_GIVEN), subject_id__in=mentions
    )
    return dict(done.values_list("subject_id").annotate(at=Max("at")).order_by())


def _return(mention: Mention, since: datetime, hours: Hours, now: datetime) -> datetime | None:
    """When to look again; None where it went back."""
    due = lease_end(since, hours)
    if due > now:
        return due
    member = mention.assignee
    transition(
        mention.pk,
        Move.RELEASE,
        by=system(current_agency()),
        seen=None,
        now=now,
        note=f"Nothing was done with it for {IDLE // timedelta(minutes=1)} minutes of office time.",
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
