"""What is posted: the event as the feed shows it, written anew for each attempt."""

from datetime import UTC
from typing import Any

import orjson
from django.db.models import Subquery

from agency.events_shown import shown
from agency.models import Event, FeedPlace, WebhookDelivery, WebhookEndpoint
from agency.remembered import Remembered
from agency.webhooks import TEST

# It got its number as it was committed, after its deliveries were made.
_event = Remembered(
    lambda event_id: Event.objects.filter(pk=event_id).annotate(
        number=Subquery(FeedPlace.objects.filter(pk=event_id).values("number"))
    )
)


def body_of(delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> bytes | None:
    """None where the event is gone."""
    if delivery.type == TEST:
        return orjson.dumps(_trial(delivery, endpoint))
    event = _event.first(event_id=delivery.event_id)
    return None if event is None else orjson.dumps(shown(event, number=event.number))


def _trial(delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "type": TEST,
        "timestamp": delivery.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            "id": str(delivery.event_id),
            "number": 0,
            "subject": {"type": "webhookendpoint", "id": str(endpoint.pk)},
            "client": None,
            "text": f"This is a test from Earshot: the webhook “{endpoint.name}” works.",
        },
    }
