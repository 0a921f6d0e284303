"""Posts: what somebody published, as it was seen."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.schema import example, operation
from agency.api.serializers import Named, OrNull
from agency.api.views import ApiView
from agency.rights import Right
from mentions.queries.posts import get_post


class AuthorOutput(serializers.Serializer[Any]):
    """The public account that posted."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    url = OrNull()


POST = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e0d",
    "platform": "feed",
    "url": "https://forum.example/posts/1",
    "title": "Closed again",
    "text": "Brightwater was closed again at nine. Does anybody answer there?",
    "language": None,
    "author": {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e0e",
        "name": "Pauls Zariņš",
        "url": "https://forum.example/users/pauls",
    },
    "source": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e0b", "name": "Riga forum"},
    "published_at": "2026-03-06T16:44:00Z",
    "published_guessed": False,
    "seen_at": "2026-03-06T17:04:00Z",
    "counts": {},
    "in_reply_to": None,
}


@example(POST)
class PostOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    platform = serializers.CharField()
    url = OrNull()
    title = serializers.CharField()
    text = serializers.CharField()
    language = OrNull()
    author = AuthorOutput(allow_null=True)
    source = Named(allow_null=True, help_text="Null when it was deleted.")  # type: ignore[assignment]
    published_at = serializers.DateTimeField()
    published_guessed = serializers.BooleanField(
        help_text="The source gave no time, or one to come: it is when we saw it."
    )
    seen_at = serializers.DateTimeField()
    in_reply_to = OrNull(
        help_text="The address, or else the id, of what it answers, where the source says it."
    )
    counts = serializers.DictField(help_text="Such as likes and shares, where the platform tells them.")


class PostViews(ApiView):
    rights = {"retrieve": Right.READ}

    @operation("get_post", "A post", gives=PostOutput)
    def retrieve(self, request: Request, post_id: UUID) -> Response:
        return Response(PostOutput(get_post(post_id, by=self.actor)).data)
