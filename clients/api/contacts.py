"""Contacts."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Email, Id, Input, Named, PageFilters, Text
from agency.api.views import ApiView
from agency.rights import Right
from clients.actions.contacts import add_contact, change_contact, remove_contact
from clients.actions.view_links import send_view_link
from clients.api.references import named_client
from clients.queries.clients import get_contact, list_contacts
from clients.words import Part


class ContactFilters(PageFilters):
    client = serializers.UUIDField(required=False, help_text="Only those of this client.")


@example({"email": "dora@brightwater.example"})
class ContactChanges(Input):
    name = Text(max_length=120)
    email = Email()
    parts = serializers.ListField(
        child=serializers.ChoiceField(Part.choices),
        min_length=1,
        max_length=len(Part),
        default=lambda: [Part.APPROVER.value],
        help_text="Approvers decide replies, viewers see results, alerts is told of urgent mentions.",
    )
    time_zone = Text(max_length=64, default="", allow_blank=True, help_text="Empty: the client's.")


@example(
    {
        "client": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08",
        "name": "Dora",
        "email": "dora@brightwater.example",
        "parts": ["approver"],
    }
)
class ContactInput(ContactChanges):
    client = Id()


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e09",
        "client": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08", "name": "Brightwater"},
        "name": "Dora",
        "email": "dora@brightwater.example",
        "parts": ["approver"],
        "time_zone": "",
        "created_at": "2026-03-06T17:04:00Z",
    }
)
class ContactOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client = Named()
    name = serializers.CharField()
    email = serializers.EmailField()
    parts = serializers.ListField(child=serializers.ChoiceField(Part.choices))
    time_zone = serializers.CharField()
    created_at = serializers.DateTimeField()


class ContactViews(ApiView):
    rights = {
        "list": Right.READ,
        "create": Right.MANAGE,
        "retrieve": Right.READ,
        "partial_update": Right.MANAGE,
        "destroy": Right.MANAGE,
        "link": Right.MANAGE,
    }
    filters = {"list": ContactFilters}

    @operation("list_contacts", "Contacts, by name", gives=ContactOutput(many=True))
    def list(self, request: Request) -> Response:
        contacts = list_contacts(by=self.actor)
        if "client" in self.asked:
            contacts = contacts.filter(client_id=self.asked["client"])
        return self.page(contacts, ContactOutput, by="name", kind="s")

    @operation("add_contact", "Add a contact", takes=ContactInput, gives=ContactOutput, status=201)
    def create(self, request: Request) -> Response:
        given = self.body(ContactInput)
        given["client"] = named_client(given["client"], by=self.actor)
        contact = add_contact(**given, by=self.actor, now=clock.now())
        return Response(ContactOutput(contact).data, status=201)

    @operation("get_contact", "A contact", gives=ContactOutput)
    def retrieve(self, request: Request, contact_id: UUID) -> Response:
        return Response(ContactOutput(get_contact(contact_id, by=self.actor)).data)

    @operation("change_contact", "Change a contact", takes=ContactChanges, gives=ContactOutput)
    def partial_update(self, request: Request, contact_id: UUID) -> Response:
        contact = get_contact(contact_id, by=self.actor)
        contact = change_contact(contact, changes=self.body(ContactChanges), by=self.actor, now=clock.now())
        return Response(ContactOutput(contact).data)

    @operation(
        "remove_contact",
        "Remove a contact",
        status=204,
        description="They get no more links, and theirs stop working. What they decided stays.",
    )
    def destroy(self, request: Request, contact_id: UUID) -> Response:
        remove_contact(get_contact(contact_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

    @operation(
        "send_contact_link",
        "Send a viewer their link",
        status=202,
        conflicts=True,
        description="A mail with a link to the client's results goes to the contact. The link is in the mail alone.",
    )
    def link(self, request: Request, contact_id: UUID) -> Response:
        send_view_link(get_contact(contact_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=202)
