"""Which mentions have the words: the one door to the function `mentions_search`."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from agency.actor import Actor
from agency.rights import Right
from agency.tenancy import entered_clients
from mentions.models import Mention
from mentions.queries.wanted import EVERYTHING, Wanted
from mentions.searching import Search

# A constant: what is asked goes in as parameters. Which agency asks is not among them: the function reads the setting.
_FOUND = "SELECT mention_id FROM mentions_search(%s::tsquery, %s::uuid[], %s::jsonb, %s::timestamptz, %s::uuid, %s::integer)"


def search_mentions(
    search: Search,
    *,
    by: Actor,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
    wanted: Wanted = EVERYTHING,
) -> "QuerySet[Any]":
    """The newest mentions that have the words and are wanted, from a place on.

    For `keyset` by `-recorded_at`, with the place that its cursor says, and this limit: there are as many rows as it
    asks for, and no more.
    """
    by.require(Right.READ)
    asked = orjson.dumps(wanted.asked()).decode()
    values = [str(search), _clients(wanted.clients), asked, *(after or (None, None)), limit + 1]
    return Mention.objects.filter(pk__in=RawSQL(_FOUND, values))  # noqa: S611


def _clients(asked: tuple[UUID, ...]) -> list[UUID] | None:
    """Whose mentions are looked through; None: every client's. Empty where one asks for clients that aren't theirs."""
    mine = entered_clients()
    if not asked:
        return None if mine is None else sorted(mine)
    return [client_id for client_id in asked if mine is None or client_id in mine]
