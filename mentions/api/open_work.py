"""How much waits for each client."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.pagination import paged
from agency.api.schema import example, operation
from agency.api.serializers import Named, PageFilters
from agency.api.views import ApiView
from agency.queries.paging import keyset
from agency.rights import Right
from clients.queries.clients import list_clients
from mentions.queries.figures import OpenWork, open_work_by_client, sources_by_client


@example(
    {
        "client": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08", "name": "Brightwater"},
        "open": 7,
        "late": 1,
        "sources": 3,
    }
)
class OpenWorkOutput(serializers.Serializer[Any]):
    client = Named()
    open = serializers.IntegerField(help_text="Mentions that are neither answered nor dismissed.")
    late = serializers.IntegerField(help_text="Of them, those with a broken promise.")
    sources = serializers.IntegerField(help_text="That are read for it, those for every client among them.")


class OpenWorkViews(ApiView):
    rights = {"list": Right.READ}
    filters = {"list": PageFilters}

    @operation(
        "list_open_work",
        "How much waits for each client, by name",
        gives=OpenWorkOutput(many=True),
        description="Of the clients that are looked after.",
    )
    def list(self, request: Request) -> Response:
        clients = list_clients(by=self.actor)
        page = keyset(
            clients, by="name", kind="s", cursor=self.asked.get("cursor"), limit=self.asked["limit"]
        )
        work, sources = open_work_by_client(by=self.actor), sources_by_client(by=self.actor)
        rows = [
            {
                "client": client,
                "open": work.get(client.pk, OpenWork()).open,
                "late": work.get(client.pk, OpenWork()).late,
                "sources": sources.get(client.pk, 0) + sources.get(None, 0),
            }
            for client in page.rows
        ]
        return paged(request, [OpenWorkOutput(row).data for row in rows], following=page.next)
