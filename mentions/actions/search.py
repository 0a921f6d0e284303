"""Making mentions searchable: in bulk, right after the transaction that took them in."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef

from agency.actions.alarms import on_alarm, set_alarm
from agency.ids import new_id
from agency.tenancy import current_agency
from mentions.models import Mention, SearchEntry
from mentions.searching import vector

SEARCH_FILL = "search.fill"
BATCH = 500
# Where those that an alarm was set for are gone, this far back is looked for others that came with them.
RECENT = timedelta(hours=1)
AGAIN = timedelta(seconds=1)


def fill_soon(mentions: Sequence[Mention], *, now: datetime) -> None:
    """Have these searchable with the next sweep. One alarm, named after one of them, so that nobody waits for another."""
    if mentions:
        set_alarm(SEARCH_FILL, mentions[0].pk, now, wake=False)


@on_alarm(SEARCH_FILL)
def fill_recent(mentions: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Fill what was recorded since the earliest of these: all that came with them. What somebody holds, a second later."""
    there = Mention.objects.filter(pk__in=mentions).aggregate(count=Count("pk"), first=Min("recorded_at"))
    first = there["first"] or now
    since = first if there["count"] == len(mentions) else min(first, now - RECENT)
    fill_missing(since=since)
    return dict.fromkeys(mentions, now + AGAIN) if _missing(since).exists() else {}


def fill_missing(*, since: datetime | None = None, limit: int | None = None) -> int:
    """Make searchable what isn't yet, of the entered agency; how many that were.

    A mention that somebody holds at this moment isn't waited for: it stays for another time.

    Args:
        since: look only at what was recorded then or later.
        limit: stop after so many, so that a transaction stays short.
    """
    filled = 0
    held: set[UUID] = set()
    while limit is None or filled < limit:
        rows = _missing(since).exclude(pk__in=held)[:BATCH]
        if not rows:
            break
        done = _insert(rows)
        filled += done
        if done < len(rows):
            asked = {mention_id for mention_id, *_ in rows}
            held |= asked - set(_filled(asked))
    return filled


def forget(mentions: Sequence[UUID]) -> None:
    """Take the words of these out of the search, such as to fill them anew after their post was changed."""
    SearchEntry.objects.filter(mention_id__in=mentions).delete()


def _missing(since: datetime | None) -> Any:
    rows = Mention.objects.filter(~Exists(SearchEntry.objects.filter(mention_id=OuterRef("pk"))))
    if since:
        rows = rows.filter(recorded_at__gte=since)
    return rows.order_by("-recorded_at", "-id").values_list(
        *("pk", "client_id", "matched"),
        *("post__title", "post__text", "post__author__name", "post__url"),
    )


def _filled(mentions: Collection[UUID]) -> Any:
    return SearchEntry.objects.filter(mention_id__in=mentions).values_list("mention_id", flat=True)


def _insert(rows: Sequence[tuple[Any, ...]]) -> int:
    """One statement; how many there are now. Rows that somebody else filled meanwhile stay as they are.

    The mentions are held until the end, so that none is deleted meanwhile; those that somebody else holds are passed over.
    """
    agency_id = current_agency()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO mentions_searchentry (id, agency_id, mention_id, client_id, recorded_at, vector)
            SELECT new.id, mention.agency_id, mention.id, mention.client_id, mention.recorded_at, vector::tsvector
              FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS new (id, mention_id, vector)
              JOIN mentions_mention AS mention ON mention.agency_id = %s AND mention.id = mention_id
             ORDER BY mention.id
               FOR KEY SHARE OF mention SKIP LOCKED
            ON CONFLICT (agency_id, mention_id) DO NOTHING
            """,
            [
                [new_id() for _ in rows],
                [mention_id for mention_id, *_ in rows],
                [_vector(agency_id, client_id, *said) for _, client_id, *said in rows],
                agency_id,
            ],
        )
        return int(cursor.rowcount)


def _vector(
    agency_id: UUID,
    client_id: UUID,
    matched: Sequence[str],
    title: str,
    text: str,
    author: str | None,
    url: str,
) -> str:
    # A feed's text often begins with its title.
    fields = [text if title in text else f"{title}\n{text}", author or "", _host(url), *matched]
    return vector(fields, marks=[f"@a{agency_id.hex}", f"@c{client_id.hex}"])


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
