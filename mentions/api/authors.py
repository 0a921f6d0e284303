"""Authors: public accounts, and what we know of them."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.schema import example, operation
from agency.api.serializers import OrNull
from agency.api.views import ApiView
from agency.rights import Right
from mentions.queries.authors import what_is_known


class AuthorClientOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="client_id")
    name = serializers.CharField(source="client_name")
    mentions = serializers.IntegerField()
    answered = serializers.IntegerField()


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21",
        "name": "Pauls Zariņš",
        "platform": "feed",
        "url": "https://forum.example/people/pauls",
        "first_seen_at": "2026-03-06T17:04:00Z",
        "last_posted_at": "2026-03-06T16:44:00Z",
        "mentions": 3,
        "clients": [
            {
                "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08",
                "name": "Brightwater",
                "mentions": 3,
                "answered": 1,
            }
        ],
    }
)
class KnownAuthorOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="author.pk")
    name = serializers.CharField(source="author.name", help_text="Empty where the platform tells none.")
    platform = serializers.CharField(source="author.platform")
    url = OrNull(source="author.url")
    first_seen_at = serializers.DateTimeField(source="author.first_seen_at")
    last_posted_at = serializers.DateTimeField(allow_null=True)
    mentions = serializers.IntegerField()
    clients = AuthorClientOutput(many=True, help_text="Whom they mentioned, the most mentioned first.")


class AuthorViews(ApiView):
    rights = {"retrieve": Right.READ}

    @operation("get_author", "An author, and what is known of them", gives=KnownAuthorOutput)
    def retrieve(self, request: Request, author_id: UUID) -> Response:
        return Response(KnownAuthorOutput(what_is_known(author_id, by=self.actor)).data)
