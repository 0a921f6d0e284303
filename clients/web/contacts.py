"""A client's people: added, changed, removed."""

from typing import Any

from django import forms
from django.urls import reverse

from agency.rights import Right
from agency.web.fields import CleanText, Mail, Pick, ZoneField, zones
from agency.web.form_pages import ConfirmPage, FormPage
from clients.actions.contacts import FIELDS, add_contact, change_contact, remove_contact
from clients.models import Contact
from clients.queries.clients import get_contact
from clients.web.clients import OfClient


class ContactForm(forms.Form):
    name = CleanText(label="Name", max_length=120, missing="Enter their name.")
    email = Mail(label="Mail address", help_text="Approval links go there and nowhere else.")
    part = Pick(
        label="What they do",
        choices=Contact.Part.choices,
        initial=Contact.Part.APPROVER,
        missing="Choose what they do.",
    )
    time_zone = ZoneField(required=False, help_text="Where they are, if it isn't where the client is.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = zones(self.initial.get("time_zone") or "")
        self.fields["time_zone"].choices = [("", "The client's"), *known]  # type: ignore[attr-defined]


class AddContact(OfClient):
    form_class = ContactForm
    submit_label = "Add the contact"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Add a contact of {self.client.name}"
        self.intro = (
            "Contacts need no account: what they decide, they decide by a link that is mailed to them."
        )

    def save(self, data: dict[str, Any]) -> str:
        contact = add_contact(client=self.client, **data, by=self.actor, now=self.now)
        self.said = f"{contact.name} is a contact of {self.client.name} now."
        return self.cancel_url()


class OfContact(FormPage):
    right = Right.MANAGE
    nav = "clients"
    contact: Contact

    def load(self, **kwargs: Any) -> None:
        self.contact = get_contact(kwargs["contact_id"], by=self.actor)

    def cancel_url(self) -> str:
        return reverse("client-detail", args=[self.contact.client_id])


class EditContact(OfContact):
    form_class = ContactForm

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Edit {self.contact.name}"

    def initial(self) -> dict[str, Any]:
        return {name: getattr(self.contact, name) for name in FIELDS}

    def extra(self) -> dict[str, Any]:
        return {
            "remove_url": reverse("contact-remove", args=[self.contact.pk]),
            "remove_label": "Remove this contact",
        }

    def save(self, data: dict[str, Any]) -> str:
        change_contact(self.contact, changes=data, by=self.actor, now=self.now)
        return self.cancel_url()


class RemoveContact(OfContact, ConfirmPage):
    submit_label = "Remove"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Remove {self.contact.name}"
        self.sentence = f"{self.contact.name} gets no more links, and those they have stop working."
        self.consequence = "What they decided stays in the history."

    def act(self) -> str:
        remove_contact(self.contact, by=self.actor, now=self.now)
        self.said = f"{self.contact.name} was removed."
        return self.cancel_url()
