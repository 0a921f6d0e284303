"""Results in numbers that outlive what they count."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db.models import Q, Sum

from agency.actor import Actor
from agency.rights import Right
from mentions.models import Tally
from mentions.words import CLOSED, State


@dataclass(frozen=True, slots=True)
class Past:
    """Of mentions that were deleted: how many there were, how many of them were answered, and those in time."""

    mentions: int = 0
    answered: int = 0
    in_time: int = 0


def past_of_clients(clients: Iterable[UUID] | None = None, *, by: Actor) -> dict[UUID, Past]:
    """By client, erased ones too; of those whose mentions are all there still nothing is said."""
    by.require(Right.READ)
    tallies = Tally.objects.all() if clients is None else Tally.objects.filter(client_id__in=list(clients))
    rows = tallies.values("client_id").annotate(
        all=Sum("mentions"),
        answered=Sum("mentions", filter=Q(state=State.RESPONDED), default=0),
        punctual=Sum("in_time"),
    )
    return {row["client_id"]: Past(row["all"], row["answered"], row["punctual"]) for row in rows}


def past_since(client_id: UUID, *, since: datetime, until: datetime | None = None) -> dict[str, int]:
    """State → how many closed mentions that were found in the period are deleted by now."""
    tallies = Tally.objects.filter(client_id=client_id, state__in=CLOSED, **days_within(since, until))
    rows = tallies.values("state").annotate(n=Sum("mentions"))
    return {row["state"]: row["n"] for row in rows}


def days_within(since: datetime, until: datetime | None) -> dict[str, date]:
    """The days of tallies that a period counts, as a filter: after the day on which it begins, up to that on which it
    ends. Of periods that follow one another, each day is in one."""
    days = {"day__gt": since.astimezone(UTC).date()}
    return days | ({"day__lte": until.astimezone(UTC).date()} if until else {})
