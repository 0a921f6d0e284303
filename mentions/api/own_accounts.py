"""The accounts that a client posts with itself."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Input, Text
from agency.api.views import ApiView
from agency.rights import Right
from clients.queries.clients import get_client
from mentions.actions.own_accounts import LONGEST, MOST, set_own_accounts
from mentions.models import OwnAccount
from mentions.queries.own_accounts import list_own_accounts

_EXAMPLE = "https://forum.example/users/brightwater"


@example({"accounts": [_EXAMPLE]})
class OwnAccountsInput(Input):
    accounts = serializers.ListField(
        child=Text(max_length=LONGEST),
        max_length=MOST,
        help_text="Addresses of the accounts' pages; or names, for sources that give no address. All of them: what isn't"
        " here is taken off.",
    )


class OwnAccountOutput(serializers.Serializer[Any]):
    account = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()


@example({"accounts": [{"account": _EXAMPLE, "created_at": "2026-03-06T17:04:00Z", "created_by": "Ana"}]})
class OwnAccountsOutput(serializers.Serializer[Any]):
    accounts = OwnAccountOutput(many=True)


class OwnAccountViews(ApiView):
    rights = {"retrieve": Right.READ, "update": Right.MANAGE}

    @operation("get_own_accounts", "The accounts that a client posts with itself", gives=OwnAccountsOutput)
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        return _shown(list_own_accounts(get_client(client_id, by=self.actor), by=self.actor))

    @operation(
        "set_own_accounts",
        "Say which accounts a client posts with itself",
        takes=OwnAccountsInput,
        gives=OwnAccountsOutput,
        description="From the next reading on, what they post is no mention of that client, and what they answer counts"
        " as answered.",
    )
    def update(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        given = self.body(OwnAccountsInput)
        return _shown(set_own_accounts(client=client, **given, by=self.actor, now=clock.now()))


def _shown(accounts: list[OwnAccount]) -> Response:
    return Response(OwnAccountsOutput({"accounts": accounts}).data)
