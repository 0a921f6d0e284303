"""What an agency has no use for any more after a while: the traces of reading and mailing, and what was told long ago."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from agency.actions.alarms import on_alarm, set_alarm
from agency.actions.feed import note_gone
from agency.models import Event, Notice, StoredAnswer, WebhookDelivery, WebhookReplay
from agency.tenancy import current_agency
from mentions.actions.conversations import unclaimed_answers
from mentions.actions.threads import KEPT as NAMES
from mentions.actions.threads import old_names
from mentions.models import PastMention, SourceRead
from workflows.actions.deletion import delete_orphans, delete_rows
from workflows.words import HOUSEKEEPING

BATCH = 2000
SOON, HOUR, DAILY = timedelta(seconds=2), timedelta(hours=1), timedelta(days=1)
# A source that lists a post for longer than this after it was deleted may bring it back.
PAST = timedelta(days=730)
_OPEN = (WebhookDelivery.State.PENDING, WebhookDelivery.State.SENDING)


def begin_housekeeping(*, now: datetime) -> None:
    """For a new agency."""
    set_alarm(HOUSEKEEPING, current_agency(), now + DAILY)


def _old(now: datetime) -> "list[QuerySet[Any]]":
    before = now - timedelta(days=settings.TRACE_DAYS)
    settled = Notice.objects.filter(state__in=[Notice.State.SENT, Notice.State.FAILED])
    return [
        SourceRead.objects.filter(started_at__lt=before),
        settled.filter(created_at__lt=before),
        # Before the events, by which erasures find them.
        WebhookDelivery.objects.filter(created_at__lt=before).exclude(state__in=_OPEN),
        WebhookReplay.objects.filter(created_at__lt=before).exclude(state=WebhookReplay.State.RUNNING),
        Event.objects.filter(at__lt=before),
        PastMention.objects.filter(deleted_at__lt=now - PAST),
        old_names(before=now - NAMES),
        StoredAnswer.objects.filter(expires_at__lte=now),
    ]


def clear_traces(*, now: datetime) -> bool:
    """One batch of each; whether there is more."""
    more = False
    for rows in _old(now):
        ids = list(rows.order_by("id").values_list("pk", flat=True)[:BATCH])
        if rows.model is Event:
            note_gone(ids)
        more |= delete_rows(rows.model, ids) == BATCH
    unclaimed = unclaimed_answers(before=now - NAMES).order_by("id").values_list("pk", flat=True)[:BATCH]
    return more | (delete_orphans(unclaimed)["posts"] == BATCH)


def _next(now: datetime) -> datetime:
    """Tomorrow; or within the hour after a stored answer is over, because those are promised to be kept for a day only."""
    first = StoredAnswer.objects.order_by("expires_at").values_list("expires_at", flat=True).first()
    return min(now + DAILY, first + HOUR) if first else now + DAILY


@on_alarm(HOUSEKEEPING)
def keep_house(agencies: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    return dict.fromkeys(agencies, now + SOON if clear_traces(now=now) else _next(now))
