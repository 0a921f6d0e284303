"""The lists that people work from: one query a page, whatever its size."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Substr

from agency.actor import Actor
from agency.queries.paging import Page, keyset
from mentions.queries.mentions import list_mentions
from mentions.queries.search import search_mentions
from mentions.searching import Search, around
from mentions.words import CLOSED, OPEN

EXCERPT = 400
# How far into a post the place of a find is looked for, to show it.
LOOKED_THROUGH = 4000


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list shows. States empty: the open ones, or, where something is searched, all."""

    client_id: UUID | None = None
    states: tuple[str, ...] = ()
    priority: str = ""
    assignee_id: UUID | None = None
    source_id: UUID | None = None
    search: Search | None = None


_COLUMNS = {
    "client_name": F("client__name"),
    "author_name": F("post__author__name"),
    "title": F("post__title"),
    "post_url": F("post__url"),
    "platform": F("post__platform"),
    "assignee_name": F("assignee__user__name"),
    "assignee_email": F("assignee__user__email"),
}
_FIELDS = (
    *("id", "client_id", "post_id", "state", "version", "priority", "matched", "assignee_id"),
    *("published_at", "recorded_at", "late_found", "due_at", "due_kind", "urgency_at", "breached"),
    *("responded_at", "answer_url", "external", "dismiss_reason"),
)


def list_inbox(
    *, by: Actor, filters: Filters, cursor: str | None, limit: int, newest: bool = False
) -> Page[dict[str, Any]]:
    """A page of mentions as plain dictionaries: open work by urgency; what is closed, or was searched, newest first.

    Each row of a search has the `spellings` that were found in its excerpt.

    Raises:
        Invalid: a cursor from another list.
    """
    if filters.search:
        return _shown_finds(filters.search, _searched(by, filters, filters.search, cursor, limit))
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
    return _page(mentions, order, cursor, limit, EXCERPT)


def _searched(
    by: Actor, filters: Filters, search: Search, cursor: str | None, limit: int
) -> Page[dict[str, Any]]:
    found = search_mentions(
        search,
        by=by,
        cursor=cursor,
        limit=limit,
        client_id=filters.client_id,
        states=filters.states,
        priority=filters.priority,
        assignee_id=filters.assignee_id,
        source_id=filters.source_id,
    )
    return _page(found, "-recorded_at", cursor, limit, LOOKED_THROUGH)


def _shown_finds(search: Search, page: Page[dict[str, Any]]) -> Page[dict[str, Any]]:
    for row in page.rows:
        spellings = search.spellings(row["excerpt"])
        row["excerpt"] = around(row["excerpt"], spellings, EXCERPT)
        row["spellings"] = spellings
    return page


def _page(
    mentions: "QuerySet[Any]", order: str, cursor: str | None, limit: int, length: int
) -> Page[dict[str, Any]]:
    columns = {**_COLUMNS, "excerpt": Substr("post__text", 1, length)}
    page = keyset(mentions.values(*_FIELDS, **columns), by=order, kind="t", cursor=cursor, limit=limit)
    for row in page.rows:
        email = row.pop("assignee_email")
        row["assignee_name"] = row["assignee_name"] or email or ""
        row["author_name"] = row["author_name"] or ""
    return page
