"""A client → Data: how long its mentions are kept, its export, its erasure."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from agency.models import Erasure
from agency.rights import Right
from agency.web.answers import see_other
from agency.web.fields import Pick
from agency.web.form_pages import UNACCEPTABLE, ConfirmPage, FormPage
from clients.models import Client
from clients.queries.clients import get_client
from mentions.queries.tallies import Past, past_of_clients
from workflows.actions.erasures import request_erasure
from workflows.actions.retention import LEAST, MOST, change_retention, preview_retention
from workflows.web.data import ErasureForm

_USUAL = [
    ("", "For ever"),
    ("30", "30 days"),
    ("90", "90 days"),
    ("180", "180 days"),
    ("365", "1 year"),
    ("730", "2 years"),
    ("1095", "3 years"),
]


class KeepForm(forms.Form):
    keep = Pick(
        label="Keep closed mentions",
        required=False,
        choices=_USUAL,
        missing="Choose how long.",
        help_text="Counted from when they were closed: answered or dismissed.",
    )
    other = forms.IntegerField(
        label="Or so many days",
        required=False,
        min_value=LEAST,
        max_value=MOST,
        help_text=f"{LEAST} to {MOST}; it counts more than the choice above.",
        error_messages={
            "invalid": "Enter a whole number of days.",
            "min_value": f"At least {LEAST} days.",
            "max_value": f"At most {MOST} days (ten years).",
        },
    )

    def days(self) -> int | None:
        chosen: int | None = self.cleaned_data["other"]
        return chosen or (int(self.cleaned_data["keep"]) if self.cleaned_data["keep"] else None)


class ClientData(FormPage):
    """GET shows it all. POST of the form shows what it would delete and asks; with `sure` it is done."""

    right = Right.DATA
    nav = "clients"
    template_name = "workflows/client_data.html"
    form_class = KeepForm
    submit_label = "Save"
    client: Client

    def load(self, **kwargs: Any) -> None:
        self.client = get_client(kwargs["client_id"], by=self.actor)
        self.title = f"Data of {self.client.name}"

    def initial(self) -> dict[str, Any]:
        days = self.client.keep_days
        usual = str(days or "") in dict(_USUAL)
        return {"keep": str(days or "") if usual else "", "other": None if usual else days}

    def cancel_url(self) -> str:
        return reverse("client-detail", args=[self.client.pk])

    def extra(self) -> dict[str, Any]:
        client = self.client
        return {
            "client": client,
            "past": past_of_clients([client.pk], by=self.actor).get(client.pk, Past()),
            "export_url": reverse("client-export", args=[client.pk]),
            "archive_url": reverse("client-archive", args=[client.pk]) if client.archived_at is None else "",
            "erase_url": reverse("client-erase", args=[client.pk]) if client.archived_at else "",
            "data_url": reverse("data"),
        }

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        form = KeepForm(request.POST)
        if not form.is_valid():
            self.form = form
            return self.show(form, status=UNACCEPTABLE)
        days, sure = form.days(), request.POST.get("sure") == "1"
        preview = preview_retention(self.client, keep_days=days, by=self.actor, now=self.now)
        if preview.mentions and not sure:
            context = {
                "client": self.client,
                "days": days,
                "preview": preview,
                "cancel_url": self.request.path,
            }
            return self.page("workflows/keep_confirm.html", context)
        change_retention(self.client, keep_days=days, confirmed=sure, by=self.actor, now=self.now)
        kept = f"for {days} days" if days else "for ever"
        return self.done(request.path, f"Closed mentions of {self.client.name} are kept {kept}.")


class EraseClient(ConfirmPage):
    right = Right.DATA
    nav = "clients"
    form_class = ErasureForm
    submit_label = "Erase the client"
    client: Client

    def load(self, **kwargs: Any) -> None:
        self.client = get_client(kwargs["client_id"], by=self.actor)
        self.title = f"Erase {self.client.name}"
        self.sentence = (
            f"Everything about {self.client.name} goes, for good: its mentions with all work on them, its contacts, what is "
            "listened for, its own sources, promises and templates. Exports that were made before are deleted too, because "
            "they may hold some of it."
        )
        self.consequence = "This can't be undone. Counts stay, and that it was erased: when and by whom."

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = ErasureForm(data, initial={"reason": Erasure.Reason.ENDED})
        form.ask_for(self.client.name)
        return form

    def cancel_url(self) -> str:
        return reverse("client-data", args=[self.client.pk])

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        if self.client.archived_at is None:
            return see_other(request, self.cancel_url())
        return super().get(request, **kwargs)

    def save(self, data: dict[str, Any]) -> str:
        request_erasure(
            kind=Erasure.Kind.CLIENT, about_id=self.client.pk, **data, by=self.actor, now=self.now
        )
        self.said = "The client is being erased. This page says when it is done."
        return reverse("data")
