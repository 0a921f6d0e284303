"""What a post is like: its language, where its source doesn't say, and its author's mood. Facts of the post, written once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from agency.actions.alarms import on_alarm
from agency.tenancy import current_agency
from mentions.language import detect, told
from mentions.models import Post
from mentions.sentiment import mood

# Set by the migration that brought this, for posts that were there before; its subject is the agency.
DESCRIBE = "posts.describe"
BATCH = 500
AGAIN = timedelta(seconds=1)


class Description(NamedTuple):
    language: str
    language_detected: bool
    sentiment: str
    sentiment_score: int | None


def describe(text: str, *, language: str) -> Description:
    """What a text is like whose source says that it is in this language, or "" where it says nothing."""
    said = told(language)
    found = said or detect(text)
    felt = mood(text, language=found)
    return Description(found, bool(found and not said), felt.sentiment, felt.score)


@on_alarm(DESCRIBE)
def describe_old(agencies: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """One batch of the entered agency's posts that nobody has described; until there are none, again a second later."""
    return dict.fromkeys(agencies, now + AGAIN) if describe_missing() == BATCH else {}


def describe_missing(limit: int = BATCH) -> int:
    """Describe posts that aren't yet; how many there were. Those that somebody else describes are passed over."""
    missing = Post.objects.filter(sentiment="").order_by("id").select_for_update(skip_locked=True)
    rows = list(missing.values_list("pk", "text", "title", "language")[:limit])
    if rows:
        _store([(pk, *describe(text or title, language=language)) for pk, text, title, language in rows])
    return len(rows)


def _store(rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mentions_post AS post
               SET language = new.language, language_detected = new.detected, sentiment = new.sentiment,
                   sentiment_score = new.score
              FROM unnest(%s::uuid[], %s::text[], %s::boolean[], %s::text[], %s::smallint[])
                   AS new (id, language, detected, sentiment, score)
             WHERE post.agency_id = %s AND post.id = new.id
            """,
            [*map(list, zip(*rows, strict=True)), current_agency()],
        )
