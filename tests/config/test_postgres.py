"""A kept connection: trusted while it is in use, and looked after where it may be gone."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connections

from config.postgres import base
from config.postgres.base import DatabaseWrapper


class Watched:
    """A connection of its own, as a thread keeps it from one request to the next."""

    def __init__(self) -> None:
        made = connections.create_connection("default")
        assert isinstance(made, DatabaseWrapper)
        self.database, self.asked = made, 0
        really = made.is_usable

        def is_usable() -> bool:
            self.asked += 1
            return bool(really())

        made.is_usable = is_usable  # type: ignore[method-assign]

    def request(self) -> int:
        """What a request does with it; the session's process."""
        self.database.close_if_unusable_or_obsolete()
        with self.database.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])


@pytest.fixture
def kept(db: None) -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.database.close()


def test_one_that_was_used_a_moment_ago_is_not_asked_whether_it_works(kept: Watched) -> None:
    assert len({kept.request() for _ in range(3)}) == 1
    assert kept.asked == 0


def test_one_that_rested_is_asked(kept: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept.request()
    monkeypatch.setattr(base, "FRESH", 0.0)
    assert kept.request() == first
    assert kept.asked == 1


def test_one_that_the_server_ended_just_now_is_replaced_before_it_is_used(kept: Watched) -> None:
    first = kept.request()
    with psycopg.connect(os.environ["EARSHOT_TEST_SUPERUSER"], autocommit=True) as server:
        # Waits until it is over.
        server.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert kept.request() != first
    assert kept.asked == 1
