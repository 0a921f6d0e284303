"""What is listened for."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Input, Text
from agency.api.views import ApiView
from agency.errors import NotFound
from agency.rights import Right
from clients.queries.clients import current_query, get_client
from mentions.actions.listening import set_query
from mentions.matching import LONGEST_TERM, MOST_TERMS


class Terms(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Text(max_length=LONGEST_TERM), max_length=MOST_TERMS, **kwargs)


@example(
    {
        "any_terms": ["Brightwater", "bright water coffee"],
        "none_terms": ["Brightwater Drive"],
        "urgent_terms": ["food poisoning"],
    }
)
class QueryInput(Input):
    any_terms = Terms(allow_empty=False, help_text="A post must hold one of these words or phrases,")
    none_terms = Terms(default=list, help_text="and none of these.")
    urgent_terms = Terms(
        default=list, help_text="A mention that holds one of these too is urgent from the start."
    )


@example(
    {
        "version": 2,
        "any_terms": ["Brightwater", "bright water coffee"],
        "none_terms": ["Brightwater Drive"],
        "urgent_terms": ["food poisoning"],
        "created_at": "2026-03-06T17:04:00Z",
        "created_by": "Ana",
    }
)
class QueryOutput(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    any_terms = serializers.ListField(child=serializers.CharField())
    none_terms = serializers.ListField(child=serializers.CharField())
    urgent_terms = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()


class QueryViews(ApiView):
    rights = {"retrieve": Right.READ, "update": Right.MANAGE}

    @operation(
        "get_query",
        "What is listened for, for a client",
        gives=QueryOutput,
        description="404 as well while nothing was set.",
    )
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        query = current_query(get_client(client_id, by=self.actor).pk)
        if query is None:
            raise NotFound("Nothing is listened for yet, for this client.")
        return Response(QueryOutput(query).data)

    @operation(
        "set_query",
        "Listen for words and phrases, for a client",
        takes=QueryInput,
        gives=QueryOutput,
        description="From the next reading on. Each change is a new version.",
    )
    def update(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        query = set_query(client=client, **self.body(QueryInput), by=self.actor, now=clock.now())
        return Response(QueryOutput(query).data)
