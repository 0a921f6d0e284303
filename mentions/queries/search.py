"""Which mentions have the words: the one door to the function `mentions_search`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from agency.actor import Actor
from agency.queries.paging import decode_cursor
from agency.rights import Right
from agency.tenancy import entered_clients
from mentions.models import Mention
from mentions.searching import Search

# A constant: what is asked goes in as parameters. Which agency asks is not among them: the function reads the setting.
_FOUND = (
    "SELECT mention_id FROM mentions_search(%s::tsquery, %s::uuid[], %s::text[], %s::text, %s::uuid, %s::uuid,"
    " %s::timestamptz, %s::uuid, %s::integer)"
)


def search_mentions(
    search: Search,
    *,
    by: Actor,
    cursor: str | None,
    limit: int,
    client_id: UUID | None = None,
    states: tuple[str, ...] = (),
    priority: str = "",
    assignee_id: UUID | None = None,
    source_id: UUID | None = None,
) -> "QuerySet[Any]":
    """The newest mentions that have the words, from the cursor on, in any state unless `states` are named.

    For `keyset` by `-recorded_at`, with this cursor and limit: there are as many rows as it asks for, and no more.

    Raises:
        Invalid: a cursor from another list.
    """
    by.require(Right.READ)
    before: tuple[datetime | None, UUID | None] = (None, None)
    if cursor:
        at, mention_id = decode_cursor(cursor, like=["t", "u"])
        before = at, mention_id
    asked = [
        *(str(search), _clients(client_id), list(states) or None, priority or None, assignee_id, source_id),
        *(*before, limit + 1),
    ]
    return Mention.objects.filter(pk__in=RawSQL(_FOUND, asked))  # noqa: S611


def _clients(client_id: UUID | None) -> list[UUID] | None:
    """Whose mentions are looked through; None: every client's. Empty where one asks for a client that isn't theirs."""
    mine = entered_clients()
    if client_id is None:
        return None if mine is None else sorted(mine)
    return [client_id] if mine is None or client_id in mine else []
