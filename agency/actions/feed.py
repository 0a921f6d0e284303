"""The feed's beginning: what was deleted for its age."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Max, Value
from django.db.models.functions import Greatest

from agency.models import Agency, FeedPlace
from agency.tenancy import current_agency


def note_gone(events: Sequence[UUID]) -> None:
    """These events are about to be deleted for their age: whoever hasn't read so far is told (`EventsGone`)."""
    last = FeedPlace.objects.filter(pk__in=events).aggregate(last=Max("number"))["last"]
    if last is not None:
        Agency.objects.filter(pk=current_agency()).update(events_gone=Greatest("events_gone", Value(last)))
