"""What became of each event on its way to a webhook."""

from typing import Any
from uuid import UUID

import orjson
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.webhooks.bodies import body_of
from agency.actions.webhooks.replays import replay_delivery
from agency.api.events import EventOutput, type_name
from agency.api.schema import example, operation
from agency.api.serializers import Moment, OrNull, PageFilters, Several
from agency.api.views import ApiView
from agency.event_types import event_types
from agency.events_shown import shown_example
from agency.models import WebhookDelivery
from agency.queries.webhooks import get_delivery, get_endpoint, list_deliveries
from agency.rights import Right

_DELIVERY = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1f04",
    "webhook": "0195677c-0a54-7000-8d2f-0f3c9a6b1f01",
    "event": "0195677c-0a54-7000-8d2f-0f3c9a6b1e05",
    "type": "mention.responded",
    "client": "0195677c-0a54-7000-8d2f-0f3c9a6b1e03",
    "state": "pending",
    "attempts": 1,
    "next_at": "2026-03-06T17:14:05Z",
    "created_at": "2026-03-06T17:14:00Z",
    "first_at": "2026-03-06T17:14:00Z",
    "last_at": "2026-03-06T17:14:00Z",
    "delivered_at": None,
    "status": 500,
    "error": "The receiver answered 500.",
    "replayed": 0,
}
_TRY = {
    "n": 1,
    "at": "2026-03-06T17:14:00Z",
    "finished_at": "2026-03-06T17:14:00.12Z",
    "milliseconds": 120,
    "status": 500,
    "error": "The receiver answered 500.",
    "request_headers": {
        "webhook-id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e05",
        "webhook-timestamp": "1772817240",
        "webhook-signature": "v1,…",
    },
    "response_headers": {"content-type": "text/plain"},
    "response_body": "Out of order",
}


class DeliveryFilters(PageFilters):
    state = Several(
        child=serializers.ChoiceField(WebhookDelivery.State.choices), required=False, help_text="Only these."
    )
    type = Several(
        child=type_name(),
        required=False,
        help_text="Only these types of events.",
    )
    since = Moment(required=False, help_text="By when the event happened.")
    until = Moment(required=False, help_text="By when the event happened: before then.")
    event = serializers.UUIDField(required=False, help_text="Only of this event.")


@example(_DELIVERY)
class DeliveryOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    webhook = serializers.UUIDField(source="endpoint_id")
    event = serializers.UUIDField(
        source="event_id", help_text="The event's id, which is the `webhook-id`, too."
    )
    type = serializers.CharField()
    client = serializers.UUIDField(source="client_id", allow_null=True)
    state = serializers.ChoiceField(WebhookDelivery.State.choices)
    attempts = serializers.IntegerField()
    next_at = serializers.DateTimeField(
        allow_null=True, help_text="When it is tried next; while it is being sent, when that is given up."
    )
    created_at = serializers.DateTimeField(help_text="When the event happened.")
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    status = serializers.IntegerField(allow_null=True, help_text="HTTP's, of the last attempt.")
    error = OrNull(help_text="Why the last attempt failed, or why it isn't sent.")
    replayed = serializers.IntegerField(help_text="How often it was sent again by hand.")


@example(_TRY)
class TriedDeliveryOutput(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(
        allow_null=True, help_text="Null where it broke off, so that nobody knows whether it arrived."
    )
    milliseconds = serializers.IntegerField(allow_null=True)
    status = serializers.IntegerField(allow_null=True)
    error = OrNull()
    request_headers = serializers.DictField(child=serializers.CharField())
    response_headers = serializers.DictField(child=serializers.CharField())
    response_body = serializers.CharField(help_text="The first 4 kB.")


@example({**_DELIVERY, "body": shown_example(event_types()["mention.responded"]), "log": [_TRY]})
class WholeDeliveryOutput(DeliveryOutput):
    body = EventOutput(allow_null=True, help_text="What is posted; null once the event is erased or too old.")
    log = TriedDeliveryOutput(many=True)


class DeliveryViews(ApiView):
    rights = dict.fromkeys(("list", "retrieve", "replay"), Right.KEYS)
    filters = {"list": DeliveryFilters}

    @operation(
        "list_deliveries", "What was posted to a webhook, newest first", gives=DeliveryOutput(many=True)
    )
    def list(self, request: Request, webhook_id: UUID) -> Response:
        asked = self.asked
        rows = list_deliveries(
            get_endpoint(webhook_id, by=self.actor),
            by=self.actor,
            states=asked.get("state", ()),
            types=asked.get("type", ()),
            since=asked.get("since"),
            until=asked.get("until"),
            event_id=asked.get("event"),
        )
        return self.page(rows, DeliveryOutput, by="-created_at", kind="t")

    @operation("get_delivery", "A delivery with its body and every attempt", gives=WholeDeliveryOutput)
    def retrieve(self, request: Request, delivery_id: UUID) -> Response:
        delivery = get_delivery(delivery_id, by=self.actor)
        body = body_of(delivery, delivery.endpoint)
        whole = {
            "body": orjson.loads(body) if body else None,
            "log": TriedDeliveryOutput(delivery.log.order_by("n"), many=True).data,
        }
        return Response({**DeliveryOutput(delivery).data, **whole})

    @operation(
        "replay_delivery",
        "Send one delivery again",
        gives=DeliveryOutput,
        status=202,
        conflicts=True,
        description="Now, with the same id, and with all its retries before it.",
    )
    def replay(self, request: Request, delivery_id: UUID) -> Response:
        delivery = replay_delivery(get_delivery(delivery_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(DeliveryOutput(delivery).data, status=202)
