"""What a person says of a mention's mood, against what its post sounds like."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.api.schema import example, operation
from agency.rights import Right
from mentions.words import Sentiment
from workflows.actions.sentiment import correct_sentiment
from workflows.api.mentions import MentionRowOutput
from workflows.api.moves import OnMention, SeenInput


@example({"version": 2, "sentiment": "negative"})
class SentimentInput(SeenInput):
    sentiment = serializers.ChoiceField(
        Sentiment.choices, allow_null=True, help_text="Null takes back what was said."
    )


class SentimentViews(OnMention):
    rights = {"update": Right.RESPOND}

    @operation(
        "correct_sentiment",
        "Correct a mention's sentiment",
        takes=SentimentInput,
        gives=MentionRowOutput,
        if_match="version",
        tagged=True,
        minimal=True,
        conflicts=True,
        description="It holds for this mention. What was read from the text stays with the post.",
    )
    def update(self, request: Request, mention_id: UUID) -> Response:
        done = correct_sentiment(mention_id, **self.seen(SentimentInput, mention_id))
        return self.mention(mention_id, done.version)
