"""On a database that really commits: searching uses the words' index, which a policy bars, and filling meets deleting."""

import os
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, connections

from agency.actor import system
from agency.tenancy import tenant
from clients.actions.clients import create_client
from mentions.actions.search import AGAIN, fill_missing, fill_recent
from mentions.models import Mention, Post, SearchEntry
from workflows.actions.onboarding import open_agency

pytestmark = pytest.mark.usefixtures("committed")
NOW = datetime(2026, 3, 6, 17, 4, tzinfo=UTC)
PLAIN = "SELECT mention_id FROM mentions_searchentry WHERE vector @@ '%s'::tsquery"
CALL = "SELECT mention_id FROM mentions_search('%s', NULL, %s, NULL, NULL, 51)"


@pytest.fixture
def agency_id() -> UUID:
    """An agency with a thousand searchable mentions, all of which are closed; one word is in each, others are rare."""
    agency, _ = open_agency(
        name="N", time_zone="UTC", owner_email="ana@n.example", owner_name="Ana", now=NOW, invite=False
    )
    with tenant(agency.pk):
        client = create_client(name="B", time_zone="UTC", language="en", by=system(agency.pk), now=NOW)
        posts = [
            Post(
                platform="feed",
                key_hash=str(number),
                text=f"closed rare{number}",
                published_at=NOW,
                seen_at=NOW,
            )
            for number in range(1000)
        ]
        Post.objects.bulk_create(posts)
        Mention.objects.bulk_create(
            Mention(client=client, post=post, published_at=NOW, recorded_at=NOW + timedelta(seconds=number))
            for number, post in enumerate(posts)
        )
        fill_missing()
    with psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"], autocommit=True) as owner:
        owner.execute("ANALYZE mentions_searchentry, mentions_mention")
    return agency.pk


def _scans(cursor: Any, statement: str) -> tuple[int, int]:
    """(rows, how often the index of words was used for them)."""
    count = "SELECT pg_stat_get_xact_numscans('search_words'::regclass)"
    cursor.execute(count)
    (before,) = cursor.fetchone()
    cursor.execute(statement)
    rows = len(cursor.fetchall())
    cursor.execute(count)
    return rows, cursor.fetchone()[0] - before


def test_a_rare_word_is_found_by_the_index_and_a_common_one_among_the_newest(agency_id: UUID) -> None:
    with tenant(agency_id), connection.cursor() as cursor:
        assert _scans(cursor, CALL % ("rare7", "NULL")) == (1, 1)
        assert _scans(cursor, CALL % ("rare7", """'{"states": ["new"]}'""")) == (1, 1)
        assert _scans(cursor, CALL % ("closed", "NULL")) == (51, 0)
        # What the function is for: a plain query under the policy may not use the index.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        assert _scans(cursor, PLAIN % "rare7") == (1, 0)


def test_a_mention_that_is_deleted_while_it_is_filled_hinders_neither(agency_id: UUID) -> None:
    filled: list[int] = []

    def fill() -> None:
        try:
            with tenant(agency_id):
                filled.append(fill_missing())
        finally:
            connections.close_all()

    with tenant(agency_id):
        SearchEntry.objects.all().delete()
    with tenant(agency_id):
        gone = Mention.objects.select_for_update().order_by("-recorded_at")[0]
        gone.delete()
        other = threading.Thread(target=fill)
        other.start()
        other.join(20)  # it doesn't wait
        assert filled == [999]
    with tenant(agency_id):
        assert SearchEntry.objects.count() == 999


def test_a_mention_that_somebody_holds_is_made_searchable_a_second_later(agency_id: UUID) -> None:
    now = NOW
    rung: list[dict[UUID, datetime | None]] = []

    def ring(mention_id: UUID) -> None:
        try:
            with tenant(agency_id):
                rung.append(dict(fill_recent([mention_id], now)))
        finally:
            connections.close_all()

    with tenant(agency_id):
        SearchEntry.objects.all().delete()
        newest = Mention.objects.order_by("-recorded_at")[0].pk
    with tenant(agency_id):
        held = Mention.objects.select_for_update().get(pk=newest)
        other = threading.Thread(target=ring, args=[held.pk])
        other.start()
        other.join(20)
        assert rung == [{held.pk: now + AGAIN}]
    ring(newest)
    assert rung[1] == {}
    with tenant(agency_id):
        assert SearchEntry.objects.filter(mention_id=newest).exists()
