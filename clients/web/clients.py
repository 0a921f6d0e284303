"""Taking a client on, changing and archiving it. The list and the client's own page are in mentions/web/clients.py."""

from typing import Any

from django import forms
from django.urls import reverse

from agency.rights import Right
from agency.web.fields import CleanText, Pick, ZoneField, languages, zones
from agency.web.form_pages import ConfirmPage, FormPage
from clients.actions.clients import archive_client, change_client, create_client, restore_client
from clients.models import Client
from clients.queries.clients import get_client


class ClientForm(forms.Form):
    name = CleanText(
        label="Name", max_length=120, missing="Enter the client's name.", help_text="As its customers say it."
    )
    time_zone = ZoneField(help_text="Its people see times in it.")
    language = Pick(label="Language", choices=languages, missing="Choose a language from the list.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, known in (("time_zone", zones), ("language", languages)):
            self.fields[name].choices = known(self.initial.get(name) or "")  # type: ignore[attr-defined]


class AddClient(FormPage):
    right = Right.MANAGE
    nav = "clients"
    form_class = ClientForm
    title = "Add a client"
    intro = "A client is a brand that you look after. What to listen for and who approves replies come next."
    submit_label = "Add the client"

    def load(self, **kwargs: Any) -> None:
        self.actor.require_all_clients()

    def initial(self) -> dict[str, Any]:
        return {"time_zone": self.house.agency.time_zone, "language": "en"}

    def cancel_url(self) -> str:
        return reverse("client-list")

    def save(self, data: dict[str, Any]) -> str:
        client = create_client(**data, by=self.actor, now=self.now)
        self.said = f"{client.name} is here. Now say what to listen for."
        return reverse("client-listening", args=[client.pk])


class OfClient(FormPage):
    """A form about one client; cancelling leads back to it."""

    right = Right.MANAGE
    nav = "clients"
    client: Client

    def load(self, **kwargs: Any) -> None:
        self.client = get_client(kwargs["client_id"], by=self.actor)

    def cancel_url(self) -> str:
        return reverse("client-detail", args=[self.client.pk])


class EditClient(OfClient):
    form_class = ClientForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Edit {self.client.name}"

    def initial(self) -> dict[str, Any]:
        return {name: getattr(self.client, name) for name in ("name", "time_zone", "language")}

    def save(self, data: dict[str, Any]) -> str:
        change_client(self.client, changes=data, by=self.actor, now=self.now)
        return self.cancel_url()


class ArchiveClient(OfClient, ConfirmPage):
    submit_label = "Archive it"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Archive {self.client.name}"
        self.sentence = f"Earshot stops listening for {self.client.name}: no new mentions come in."
        self.consequence = (
            "What was found and answered stays readable, and you can restore the client at any time."
        )

    def act(self) -> str:
        archive_client(self.client, by=self.actor, now=self.now)
        self.said = f"{self.client.name} is archived."
        return reverse("client-list")


class RestoreClient(OfClient, ConfirmPage):
    submit_label = "Restore it"
    danger = False

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Restore {self.client.name}"
        self.sentence = (
            f"Earshot listens for {self.client.name} again, from the next reading of its sources on."
        )

    def act(self) -> str:
        restore_client(self.client, by=self.actor, now=self.now)
        self.said = f"Listening for {self.client.name} again."
        return self.cancel_url()
