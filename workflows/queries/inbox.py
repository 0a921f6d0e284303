"""The lists that people work from: one query a page, whatever its size."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Substr

from agency.actor import Actor
from agency.queries.paging import Page, keyset
from mentions.queries.mentions import list_mentions
from mentions.words import CLOSED, OPEN

EXCERPT = 400


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list shows. States empty: the open ones."""

    client_id: UUID | None = None
    states: tuple[str, ...] = ()
    priority: str = ""
    assignee_id: UUID | None = None
    source_id: UUID | None = None


_COLUMNS = {
    "client_name": F("client__name"),
    "author_name": F("post__author__name"),
    "title": F("post__title"),
    "excerpt": Substr("post__text", 1, EXCERPT),
    "post_url": F("post__url"),
    "platform": F("post__platform"),
    "assignee_name": F("assignee__user__name"),
    "assignee_email": F("assignee__user__email"),
}
_FIELDS = (
    *("id", "client_id", "post_id", "state", "version", "priority", "matched", "assignee_id"),
    *("published_at", "recorded_at", "late_found", "due_at", "due_kind", "urgency_at", "breached"),
    *("responded_at", "answer_url", "dismiss_reason"),
)


def list_inbox(
    *, by: Actor, filters: Filters, cursor: str | None, limit: int, newest: bool = False
) -> Page[dict[str, Any]]:
    """A page of mentions as plain dictionaries: open work by urgency, or what is closed by age, newest first.

    Raises:
        Invalid: a cursor from another list.
    """
    states = filters.states or OPEN
    mentions = list_mentions(
        by=by,
        client_id=filters.client_id,
        states=states,
        priority=filters.priority,
        assignee_id=filters.assignee_id,
        source_id=filters.source_id,
    )
    order = "-recorded_at" if newest or set(states) & set(CLOSED) else "urgency_at"
    page = keyset(mentions.values(*_FIELDS, **_COLUMNS), by=order, kind="t", cursor=cursor, limit=limit)
    for row in page.rows:
        email = row.pop("assignee_email")
        row["assignee_name"] = row["assignee_name"] or email or ""
        row["author_name"] = row["author_name"] or ""
    return page
