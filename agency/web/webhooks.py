"""Webhooks: listed with their health, added, changed, tried out, given a new secret, disabled, deleted."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency import clock
from agency.actions.limits import choose_clients
from agency.actions.webhooks.endpoints import (
    LONGEST_NAME,
    LONGEST_URL,
    add_endpoint,
    change_endpoint,
    delete_endpoint,
    disable_endpoint,
    enable_endpoint,
    rotate_secret,
)
from agency.actions.webhooks.sending import Job
from agency.actions.webhooks.trials import prepare_trial, run_trial, say_answer
from agency.event_types import event_types
from agency.models import WebhookEndpoint
from agency.queries.webhooks import get_endpoint, list_endpoints_with_figures
from agency.rights import Right
from agency.web.activity_words import NOUNS
from agency.web.answers import see_other
from agency.web.fields import CleanText, Pick, SecretText
from agency.web.form_pages import UNACCEPTABLE, ConfirmPage, FormPage
from agency.web.limits import ClientsField, OffersClients, offer_clients, say_clients
from agency.web.views import StaffPage

LATELY = timedelta(days=7)
_OVERLAPS = [
    ("0", "No longer: it stops at once"),
    ("1", "For an hour"),
    ("24", "For a day"),
    ("72", "For 3 days"),
    ("168", "For 7 days"),
]
_MORE_NOUNS = {"calendar": "Calendars", "on_call": "On call", "webhook": "Webhooks", "clocks": "Promises"}


def says_of(name: str) -> str:
    """What such an event says, for people: without the document's marks of code."""
    return event_types()[name].says.replace("`", "") if name in event_types() else ""


def grouped_types() -> list[tuple[str, list[tuple[str, str]]]]:
    """Of all events, by what they are about: name and what each says."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in event_types():
        noun = name.partition(".")[0]
        label = NOUNS.get(noun) or _MORE_NOUNS.get(noun) or noun.replace("_", " ").capitalize()
        groups.setdefault(label, []).append((name, says_of(name)))
    return sorted(groups.items())


class WebhookForm(forms.Form):
    name = CleanText(
        label="Name", max_length=LONGEST_NAME, missing="Enter a name.", help_text="The program that listens."
    )
    url = SecretText(
        label="Address",
        max_length=LONGEST_URL,
        missing="Enter the address.",
        help_text="Begins with https://. Stored encrypted, and not shown again.",
    )
    clients = ClientsField(
        help_text="Only what concerns these clients. Choose none for all, and for what concerns no client."
    )
    types = forms.MultipleChoiceField(
        required=False, error_messages={"invalid_choice": "Choose from the list of events."}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = grouped_types()
        self.fields["types"].choices = [  # type: ignore[attr-defined]
            (name, name) for _, types in groups for name, _ in types
        ]
        self.fields["clients"].label = "Clients"


def groups_of(form: forms.Form) -> list[dict[str, Any]]:
    chosen = set(form["types"].value() or [])
    return [
        {
            "label": label,
            "chosen": len(chosen & {name for name, _ in types}),
            "types": [
                {"name": name, "says": says, "on": name in chosen, "id": f"type-{name.replace('.', '-')}"}
                for name, says in types
            ],
        }
        for label, types in grouped_types()
    ]


class WebhookPage(OffersClients):
    right = Right.KEYS
    nav = "webhooks"


class Webhooks(WebhookPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        rows = list_endpoints_with_figures(by=self.actor, since=self.now - LATELY).order_by(
            "created_at", "id"
        )
        lines = [{**_line(row, self.clients), "row": row} for row in rows]
        return self.page("agency/webhooks.html", {"webhooks": lines, "add_url": reverse("webhook-add")})


def _line(endpoint: WebhookEndpoint, clients: Mapping[UUID, str]) -> dict[str, Any]:
    types = endpoint.types
    return {
        "endpoint": endpoint,
        "url": reverse("webhook", args=[endpoint.pk]),
        "types": "all events"
        if not types
        else types[0]
        if len(types) == 1
        else f"{len(types)} kinds of events",
        "clients": "" if endpoint.client_ids is None else say_clients(endpoint.client_ids, clients),
    }


class _WebhookForm(FormPage, WebhookPage):
    template_name = "agency/webhook_form.html"

    def make_form(self, data: Any) -> forms.Form:
        return offer_clients(WebhookForm(data, initial=self.initial()), self.clients)

    def chosen(self, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": data["name"],
            "url": data["url"],
            "types": data["types"],
            "clients": choose_clients(data.get("clients"), self.clients),
        }

    def show(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        self.groups = groups_of(form)
        return super().show(form, status=status)

    def extra(self) -> dict[str, Any]:
        return {"groups": self.groups}


class AddWebhook(_WebhookForm):
    title = "Add a webhook"
    intro = (
        "Earshot posts what happens to your program as JSON, signed by the Standard Webhooks specification. What isn't "
        "taken is tried again for three days."
    )
    submit_label = "Add it"

    def cancel_url(self) -> str:
        return reverse("webhooks")

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The secret is in this answer alone: not in an address, a session or a cache."""
        form = self.form = self.make_form(request.POST)
        if not form.is_valid():
            return self.show(form, status=UNACCEPTABLE)
        endpoint, secret = add_endpoint(**self.chosen(form.cleaned_data), by=self.actor, now=self.now)
        return show_secret(self, endpoint, secret, fresh=True)


class OfWebhook(WebhookPage):
    """About one webhook."""

    endpoint: WebhookEndpoint

    def load(self, **kwargs: Any) -> None:
        self.endpoint = get_endpoint(kwargs["webhook_id"], by=self.actor)

    def cancel_url(self) -> str:
        return reverse("webhook", args=[self.endpoint.pk])


class EditWebhook(OfWebhook, _WebhookForm):
    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Edit “{self.endpoint.name}”"

    def initial(self) -> dict[str, Any]:
        endpoint = self.endpoint
        clients = [str(client_id) for client_id in endpoint.client_ids or ()]
        return {"name": endpoint.name, "types": endpoint.types, "clients": clients}

    def make_form(self, data: Any) -> forms.Form:
        form = super().make_form(data)
        url = form.fields["url"]
        url.required = False
        url.widget.attrs["placeholder"] = f"•••••••• ({self.endpoint.origin})"
        url.help_text = "Stored. Leave it empty to keep it."
        return form

    def save(self, data: dict[str, Any]) -> str:
        changes = self.chosen(data)
        if not self.clients:
            del changes["clients"]
        change_endpoint(self.endpoint, changes=changes, by=self.actor, now=self.now)
        self.said = f"“{data['name']}” is saved."
        return self.cancel_url()


class RotateForm(forms.Form):
    overlap = Pick(
        label="The old secret signs on",
        choices=_OVERLAPS,
        initial="24",
        widget=forms.RadioSelect,
        help_text="Until then each message is signed with both, so that your program can change over at any time.",
    )


class RotateWebhook(OfWebhook, FormPage):
    form_class = RotateForm
    submit_label = "Make a new secret"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"A new secret for “{self.endpoint.name}”"

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        form = self.form = self.make_form(request.POST)
        if not form.is_valid():
            return self.show(form, status=UNACCEPTABLE)
        overlap = timedelta(hours=int(form.cleaned_data["overlap"]))
        endpoint, secret = rotate_secret(self.endpoint, overlap=overlap, by=self.actor, now=self.now)
        return show_secret(self, endpoint, secret, fresh=False)


def show_secret(page: StaffPage, endpoint: WebhookEndpoint, secret: str, *, fresh: bool) -> HttpResponse:
    context = {"endpoint": endpoint, "secret": secret, "fresh": fresh}
    context["webhook_url"] = reverse("webhook", args=[endpoint.pk])
    response = page.page("agency/webhook_secret.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


class _Press(OfWebhook):
    """One press, no question."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        return see_other(request, self.cancel_url())


class TestWebhook(_Press):
    """Asked for inside the agency; what is sent is sent outside of its transaction, and the answer says what came back."""

    job: Job | None = None

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        self.job = prepare_trial(self.endpoint, by=self.actor, now=self.now)
        return HttpResponse()

    def _answer(
        self, handler: Callable[..., HttpResponse], right: Right, *, read_only: bool, **kwargs: Any
    ) -> HttpResponse:
        response = super()._answer(handler, right, read_only=read_only, **kwargs)
        if self.job is None:
            return response
        answer = run_trial(self.actor.agency_id, self.endpoint.pk, self.job, clock=clock.now)
        say = messages.success if answer.ok else messages.error
        say(self.request, say_answer(answer))
        return see_other(self.request, reverse("delivery", args=[self.job.delivery_id]))


class EnableWebhook(_Press):
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        since = self.endpoint.disabled_at
        enable_endpoint(self.endpoint, by=self.actor, now=self.now)
        if since is None:
            return self.done(self.cancel_url())
        replay = reverse("webhook-replay", args=[self.endpoint.pk])
        said = f"“{self.endpoint.name}” is in use again. What it missed can be sent now."
        return self.done(f"{replay}?since={since:%Y-%m-%dT%H:%M:%SZ}", said)


class DisableWebhook(OfWebhook, ConfirmPage):
    submit_label = "Disable it"
    consequence = "Events are kept meanwhile. Once it is enabled again, it can be sent what it missed."

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Disable “{self.endpoint.name}”"
        self.sentence = f"Nothing is posted to {self.endpoint.origin} any more, also not what waits now."

    def act(self) -> str:
        disable_endpoint(self.endpoint, by=self.actor, now=self.now)
        self.said = f"“{self.endpoint.name}” is disabled."
        return self.cancel_url()


class DeleteWebhook(OfWebhook, ConfirmPage):
    submit_label = "Delete it"
    consequence = "What was posted to it isn't listed any more. This can't be undone."

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Delete “{self.endpoint.name}”"
        self.sentence = f"Nothing is posted to {self.endpoint.origin} any more."

    def act(self) -> str:
        delete_endpoint(self.endpoint, by=self.actor, now=self.now)
        self.said = f"“{self.endpoint.name}” is deleted."
        return reverse("webhooks")
