"""One webhook with what was posted to it, one delivery with each request and answer, and replay."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from agency.actions.webhooks.bodies import body_of
from agency.actions.webhooks.replays import begin_replay, count_of, replay_delivery, stop_replay
from agency.event_types import event_types
from agency.models import WebhookAttempt, WebhookDelivery, WebhookReplay
from agency.queries.paging import keyset
from agency.queries.webhooks import get_delivery, last_replay, list_deliveries
from agency.web.answers import see_other
from agency.web.fields import Pick
from agency.web.form_pages import FormPage
from agency.web.limits import say_clients
from agency.web.lists import cursor_of, pager
from agency.web.webhooks import OfWebhook, WebhookPage, says_of
from agency.webhooks import TEST

ROWS = 30
State = WebhookDelivery.State
_STATES = [
    ("", "Everything"),
    (State.DELIVERED, "Delivered"),
    (State.PENDING, "Waiting"),
    (State.FAILED, "Given up"),
    (State.DROPPED, "Not sent"),
]
_LOOKS = {State.DELIVERED: "ok", State.FAILED: "danger", State.DROPPED: "warn"}
_ICONS = {State.DELIVERED: "check", State.FAILED: "close", State.DROPPED: "pause"}


class DeliveriesForm(forms.Form):
    """What the list shows. Nonsense in the address filters nothing."""

    state = forms.ChoiceField(label="State", required=False, choices=_STATES)
    type = forms.ChoiceField(label="Event", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [*event_types(), TEST]
        self.fields["type"].choices = [("", "All events"), *((name, name) for name in sorted(names))]  # type: ignore[attr-defined]


class WebhookDetail(OfWebhook):
    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        form = DeliveriesForm(request.GET)
        form.is_valid()
        state, type_ = (form.cleaned_data.get(name) or "" for name in ("state", "type"))
        rows = list_deliveries(
            self.endpoint,
            by=self.actor,
            states=[state, *([State.SENDING] if state == State.PENDING else [])] if state else [],
            types=[type_] if type_ else [],
        )
        page = keyset(rows, by="-created_at", kind="t", cursor=cursor_of(request), limit=ROWS)
        endpoint, replay = self.endpoint, last_replay(self.endpoint, by=self.actor)
        urls = {
            f"{name}_url": reverse(f"webhook-{name}", args=[endpoint.pk])
            for name in ("edit", "test", "rotate", "enable", "disable", "delete", "replay", "stop")
        }
        context = {
            "endpoint": endpoint,
            "clients": "" if endpoint.client_ids is None else say_clients(endpoint.client_ids, self.clients),
            "both_until": endpoint.old_until
            if endpoint.old_until and endpoint.old_until > self.now
            else None,
            "deliveries": [line_of(delivery) for delivery in page.rows],
            "filters": form,
            "filtered": bool(state or type_),
            "replay": progress_of(replay) if replay else None,
            **urls,
            **pager(request, page),
        }
        return self.page("agency/webhook.html", context)


def line_of(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "delivery": delivery,
        "url": reverse("delivery", args=[delivery.pk]),
        "look": _LOOKS.get(State(delivery.state), ""),
        "icon": _ICONS.get(State(delivery.state), "clock"),
        "is_open": delivery.state in {State.PENDING, State.SENDING},
    }


def progress_of(replay: WebhookReplay) -> dict[str, Any]:
    return {
        "replay": replay,
        "counted": count_of(replay),
        "running": replay.state == WebhookReplay.State.RUNNING,
        "percent": 100 if not replay.total else min(100, 100 * replay.seen // replay.total),
    }


class DeliveryPage(WebhookPage):
    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        delivery = get_delivery(kwargs["delivery_id"], by=self.actor)
        endpoint = delivery.endpoint
        body = body_of(delivery, endpoint)
        attempts = delivery.log.order_by("-n")
        context = {
            **line_of(delivery),
            "endpoint": endpoint,
            "webhook_url": reverse("webhook", args=[endpoint.pk]),
            "says": says_of(delivery.type),
            "is_test": delivery.type == TEST,
            "body": _indented(body) if body else "",
            "attempts": [_attempt(attempt) for attempt in attempts],
            "replay_url": reverse("delivery-replay", args=[delivery.pk])
            if body and delivery.type != TEST and delivery.state != State.SENDING and not endpoint.disabled_at
            else "",
        }
        return self.page("agency/delivery.html", context)


def _indented(body: bytes) -> str:
    return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()


def _attempt(attempt: WebhookAttempt) -> dict[str, Any]:
    return {
        "attempt": attempt,
        "ok": not attempt.error,
        "request": sorted(attempt.request_headers.items()),
        "response": sorted(attempt.response_headers.items()),
    }


class ReplayDelivery(WebhookPage):
    """One press, no question."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        delivery = get_delivery(kwargs["delivery_id"], by=self.actor)
        return see_other(request, reverse("delivery", args=[delivery.pk]))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        delivery = get_delivery(kwargs["delivery_id"], by=self.actor)
        replay_delivery(delivery, by=self.actor, now=self.now)
        return self.done(reverse("delivery", args=[delivery.pk]), "It is sent again, now.")


class WhenField(forms.DateTimeField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        errors = {"required": "Choose a time.", "invalid": "Write it as 2026-03-06 17:30."}
        super().__init__(widget=widget, error_messages=errors, **kwargs)


class ReplayForm(forms.Form):
    since = WhenField(label="From", help_text="When the events happened, in the agency's time zone.")
    until = WhenField(label="Until", required=False, help_text="Empty: until now.")
    which = Pick(
        label="What",
        choices=WebhookReplay.Which.choices,
        initial=WebhookReplay.Which.UNDELIVERED,
        widget=forms.RadioSelect,
        missing="Choose what to send.",
    )


class ReplayRange(OfWebhook, FormPage):
    form_class = ReplayForm
    submit_label = "Send it again"
    intro = (
        "Each event keeps its id, so that a program which has it already can tell. At most 200 are on their way at "
        "once; the page of the webhook shows how far it is."
    )

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Send events to “{self.endpoint.name}” again"

    def initial(self) -> dict[str, Any]:
        asked = self.request.GET.get("since", "")
        try:
            since = datetime.strptime(asked, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            since = self.now - timedelta(days=1)
        return {"since": timezone.localtime(since).replace(second=0, tzinfo=None)}

    def save(self, data: dict[str, Any]) -> str:
        replay = begin_replay(
            self.endpoint,
            since=data["since"],
            until=data["until"],
            types=[],
            which=data["which"],
            by=self.actor,
            now=self.now,
        )
        self.said = _begun(replay.total)
        return self.cancel_url()


def _begun(total: int) -> str:
    if total == 0:
        return "Nothing happened in that time, so there is nothing to send."
    return f"The replay has begun: {total} {'event' if total == 1 else 'events'} to look through."


class StopReplay(OfWebhook):
    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        return see_other(request, self.cancel_url())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        stop_replay(self.endpoint, by=self.actor, now=self.now)
        return self.done(self.cancel_url(), "The replay is stopped.")
