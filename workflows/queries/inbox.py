"""The lists that people work from: one query a page, whatever its size, and of each row what is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.queries.paging import Page, named_place
from agency.rights import Right
from mentions.models import Mention
from mentions.queries.mentions import list_mentions
from mentions.queries.search import search_mentions
from mentions.queries.wanted import Wanted
from mentions.searching import Search, around
from mentions.words import OPEN
from workflows.queries.rows import MADE, read_page, read_row

EXCERPT = 400
# How far into a post the place of a find is looked for, to show it.
LOOKED_THROUGH = 4000
# Orders by name → the field. Urgency is for open ones: what is closed has none.
URGENCY, NEWEST, PUBLISHED = "urgency", "newest", "published"
ORDERS: Mapping[str, str] = MappingProxyType(
    {URGENCY: "urgency_at", NEWEST: "-recorded_at", PUBLISHED: "-published_at"}
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list shows. No states wanted: the open ones, or, where something is searched, all."""

    wanted: Wanted = field(default_factory=Wanted)
    search: Search | None = None


_OWN = frozenset(
    {
        *("id", "client_id", "post_id", "state", "version", "priority", "matched", "assignee_id"),
        *("published_at", "recorded_at", "late_found", "due_at", "urgency_at", "breached"),
        *("responded_at", "external"),
    }
)
COLUMNS = _OWN | MADE
# What the inbox's page shows.
SHOWN = (
    *("id", "version", "state", "priority", "matched", "breached", "due_at", "due_kind", "published_at"),
    *("client_id", "client_name", "assignee_id", "assignee_name", "author_name"),
    *("platform", "title", "excerpt"),
)


def list_inbox(
    *,
    by: Actor,
    filters: Filters,
    cursor: str | None,
    limit: int,
    order: str = "",
    columns: Sequence[str] = SHOWN,
) -> Page[dict[str, Any]]:
    """A page of mentions as plain dictionaries.

    Open work comes by urgency unless another order is named; lists with closed ones, and what was searched, come newest
    first. Each row of a search has the `spellings` that were found in its excerpt, where that is asked for.

    Args:
        order: one of ORDERS; "" as it is usual for what is asked.
        columns: names of COLUMNS.

    Raises:
        Invalid: a cursor of another list or order.
    """
    page = list_rows(by=by, filters=filters, cursor=cursor, limit=limit, order=order, columns=columns)
    rows = [dict(zip(columns, row, strict=False)) for row in page.rows]
    for row in rows:
        if filters.search and "excerpt" in row:
            row["spellings"] = filters.search.spellings(row["excerpt"])
    return Page(rows, page.next)


def list_rows(
    *,
    by: Actor,
    filters: Filters,
    cursor: str | None,
    limit: int,
    order: str = "",
    columns: Sequence[str],
) -> Page[Sequence[Any]]:
    """As `list_inbox`, each row a sequence that begins with the columns, in their order; of the others nothing is read.

    Raises:
        Invalid: a cursor of another list or order.
    """
    by.require(Right.READ)
    searched, wanted = filters.search, filters.wanted
    by_field = ORDERS[order or usual_order(filters)]
    after = named_place(cursor, order=by_field, kind="t") if cursor else None

    def mentions() -> "QuerySet[Any]":
        if searched:
            return search_mentions(searched, by=by, after=after, limit=limit, wanted=wanted)
        return list_mentions(_open_unless(wanted), by=by)

    page = read_page(
        mentions,
        by=by_field,
        after=after,
        limit=limit,
        columns=columns,
        length=LOOKED_THROUGH if searched else EXCERPT,
        key=None if searched or wanted.is_of_the_moment else wanted,
        any_plan=bool(searched) or not wanted.has_its_index,
    )
    found = page.rows
    if searched and "excerpt" in columns:
        found = [_around(searched, row, columns.index("excerpt")) for row in found]
    return Page(found, page.next)


def get_row(mention_id: UUID, *, by: Actor, columns: Sequence[str]) -> Sequence[Any]:
    """The row of one mention, open or closed, as `list_rows` has it where nothing is searched.

    Raises:
        NotFound: absent or foreign.
        Forbidden: the right is missing.
    """
    by.require(Right.READ)
    row = read_row(mention_id, columns=columns, length=EXCERPT)
    if row is None:
        raise NotFound
    return row


def count_inbox(*, by: Actor, filters: Filters, most: int) -> int:
    """How many there are, counted to `most` and one beyond."""
    if filters.search:
        mentions = search_mentions(filters.search, by=by, limit=most, wanted=filters.wanted)
    else:
        mentions = list_mentions(_open_unless(filters.wanted), by=by)[: most + 1]
    return int(mentions.count())


def authors_of(mentions: Sequence[UUID], *, by: Actor) -> dict[UUID, str]:
    """What their authors are called, of those that the actor sees."""
    by.require(Right.READ)
    names = Mention.objects.filter(pk__in=mentions).values_list("pk", "post__author__name")
    return {pk: name or "" for pk, name in names}


def usual_order(filters: Filters) -> str:
    return NEWEST if filters.search or shows_closed(filters) else URGENCY


def shows_closed(filters: Filters) -> bool:
    """Whether closed ones can be among what is shown."""
    return not _open_unless(filters.wanted).is_open if not filters.search else not filters.wanted.is_open


@lru_cache(maxsize=512)
def _open_unless(wanted: Wanted) -> Wanted:
    """Without a word about states the open ones are meant."""
    return wanted if wanted.states else wanted.of_states(OPEN)


def _around(search: Search, row: Sequence[Any], place: int) -> Sequence[Any]:
    text = row[place]
    return (*row[:place], around(text, search.spellings(text), EXCERPT), *row[place + 1 :])
