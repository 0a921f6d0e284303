"""A client's people: added, changed, removed."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.rights import Right
from agency.web.fields import CleanText, Mail, ZoneField, zones
from agency.web.form_pages import ConfirmPage, FormPage
from agency.web.views import StaffPage
from clients.actions.contacts import FIELDS, add_contact, change_contact, remove_contact
from clients.actions.view_links import send_view_link
from clients.models import Contact
from clients.queries.clients import get_contact
from clients.web.clients import OfClient
from clients.words import PART_RIGHTS, Part


def _may(part: Part) -> str:
    """ "Approver: decide replies that are put to them"."""
    rights = ", ".join(right.label for right in PART_RIGHTS[part])
    return f"{part.label}: {rights[:1].lower()}{rights[1:]}"


class ContactForm(forms.Form):
    name = CleanText(label="Name", max_length=120, missing="Enter their name.")
    email = Mail(label="Mail address", help_text="Their links go there and nowhere else.")
    parts = forms.MultipleChoiceField(
        label="What they do",
        choices=[(part.value, _may(part)) for part in Part],
        initial=[Part.APPROVER],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what they do.", "invalid_choice": "Choose what they do."},
        help_text="A viewer sees results by a link that you send from the client's page. "
        "Who has alerts is mailed when a mention is marked urgent.",
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
            "Contacts need no account: what they decide or see, they reach by a link that is mailed to them."
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


class SendLink(StaffPage):
    """One press, no question."""

    right = Right.MANAGE
    nav = "clients"

    def post(self, request: HttpRequest, contact_id: UUID) -> HttpResponse:
        contact = get_contact(contact_id, by=self.actor)
        send_view_link(contact, by=self.actor, now=self.now)
        said = f"A link to the results is on its way to {contact.email}."
        return self.done(reverse("client-detail", args=[contact.client_id]), said)
