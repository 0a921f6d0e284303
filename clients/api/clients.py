"""Clients."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Input, PageFilters, Text, YesOrNo
from agency.api.views import ApiView
from agency.rights import Right
from clients.actions.clients import archive_client, change_client, create_client, restore_client
from clients.queries.clients import get_client, list_clients


class ClientFilters(PageFilters):
    archived = YesOrNo(
        required=False, default=False, help_text="The archived ones instead of those looked after."
    )


@example({"name": "Brightwater", "time_zone": "Europe/Riga", "language": "en"})
class ClientInput(Input):
    name = Text(max_length=120)
    time_zone = Text(max_length=64, default="UTC", help_text="An IANA name, such as Europe/Riga.")
    language = serializers.RegexField(
        r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=12, default="en", help_text="Such as en or pt-BR."
    )


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08",
        "name": "Brightwater",
        "time_zone": "Europe/Riga",
        "language": "en",
        "created_at": "2026-03-06T17:04:00Z",
        "archived_at": None,
    }
)
class ClientOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    language = serializers.CharField()
    created_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)


class ClientViews(ApiView):
    rights = {
        "list": Right.READ,
        "create": Right.MANAGE,
        "retrieve": Right.READ,
        "partial_update": Right.MANAGE,
        "archive": Right.MANAGE,
        "restore": Right.MANAGE,
    }
    filters = {"list": ClientFilters}

    @operation("list_clients", "Clients, by name", gives=ClientOutput(many=True))
    def list(self, request: Request) -> Response:
        clients = list_clients(by=self.actor, archived=self.asked["archived"])
        return self.page(clients, ClientOutput, by="name", kind="s")

    @operation(
        "create_client",
        "Take on a client",
        takes=ClientInput,
        gives=ClientOutput,
        status=201,
        description="Until its approval policy says otherwise, it is asked before each reply.",
    )
    def create(self, request: Request) -> Response:
        client = create_client(**self.body(ClientInput), by=self.actor, now=clock.now())
        return Response(ClientOutput(client).data, status=201)

    @operation("get_client", "A client", gives=ClientOutput)
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        return Response(ClientOutput(get_client(client_id, by=self.actor)).data)

    @operation("change_client", "Change a client", takes=ClientInput, gives=ClientOutput)
    def partial_update(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        client = change_client(client, changes=self.body(ClientInput), by=self.actor, now=clock.now())
        return Response(ClientOutput(client).data)

    @operation(
        "archive_client",
        "Archive a client",
        gives=ClientOutput,
        description="Nothing is listened for any more; what was done stays readable.",
    )
    def archive(self, request: Request, client_id: UUID) -> Response:
        client = archive_client(get_client(client_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(ClientOutput(client).data)

    @operation("restore_client", "Look after an archived client again", gives=ClientOutput)
    def restore(self, request: Request, client_id: UUID) -> Response:
        client = restore_client(get_client(client_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(ClientOutput(client).data)
