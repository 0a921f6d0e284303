"""Posts: what somebody published, as it was seen."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.schema import example, operation
from agency.api.serializers import Named, OrNull
from agency.api.views import ApiView
from agency.rights import Right
from mentions.models import Post
from mentions.queries.posts import get_post
from mentions.words import Sentiment


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
    "language": "en",
    "language_detected": True,
    "sentiment": "negative",
    "sentiment_score": -0.296,
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
    language = OrNull(help_text="As BCP 47; null where neither its source nor its text tells.")
    language_detected = serializers.BooleanField(help_text="Read from the text: its source doesn't say.")
    sentiment = serializers.SerializerMethodField(
        help_text="What the text sounds like; only English is understood."
    )
    sentiment_score = serializers.SerializerMethodField(
        help_text="From -1, the worst, to 1; null where it is unknown."
    )
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

    @extend_schema_field(serializers.ChoiceField(Sentiment.choices))
    def get_sentiment(self, post: Post) -> str:
        return post.sentiment or Sentiment.UNKNOWN.value

    @extend_schema_field(serializers.FloatField(allow_null=True, min_value=-1, max_value=1))
    def get_sentiment_score(self, post: Post) -> float | None:
        return None if post.sentiment_score is None else post.sentiment_score / 1000


class PostViews(ApiView):
    rights = {"retrieve": Right.READ}

    @operation("get_post", "A post", gives=PostOutput)
    def retrieve(self, request: Request, post_id: UUID) -> Response:
        return Response(PostOutput(get_post(post_id, by=self.actor)).data)
