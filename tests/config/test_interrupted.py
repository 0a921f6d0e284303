"""Who is interrupted (by a task's time limit, by Ctrl-C) leaves nothing of theirs to whoever comes next."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from psycopg.pq import TransactionStatus

from agency.statements import Statement, ask, ask_together, set_local
from config.postgres.statements import Statements
from tests.config.transactions import (
    NEW,
    ONE,
    OURS,
    RIVALS,
    Waits,
    address,
    database,
    elsewhere,
    entered,
    row_of,
    status,
)
from tests.config.transactions import ask as plainly

SLEEP = Statement("SELECT pg_sleep(4)")


class Limit(Exception):
    """What ends a task that takes too long."""


class Late:
    """Written, and interrupted as it is about to be sent."""

    def take(self) -> Any:
        raise Limit

    def drop(self) -> None: ...


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    def over(*_: object) -> None:
        raise Limit

    before = signal.signal(signal.SIGALRM, over)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def nothing_is_left() -> None:
    """Neither the agency, nor its transaction, nor what it had still to do."""
    assert entered() == ""
    assert (status(), connection.get_autocommit()) == (TransactionStatus.IDLE, True)
    with transaction.atomic():
        set_local("app.agency_id", str(RIVALS))
        assert ask(ONE) == [(1,)]
        assert entered() == str(RIVALS)
    assert elsewhere("SELECT count(*) FROM agency_agency") == (0,)


@pytest.fixture(autouse=True)
def fresh(committed: None) -> Iterator[None]:
    connection.close()
    yield
    connection.close()


def test_a_commit_that_is_interrupted_is_none() -> None:
    told: list[str] = []
    with pytest.raises(Limit), transaction.atomic():
        set_local("app.agency_id", str(OURS))
        ask(NEW, [row_of(OURS)])
        transaction.on_commit(lambda: told.append("over"))
        database.send_later(Late())
    nothing_is_left()
    assert told == []


def test_a_commit_that_waits_can_be_interrupted() -> None:
    told: list[str] = []
    waiting = Statement("SELECT pg_advisory_xact_lock(7)")

    ask(waiting)
    with psycopg.connect(address()) as other:
        other.execute("SELECT pg_advisory_xact_lock(7)")
        with pytest.raises(Limit), limited(0.3), transaction.atomic():
            set_local("app.agency_id", str(OURS))
            ask(NEW, [row_of(OURS)])
            transaction.on_commit(lambda: told.append("over"))
            database.send_later(Waits(waiting))
        nothing_is_left()
    assert told == []


def test_a_transaction_that_was_never_begun_is_begun_by_nobody_else() -> None:
    with pytest.raises(Limit), transaction.atomic():
        set_local("app.agency_id", str(OURS))
        database.send_later(Late())
    nothing_is_left()


def test_a_rollback_that_is_interrupted_is_left_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Statements) -> None:
        raise Limit

    with monkeypatch.context() as patched:
        patched.setattr(Statements, "rollback", interrupted)
        with pytest.raises(Limit), transaction.atomic():
            set_local("app.agency_id", str(OURS))
            ask(NEW, [row_of(OURS)])
            raise ZeroDivisionError
    nothing_is_left()


@pytest.mark.parametrize(
    "way",
    [
        lambda: plainly("SELECT pg_sleep(4)"),
        lambda: ask(SLEEP),
        lambda: ask_together([(SLEEP, []), (ONE, [])]),
    ],
    ids=["a cursor", "asking", "asking together"],
)
@pytest.mark.parametrize("prepared", [False, True], ids=["unprepared", "prepared"])
def test_whatever_is_waited_for_can_be_interrupted(way: Callable[[], Any], prepared: bool) -> None:
    for _ in range(2 if prepared else 0):
        ask(Statement("SELECT pg_sleep(0)"))
    begun = time.monotonic()
    with suppress(DatabaseError), pytest.raises(Limit), limited(0.2), transaction.atomic():
        set_local("app.agency_id", str(OURS))
        ask(NEW, [row_of(OURS)])
        way()
    assert time.monotonic() - begun < 2
    nothing_is_left()


def test_others_go_on_while_somebody_waits() -> None:
    """The interpreter isn't held."""
    counted, over = [0], threading.Event()

    def count() -> None:
        while not over.wait(0.001):
            counted[0] += 1

    counting = threading.Thread(target=count)
    counting.start()
    try:
        for _ in range(3):
            before = counted[0]
            ask(Statement("SELECT pg_sleep(0.2)"))
            assert counted[0] - before > 20
    finally:
        over.set()
        counting.join()
