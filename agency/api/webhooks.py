"""Webhooks: where events are posted to."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.limits import KnownClients, choose_clients, no_clients
from agency.actions.webhooks.endpoints import (
    LONGEST_NAME,
    LONGEST_URL,
    WebhookMovedOn,
    add_endpoint,
    change_endpoint,
    delete_endpoint,
    disable_endpoint,
    enable_endpoint,
    rotate_secret,
)
from agency.actions.webhooks.replays import begin_replay, count_of, stop_replay
from agency.actions.webhooks.trials import prepare_trial, run_trial
from agency.api.events import type_name
from agency.api.limits import ClientIds
from agency.api.preconditions import Stale, if_match, tagged
from agency.api.schema import example, operation
from agency.api.serializers import Input, Moment, Named, OrNull, PageFilters, Text, Whole
from agency.api.views import ApiView
from agency.errors import NotFound
from agency.models import WebhookEndpoint, WebhookReplay
from agency.queries.webhooks import get_endpoint, last_replay, list_endpoints
from agency.rights import Right
from agency.webhooks import LONGEST_OVERLAP, OVERLAP

_WEBHOOK = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1f01",
    "name": "Data warehouse",
    "origin": "https://hooks.northlight.example",
    "types": ["mention.created", "mention.responded"],
    "clients": None,
    "created_by": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e04", "name": "Ana"},
    "created_at": "2026-03-06T17:04:00Z",
    "version": 1,
    "failing_since": None,
    "failures": 0,
    "disabled_at": None,
    "disabled_why": None,
    "disabled_by": None,
    "old_secret_until": None,
}
_REPLAY = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1f02",
    "since": "2026-03-05T00:00:00Z",
    "until": "2026-03-06T17:04:00Z",
    "types": [],
    "which": "undelivered",
    "state": "running",
    "total": 1200,
    "seen": 400,
    "queued": 230,
    "waiting": 30,
    "delivered": 200,
    "failed": 0,
    "by": "Ana",
    "created_at": "2026-03-06T17:04:00Z",
    "finished_at": None,
}
_URL_HELP = "Must begin with https://. Redirects aren't followed, and private addresses never called. Never given out again."
_TYPES_HELP = "Only these types of events; none: all, also those that come later."


class EventTypes(serializers.ListField):
    """Names of event types."""

    def __init__(self, **kwargs: Any) -> None:
        child = type_name()
        kwargs = {"child": child, "required": False, "max_length": 200, "help_text": _TYPES_HELP, **kwargs}
        super().__init__(**kwargs)


@example(
    {
        "name": "Data warehouse",
        "url": "https://hooks.northlight.example/earshot/9f2c",
        "types": ["mention.created", "mention.responded"],
    }
)
class WebhookInput(Input):
    name = Text(max_length=LONGEST_NAME)
    url = Text(max_length=LONGEST_URL, help_text=_URL_HELP)
    types = EventTypes(default=list)
    clients = ClientIds(
        help_text="Only what concerns these clients; null: all of them, and what concerns none."
    )


@example({"types": []})
class WebhookChange(Input):
    name = Text(max_length=LONGEST_NAME, required=False)
    url = Text(max_length=LONGEST_URL, required=False, help_text=_URL_HELP)
    types = EventTypes()
    clients = ClientIds()


@example({"overlap_seconds": 86400})
class RotateInput(Input):
    overlap_seconds = Whole(
        required=False,
        default=int(OVERLAP.total_seconds()),
        min_value=0,
        max_value=int(LONGEST_OVERLAP.total_seconds()),
        help_text="How long messages are signed with both secrets; 0 where the old one got into wrong hands.",
    )


@example({"since": "2026-03-05T00:00:00Z", "which": "undelivered"})
class ReplayInput(Input):
    since = Moment(help_text="By when the event happened.")
    until = Moment(required=False, allow_null=True, default=None, help_text="Up to then; null: up to now.")
    types = EventTypes(default=list)
    which = serializers.ChoiceField(
        WebhookReplay.Which.choices,
        required=False,
        default=WebhookReplay.Which.UNDELIVERED,
        help_text="What didn't arrive, or was never sent because the webhook was disabled or not there; or everything.",
    )


@example(_WEBHOOK)
class WebhookOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    origin = serializers.CharField(help_text="The address without what may be secret in it.")
    types = serializers.ListField(child=serializers.CharField(), help_text=_TYPES_HELP)
    clients = serializers.ListField(
        child=serializers.UUIDField(),
        source="client_ids",
        allow_null=True,
        help_text="Only what concerns these clients; null: all of them, and what concerns none.",
    )
    created_by = Named(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField(help_text="As in the ETag.")
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="Nothing but failures since then. After five days it is disabled."
    )
    failures = serializers.IntegerField(help_text="In a row.")
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_why = OrNull()
    disabled_by = OrNull(help_text="Null where Earshot did it.")
    old_secret_until = serializers.DateTimeField(
        source="old_until", allow_null=True, help_text="Until then messages are signed with both secrets."
    )


@example({**_WEBHOOK, "secret": "whsec_…"})
class MadeWebhookOutput(WebhookOutput):
    secret = serializers.CharField(help_text="What messages are signed with. Shown this once.")


@example(
    {
        "ok": False,
        "status": 500,
        "error": "The receiver answered 500.",
        "seconds": 0.12,
        "delivery": "0195677c-0a54-7000-8d2f-0f3c9a6b1f04",
    }
)
class TestedWebhookOutput(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    status = serializers.IntegerField(allow_null=True, help_text="HTTP's.")
    error = OrNull()
    seconds = serializers.FloatField()
    delivery = serializers.UUIDField(help_text="Where request and answer are.")


@example(_REPLAY)
class ReplayOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    types = serializers.ListField(child=serializers.CharField())
    which = serializers.ChoiceField(WebhookReplay.Which.choices)
    state = serializers.ChoiceField(WebhookReplay.State.choices)
    total = serializers.IntegerField(help_text="Events of the range, when it began.")
    seen = serializers.IntegerField(help_text="How many of them were looked at.")
    queued = serializers.IntegerField(help_text="How many of those are sent again.")
    waiting = serializers.IntegerField(help_text="Of these, how many are still on their way.")
    delivered = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Given up, or not sent.")
    by = serializers.CharField(source="by_name")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class WebhookViews(ApiView):
    rights = dict.fromkeys(
        (
            *("list", "create", "retrieve", "partial_update", "destroy", "enable", "disable", "rotate"),
            *("test", "replay", "replayed", "stop"),
        ),
        Right.KEYS,
    )
    filters = {"list": PageFilters}
    known: KnownClients = staticmethod(no_clients)

    @operation("list_webhooks", "Webhooks", gives=WebhookOutput(many=True))
    def list(self, request: Request) -> Response:
        return self.page(list_endpoints(by=self.actor), WebhookOutput, by="created_at", kind="t")

    @operation(
        "add_webhook",
        "Add a webhook",
        takes=WebhookInput,
        gives=MadeWebhookOutput,
        status=201,
        conflicts=True,
        tagged=True,
        description="Events are posted to its address from now on, signed by the Standard Webhooks specification. The"
        " answer's `secret` is shown this once.",
    )
    def create(self, request: Request) -> Response:
        given = self.body(WebhookInput)
        given["clients"] = choose_clients(given["clients"], self.known(self.actor))
        endpoint, secret = add_endpoint(**given, by=self.actor, now=clock.now())
        return _shown(endpoint, secret=secret, status=201)

    @operation("get_webhook", "A webhook and how it fares", gives=WebhookOutput, tagged=True)
    def retrieve(self, request: Request, webhook_id: UUID) -> Response:
        return _shown(self._endpoint(webhook_id))

    @operation(
        "change_webhook",
        "Change a webhook",
        takes=WebhookChange,
        gives=WebhookOutput,
        tagged=True,
        if_match="optional",
        description="What is on its way already goes to a new address, too. With If-Match, only the version that it names is"
        " changed.",
    )
    def partial_update(self, request: Request, webhook_id: UUID) -> Response:
        changes = self.body(WebhookChange)
        if "clients" in changes:
            changes["clients"] = choose_clients(changes["clients"], self.known(self.actor))
        endpoint, seen = self._endpoint(webhook_id), if_match(request)
        try:
            changed = change_endpoint(endpoint, changes=changes, seen=seen, by=self.actor, now=clock.now())
        except WebhookMovedOn as error:
            raise Stale(error) from None
        return _shown(changed)

    @operation(
        "delete_webhook",
        "Delete a webhook and its deliveries",
        status=204,
        description="Events stay in the feed.",
    )
    def destroy(self, request: Request, webhook_id: UUID) -> Response:
        delete_endpoint(self._endpoint(webhook_id), by=self.actor, now=clock.now())
        return Response(status=204)

    @operation(
        "enable_webhook",
        "Post to a webhook again that was disabled",
        gives=WebhookOutput,
        tagged=True,
        description="What happens from now on. A replay sends what it missed.",
    )
    def enable(self, request: Request, webhook_id: UUID) -> Response:
        return _shown(enable_endpoint(self._endpoint(webhook_id), by=self.actor, now=clock.now()))

    @operation(
        "disable_webhook",
        "Post nothing to a webhook until it is enabled",
        gives=WebhookOutput,
        tagged=True,
        description="What waits isn't sent. Events are kept meanwhile, and can be replayed.",
    )
    def disable(self, request: Request, webhook_id: UUID) -> Response:
        return _shown(disable_endpoint(self._endpoint(webhook_id), by=self.actor, now=clock.now()))

    @operation(
        "rotate_webhook_secret",
        "Give a webhook a new secret",
        takes=RotateInput,
        gives=MadeWebhookOutput,
        tagged=True,
        description="Shown this once. Until the overlap is over, each message carries a signature by the new secret and one"
        " by the old.",
    )
    def rotate(self, request: Request, webhook_id: UUID) -> Response:
        overlap = timedelta(seconds=self.body(RotateInput)["overlap_seconds"])
        endpoint, secret = rotate_secret(
            self._endpoint(webhook_id), overlap=overlap, by=self.actor, now=clock.now()
        )
        return _shown(endpoint, secret=secret)

    @operation(
        "test_webhook",
        "Send a test, and say what came back",
        gives=TestedWebhookOutput,
        also=(429,),
        description="A `webhook.test`, at once, also to a webhook that is disabled. It says nothing of the webhook's health."
        " One at a time for an agency, and five a minute.",
    )
    def test(self, request: Request, webhook_id: UUID) -> Response:
        endpoint = self._endpoint(webhook_id)
        job = prepare_trial(endpoint, by=self.actor, now=clock.now())

        def send() -> Response:
            answer = run_trial(self.actor.agency_id, endpoint.pk, job, clock=clock.now)
            told = {
                "ok": answer.ok,
                "status": answer.status,
                "error": answer.error,
                "seconds": round(answer.seconds, 3),
                "delivery": job.delivery_id,
            }
            return Response(TestedWebhookOutput(told).data)

        self.outside = send
        return Response()

    @operation(
        "replay_webhook",
        "Send a range of events again",
        takes=ReplayInput,
        gives=ReplayOutput,
        status=202,
        conflicts=True,
        description="Up to 200 at a time, with the same ids as before. One replay of a webhook at a time.",
    )
    def replay(self, request: Request, webhook_id: UUID) -> Response:
        replay = begin_replay(
            self._endpoint(webhook_id), **self.body(ReplayInput), by=self.actor, now=clock.now()
        )
        return Response(_progress(replay), status=202)

    @operation("get_webhook_replay", "How far the last replay is", gives=ReplayOutput)
    def replayed(self, request: Request, webhook_id: UUID) -> Response:
        replay = last_replay(self._endpoint(webhook_id), by=self.actor)
        if replay is None:
            raise NotFound("Nothing was replayed to this webhook yet.")
        return Response(_progress(replay))

    @operation(
        "stop_webhook_replay",
        "Stop a replay",
        gives=ReplayOutput,
        conflicts=True,
        description="What of it waits isn't sent.",
    )
    def stop(self, request: Request, webhook_id: UUID) -> Response:
        return Response(_progress(stop_replay(self._endpoint(webhook_id), by=self.actor, now=clock.now())))

    def _endpoint(self, webhook_id: UUID) -> WebhookEndpoint:
        return get_endpoint(webhook_id, by=self.actor)


def _shown(endpoint: WebhookEndpoint, *, secret: str = "", status: int = 200) -> Response:
    data = WebhookOutput(endpoint).data
    return tagged({**data, "secret": secret} if secret else data, endpoint.version, status=status)


def _progress(replay: WebhookReplay) -> Mapping[str, Any]:
    counted = count_of(replay)
    for name in ("waiting", "delivered", "failed"):
        setattr(replay, name, getattr(counted, name))
    return ReplayOutput(replay).data
