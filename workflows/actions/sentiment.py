"""Correcting what a mention's post sounds like: what the machine read stays a fact of the post."""

from datetime import datetime
from uuid import UUID

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from mentions.models import Mention
from mentions.words import Sentiment
from workflows.actions.transition import lock_mention


def correct_sentiment(
    mention_id: UUID, *, sentiment: str | None, by: Actor, seen: int | None, now: datetime
) -> Mention:
    """Say how the author feels, or (None) take back what was said. Saying it again changes nothing.

    Raises:
        Invalid: no such sentiment; NotFound, Forbidden, MentionMovedOn.
    """
    by.require(Right.RESPOND)
    if sentiment is not None and sentiment not in Sentiment.values:
        raise Invalid.field("sentiment", f"Choose one: {', '.join(Sentiment.values)}.")
    mention = lock_mention(mention_id, seen=seen, now=now)
    before, said = mention.sentiment, sentiment or ""
    if said == mention.corrected_sentiment:
        return mention
    mention.corrected_sentiment = said
    mention.version += 1
    mention.save(update_fields=["corrected_sentiment", "version"])
    change = {"sentiment": [before, mention.sentiment]}
    record("mention.sentiment_corrected", by=by, subject=mention, now=now, details=change)
    emit("mention.sentiment_corrected", subject=mention, now=now, data={**change, "version": mention.version})
    return mention
