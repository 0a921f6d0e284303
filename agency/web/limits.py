"""Which clients a member or a key is for. The clients are known above: `config.page_urls` hands them in."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.urls import reverse

from agency.actions.limits import KnownClients, limit_member, no_clients
from agency.models import Membership
from agency.queries.people import get_membership
from agency.rights import Right
from agency.web.form_pages import FormPage


class ClientsField(forms.TypedMultipleChoiceField):
    """Some clients, as a list of ids; none chosen: None, which means all."""

    def __init__(self, *, help_text: str) -> None:
        super().__init__(
            label="Works for",
            required=False,
            coerce=UUID,
            empty_value=None,
            widget=forms.CheckboxSelectMultiple,
            help_text=help_text,
            error_messages={"invalid_choice": "Choose from the list of clients."},
        )


def offer_clients(form: forms.Form, known: Mapping[UUID, str]) -> forms.Form:
    """Fill the form's `clients`; where there are none to choose from, it isn't asked."""
    if known:
        form.fields["clients"].choices = [(str(pk), name) for pk, name in known.items()]  # type: ignore[attr-defined]
    else:
        del form.fields["clients"]
    return form


class LimitForm(forms.Form):
    clients = ClientsField(help_text="Nobody else's mentions are shown. Choose none for all clients.")


class LimitMember(FormPage):
    right = Right.TEAM
    nav = "team"
    form_class = LimitForm
    known: KnownClients = staticmethod(no_clients)
    member: Membership

    def load(self, **kwargs: Any) -> None:
        self.member = get_membership(kwargs["member_id"], by=self.actor)
        self.title = f"Clients that {self.member.name} works for"
        self.intro = (
            "Of all other clients they find nothing: no mentions, no sources, no contacts, no activity. What they have "
            "claimed there stays theirs until somebody hands it on."
        )

    def make_form(self, data: Any) -> forms.Form:
        return offer_clients(super().make_form(data), self.known(self.actor))

    def initial(self) -> dict[str, Any]:
        return {"clients": [str(client_id) for client_id in self.member.client_ids or ()]}

    def cancel_url(self) -> str:
        return reverse("team")

    def save(self, data: dict[str, Any]) -> str:
        chosen = data.get("clients")
        limit_member(self.member, clients=chosen, known=self.known(self.actor), by=self.actor, now=self.now)
        self.said = f"{self.member.name} works for {say_clients(self.member.client_ids)} now."
        return reverse("team")


def say_clients(client_ids: list[UUID] | None) -> str:
    if client_ids is None:
        return "all clients"
    return "1 client" if len(client_ids) == 1 else f"{len(client_ids)} clients"
