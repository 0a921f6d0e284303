"""API keys."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.keys import make_key, revoke_key
from agency.actions.limits import KnownClients, choose_clients, no_clients
from agency.api.limits import ClientIds
from agency.api.schema import example, operation
from agency.api.serializers import Input, Moment, Named, PageFilters, Text
from agency.api.views import ApiView
from agency.queries.people import get_key, list_keys
from agency.rights import Right

_KEY = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e02",
    "name": "Reports",
    "prefix": "k7m2q9xw4d",
    "rights": ["read"],
    "clients": None,
    "created_by": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e04", "name": "Ana"},
    "created_at": "2026-03-06T17:04:00Z",
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
}


@example({"name": "Reports", "rights": ["read"]})
class KeyInput(Input):
    name = Text(max_length=120)
    rights = serializers.ListField(
        child=serializers.ChoiceField(Right.choices), allow_empty=False, max_length=len(Right)
    )
    expires_at = Moment(required=False, allow_null=True, default=None)
    clients = ClientIds()


@example(_KEY)
class KeyOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The token begins with `esk_` and this.")
    rights = serializers.ListField(child=serializers.ChoiceField(Right.choices))
    clients = serializers.ListField(
        child=serializers.UUIDField(),
        source="client_ids",
        allow_null=True,
        help_text="The only clients that it sees; null: all.",
    )
    created_by = Named(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")
    revoked_at = serializers.DateTimeField(allow_null=True)


@example({**_KEY, "token": "esk_k7m2q9xw4d_…"})
class MadeKeyOutput(KeyOutput):
    token = serializers.CharField(help_text="Shown this once, and stored nowhere.")


class KeyViews(ApiView):
    rights = {"list": Right.KEYS, "create": Right.KEYS, "destroy": Right.KEYS}
    filters = {"list": PageFilters}
    known: KnownClients = staticmethod(no_clients)

    @operation("list_keys", "API keys, newest first; revoked ones too", gives=KeyOutput(many=True))
    def list(self, request: Request) -> Response:
        return self.page(list_keys(by=self.actor), KeyOutput, by="-created_at", kind="t")

    @operation(
        "make_key",
        "Make an API key",
        takes=KeyInput,
        gives=MadeKeyOutput,
        status=201,
        description="The answer's `token` is shown this once. A key can't do more than who makes it, nor outlive a"
        " key that makes it.",
    )
    def create(self, request: Request) -> Response:
        given = self.body(KeyInput)
        given["clients"] = choose_clients(given["clients"], self.known(self.actor))
        key, token = make_key(**given, by=self.actor, now=clock.now())
        return Response({**KeyOutput(key).data, "token": token}, status=201)

    @operation("revoke_key", "Revoke an API key", status=204, description="It stops at once.")
    def destroy(self, request: Request, key_id: UUID) -> Response:
        revoke_key(get_key(key_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)
