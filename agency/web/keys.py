"""API keys: made with the secret shown once, and revoked."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.actions.keys import make_key, revoke_key
from agency.actions.limits import choose_clients
from agency.errors import DomainError
from agency.models import ApiKey
from agency.queries.people import get_key, list_keys
from agency.rights import Right
from agency.web.fields import CleanText
from agency.web.form_pages import UNACCEPTABLE, ConfirmPage, put_errors, status_of
from agency.web.limits import ClientsField, OffersClients, offer_clients, say_clients

_MAY = {Right.READ: "Read", Right.RESPOND: "Work mentions", Right.MANAGE: "Change clients and sources"}


class KeyForm(forms.Form):
    name = CleanText(
        label="Name", max_length=120, missing="Enter a name.", help_text="The program that will use it."
    )
    rights = forms.MultipleChoiceField(
        label="It may",
        choices=Right.choices,
        initial=[Right.READ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what it may do.", "invalid_choice": "Choose what it may do."},
    )
    clients = ClientsField(help_text="It sees these clients only. Choose none for all.")


class Keys(OffersClients):
    right = Right.KEYS
    nav = "keys"
    form: forms.Form | None = None

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(self._form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a key. Its secret is in this answer alone: not in an address, a session or a cache."""
        form = self.form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form, status=UNACCEPTABLE)
        key, token = make_key(
            name=form.cleaned_data["name"],
            rights=form.cleaned_data["rights"],
            expires_at=None,
            clients=choose_clients(form.cleaned_data.get("clients"), self.clients),
            by=self.actor,
            now=self.now,
        )
        return self._show(self._form(), new_key={"name": key.name, "secret": token})

    def refused(self, error: DomainError) -> HttpResponse:
        if self.form is None or not self.actor.may(Right.KEYS):
            return super().refused(error)
        with self.inside(read_only=True):
            put_errors(self.form, error)
            return self._show(self.form, status=status_of(error))

    def _form(self, data: Any = None) -> forms.Form:
        return offer_clients(KeyForm(data), self.clients)

    def _show(
        self, form: forms.Form, *, new_key: dict[str, str] | None = None, status: int = 200
    ) -> HttpResponse:
        keys = list_keys(by=self.actor).order_by("-created_at", "-id")
        context = {"keys": [_line(key, self.clients) for key in keys], "form": form, "new_key": new_key}
        response = self.page("agency/keys.html", context, status=status)
        response["Cache-Control"] = "private, no-store"
        return response


def _line(key: ApiKey, known: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "name": key.name,
        "prefix": f"esk_{key.prefix}",
        "scopes": [
            _MAY.get(Right(right), Right(right).label) if right in Right.values else right
            for right in key.rights
        ],
        "clients": "" if key.client_ids is None else say_clients(key.client_ids, known),
        "created_at": key.created_at,
        "created_by": key.created_by.name if key.created_by else "",
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
        "revoke_url": "" if key.revoked_at else reverse("key-revoke", args=[key.pk]),
    }


class RevokeKey(ConfirmPage):
    right = Right.KEYS
    nav = "keys"
    submit_label = "Revoke it"
    consequence = "This can't be undone. Make a new key if the program should go on."
    key: ApiKey

    def load(self, **kwargs: Any) -> None:
        self.key = get_key(kwargs["key_id"], by=self.actor)
        self.title = f"Revoke “{self.key.name}”"
        self.sentence = f"Programs that use the key “{self.key.name}” are refused from now on."

    def cancel_url(self) -> str:
        return reverse("keys")

    def act(self) -> str:
        revoke_key(self.key, by=self.actor, now=self.now)
        self.said = f"“{self.key.name}” is revoked."
        return reverse("keys")
