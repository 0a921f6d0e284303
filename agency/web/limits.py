"""Which clients a member or a key is for. The clients are known above: `config.page_urls` hands them in."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.urls import reverse

from agency.actions.limits import KnownClients, limit_member, no_clients
from agency.models import Membership
from agency.queries.people import get_membership
from agency.rights import Right
from agency.web.form_pages import FormPage
from agency.web.views import StaffPage


class OffersClients(StaffPage):
    """A page on which clients are chosen; they are read once, whatever it shows of them."""

    known: KnownClients = staticmethod(no_clients)

    @cached_property
    def clients(self) -> Mapping[UUID, str]:
        return self.known(self.actor)


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
    clients = ClientsField(help_text="Choose none for all clients.")


class LimitMember(OffersClients, FormPage):
    right = Right.TEAM
    nav = "team"
    form_class = LimitForm
    member: Membership

    def load(self, **kwargs: Any) -> None:
        self.member = get_membership(kwargs["member_id"], by=self.actor)
        self.title = f"Clients that {self.member.name} works for"
        self.intro = (
            "Of all other clients they find nothing: no mentions, no sources, no contacts, no activity. What they have "
            "claimed there stays theirs until somebody hands it on."
        )

    def make_form(self, data: Any) -> forms.Form:
        return offer_clients(super().make_form(data), self.clients)

    def initial(self) -> dict[str, Any]:
        return {"clients": [str(client_id) for client_id in self.member.client_ids or ()]}

    def cancel_url(self) -> str:
        return reverse("team")

    def save(self, data: dict[str, Any]) -> str:
        chosen = data.get("clients")
        limit_member(self.member, clients=chosen, known=self.clients, by=self.actor, now=self.now)
        said = say_clients(self.member.client_ids, self.clients)
        self.said = f"{self.member.name} works for {said} now."
        return reverse("team")


def say_clients(client_ids: list[UUID] | None, known: Mapping[UUID, str]) -> str:
    """As a line has room for it: “all clients”, “Fennel & Rye”, “Fennel & Rye and 2 more”."""
    if client_ids is None:
        return "all clients"
    names = sorted(known[client_id] for client_id in client_ids if client_id in known)
    if not names:
        return "no client"
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def name_clients(client_ids: list[str] | str | None, known: Mapping[UUID, str]) -> str:
    """As the log tells them: by ids. Its first entries named them, and no entry is ever written anew."""
    if client_ids is None:
        return "all clients"
    if isinstance(client_ids, str):
        return client_ids
    names = sorted(known.get(UUID(client_id), "an erased client") for client_id in client_ids)
    return ", ".join(names) or "no client"
