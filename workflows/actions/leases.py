"""Claims are leases: this much office time without any action, and the mention goes back to the queue (`idle.py`)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.alarms import clear_alarms, set_alarm, set_alarms
from agency.remembered import Remembered
from clients.hours import ALWAYS, HorizonExceeded, Hours
from clients.queries.calendars import hours_by_calendar
from clients.words import ClockKind
from mentions.models import Mention
from mentions.words import State
from workflows.models import Clock
from workflows.words import CLAIM_IDLE

IDLE = timedelta(minutes=60)
# Where a calendar says nothing of so far ahead, it is asked again after a day.
LATER = timedelta(days=1)


_promised = Remembered(
    lambda mentions: (
        Clock.objects.filter(mention_id__in=mentions, kind__in=[ClockKind.RESPOND, ClockKind.NEXT_RESPONSE])
        .order_by("started_at", "id")
        .values_list("mention_id", "calendar_id")
    )
)


def keep_lease(mention: Mention, *, hours: Hours | None, now: datetime) -> None:
    """Begin the lease of a mention that is claimed now, and end that of one that isn't.

    Args:
        hours: in which the answer is promised, where an open clock says that.
    """
    if mention.state == State.CLAIMED:
        hours = hours or office_hours([mention.pk])[mention.pk]
        set_alarm(CLAIM_IDLE, mention.pk, lease_end(now, hours))
    else:
        clear_alarms(CLAIM_IDLE, [mention.pk])


def look_at_leases(mentions: Iterable[Mention], *, now: datetime) -> None:
    """The office hours of these may be others now: the sweep works out anew when their leases end."""
    claimed = {mention.pk: now for mention in mentions if mention.state == State.CLAIMED}
    set_alarms(CLAIM_IDLE, claimed, wake=False)


def lease_end(since: datetime, hours: Hours) -> datetime:
    """When a mention that nobody touched since then goes back."""
    try:
        return hours.walk(since, IDLE)
    except HorizonExceeded:
        return since + LATER


def office_hours(mentions: Iterable[UUID]) -> Mapping[UUID, Hours]:
    """When the agency works for the clients of these mentions: the hours in which it promised the answer."""
    ids = list(mentions)
    calendars: dict[UUID, UUID | None] = dict(_promised(mentions=ids))
    hours = hours_by_calendar(set(calendars.values()))
    return {pk: hours[calendars[pk]] if pk in calendars else ALWAYS for pk in ids}
