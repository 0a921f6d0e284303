"""What goes ahead of the next statement: BEGIN, settings, what waits; and nothing is ever sent outside its transaction."""

import os
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from psycopg.pq import TransactionStatus

from agency.models import Agency
from agency.statements import Statement, ask_together, set_local
from agency.statements import ask as ask_again
from agency.tenancy import NoTenant, current_agency
from config.postgres.base import DatabaseWrapper
from tests.config.transactions import (
    NEW,
    ONE,
    OURS,
    RIVALS,
    TWO,
    WRONG,
    Waits,
    ask,
    database,
    elsewhere,
    entered,
    insert_agency,
    open_agency,
    row_of,
    status,
)

# Beginning and ending -----------------------------------------------------------------------------------


def _by_cursor() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _by_many() -> None:
    with connection.cursor() as cursor:
        cursor.executemany("SELECT %s::int", [(1,), (2,)])


def _by_stream() -> None:
    with connection.cursor() as cursor:
        list(cursor.cursor.stream("SELECT 1"))


def _by_copy() -> None:
    with connection.cursor() as cursor, cursor.copy("COPY (SELECT 1) TO STDOUT") as copy:
        list(copy)


def _by_procedure() -> None:
    with connection.cursor() as cursor:
        cursor.callproc("now")


def _by_server() -> None:
    list(Agency.objects.iterator())


def _by_psycopg() -> None:
    database.connection.execute("SELECT 1")


def _by_asking() -> None:
    assert ask_again(Statement("SELECT $1::int"), [1]) == [(1,)]


def _by_asking_together() -> None:
    assert ask_together([(ONE, []), (TWO, [])]) == [[(1,)], [(2,)]]


def _by_savepoint() -> None:
    with transaction.atomic():
        pass


def _by_looking() -> None:
    assert connection.is_usable()


WAYS = (
    *(_by_cursor, _by_many, _by_stream, _by_copy, _by_procedure, _by_server, _by_psycopg, _by_savepoint),
    *(_by_looking, _by_asking, _by_asking_together),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_however_a_statement_is_sent_its_transaction_and_its_settings_go_ahead_of_it(
    way: Any, either: None
) -> None:
    with transaction.atomic():
        set_local("app.agency_id", str(OURS))
        assert status() == TransactionStatus.IDLE
        way()
        assert status() == TransactionStatus.INTRANS
        assert entered() == str(OURS)
    assert status() == TransactionStatus.IDLE
    assert entered() == ""


def test_a_transaction_in_which_nothing_is_asked_costs_nothing_and_still_tells_that_it_is_over(
    either: None,
) -> None:
    told: list[str] = []
    with transaction.atomic():
        set_local("app.agency_id", str(OURS))
        transaction.on_commit(lambda: told.append("over"))
        assert status() == TransactionStatus.IDLE
    assert told == ["over"]
    assert entered() == ""


def test_what_is_rolled_back_is_gone_and_what_is_committed_is_there_for_all(either: None) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        open_agency(RIVALS)
        raise ZeroDivisionError
    with transaction.atomic():
        open_agency(OURS)
        assert elsewhere("SELECT count(*) FROM agency_agency") == (0,)
    assert elsewhere("SELECT array_agg(id) FROM agency_agency") == ([OURS],)


def test_a_commit_that_fails_undoes_all_and_tells_nobody(either: None) -> None:
    told: list[str] = []

    with pytest.raises(DatabaseError, match="division by zero"), transaction.atomic():
        open_agency(OURS)
        transaction.on_commit(lambda: told.append("over"))
        database.send_later(Waits(WRONG))
    assert told == []
    assert elsewhere("SELECT count(*) FROM agency_agency") == (0,)
    assert (status(), connection.get_autocommit()) == (TransactionStatus.IDLE, True)
    with transaction.atomic():
        open_agency(OURS)
    assert elsewhere("SELECT count(*) FROM agency_agency") == (1,)


def test_without_its_beginning_nothing_of_a_transaction_is_ever_sent(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if somebody swallows the error: it would be there for good, whatever comes after."""
    with transaction.atomic():
        database.trips._settings["no such; setting"] = ""
        for _ in range(2):
            with pytest.raises(DatabaseError, match="syntax error"):
                insert_agency(OURS)
        assert status() == TransactionStatus.IDLE
    assert elsewhere("SELECT count(*) FROM agency_agency") == (0,)


def test_a_setting_that_is_refused_ends_its_transaction(committed: None) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        set_local("plan_cache_mode", "sometimes")
        with suppress(DatabaseError):
            insert_agency(RIVALS)
        insert_agency(OURS)
    assert (status(), connection.get_autocommit()) == (TransactionStatus.IDLE, True)
    assert elsewhere("SELECT count(*) FROM agency_agency") == (0,)


def test_what_fails_right_behind_its_beginning_leaves_a_transaction_that_can_only_be_taken_back(
    either: None,
) -> None:
    with transaction.atomic():
        with pytest.raises(DatabaseError, match="division by zero"), transaction.atomic():
            ask_again(WRONG)
        set_local("app.agency_id", str(OURS))
        assert ask_again(ONE) == [(1,)]
        assert entered() == str(OURS)
    with pytest.raises(DatabaseError, match="division by zero"), transaction.atomic():
        set_local("app.agency_id", str(OURS))
        ask_again(WRONG)
    assert (status(), entered()) == (TransactionStatus.IDLE, "")


def test_a_setting_that_is_refused_ends_the_transaction_of_what_went_with_it(either: None) -> None:
    with pytest.raises(DatabaseError, match="aborted"), transaction.atomic():
        set_local("plan_cache_mode", "sometimes")
        with suppress(DatabaseError):
            ask_again(NEW, [row_of(RIVALS)])
        ask_again(NEW, [row_of(OURS)])
    assert (status(), connection.get_autocommit()) == (TransactionStatus.IDLE, True)
    assert elsewhere("SELECT count(*) FROM agency_agency") == (0,)


def test_a_connection_that_is_lost_as_a_transaction_begins_loses_it_and_tells_nobody(committed: None) -> None:
    told: list[str] = []
    pid = ask("SELECT pg_backend_pid()")
    with pytest.raises(OperationalError), transaction.atomic():
        transaction.on_commit(lambda: told.append("over"))
        with psycopg.connect(os.environ["EARSHOT_TEST_SUPERUSER"], autocommit=True) as server:
            server.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        with pytest.raises(OperationalError):
            insert_agency(OURS)
    assert told == []
    connections["default"].close()
    assert elsewhere("SELECT count(*) FROM agency_agency") == (0,)


def test_a_connection_that_is_closed_in_a_transaction_leaves_nothing_to_the_next(committed: None) -> None:
    with suppress(DatabaseError), transaction.atomic():
        open_agency(OURS)
        set_local("app.agency_id", str(OURS))
        connection.close()
        set_local("app.agency_id", str(RIVALS))
    assert entered() == ""
    with transaction.atomic():
        set_local("app.agency_id", str(RIVALS))
        assert entered() == str(RIVALS)
    assert elsewhere("SELECT count(*) FROM agency_agency") == (0,)


def test_transactions_that_are_ended_by_hand_have_their_settings_too(committed: None) -> None:
    transaction.set_autocommit(False)
    set_local("app.agency_id", str(OURS))
    assert entered() == str(OURS)
    open_agency(OURS)
    transaction.rollback()
    set_local("app.agency_id", str(OURS))
    open_agency(RIVALS)
    assert entered() == str(OURS)
    transaction.commit()
    transaction.set_autocommit(True)
    assert elsewhere("SELECT array_agg(id) FROM agency_agency") == ([RIVALS],)


# Pieces and pools -----------------------------------------------------------------------------------------


def test_rows_are_read_from_the_server_in_pieces_inside_a_transaction_and_outside(committed: None) -> None:
    with transaction.atomic():
        for n in range(1, 6):
            open_agency(UUID(int=n))
        inside = Agency.objects.order_by("pk").iterator(chunk_size=2)
        assert next(inside).pk == UUID(int=1)
        open_agency(UUID(int=9))
        assert [agency.pk.int for agency in inside] == [2, 3, 4, 5]
    outside = Agency.objects.order_by("pk").iterator(chunk_size=2)
    assert next(outside).pk == UUID(int=1)
    with transaction.atomic():
        ask("UPDATE agency_agency SET name = 'B'")
    assert [agency.pk.int for agency in outside] == [2, 3, 4, 5, 9]


def test_a_pooled_connection_comes_back_without_transaction_or_agency(db: None) -> None:
    settings = connections["default"].settings_dict
    options = {**settings["OPTIONS"], "pool": {"min_size": 1, "max_size": 1, "timeout": 5}}
    one, other = (
        DatabaseWrapper({**settings, "CONN_MAX_AGE": 0, "OPTIONS": options}, "default") for _ in "12"
    )
    try:
        pids = set()
        for who in (one, other, one):
            with suppress(DatabaseError), Atomic(who):
                who.set_local("app.agency_id", str(OURS))
                ((pid, agency),) = who.ask(WHO, [])
                pids.add(pid)
                assert agency == str(OURS)
                who.send_later(Waits(WRONG))
                who.close()
            who.connection = None
        assert len(pids) == 1
        with other.cursor() as cursor:
            cursor.execute("SELECT coalesce(current_setting('app.agency_id', true), '')")
            assert cursor.fetchone() == ("",)
        other.close()
    finally:
        one.close_pool()


WHO = Statement("SELECT pg_backend_pid(), coalesce(current_setting('app.agency_id', true), '')")


class Atomic:
    """`atomic`, of a connection that isn't among Django's own."""

    def __init__(self, wrapper: DatabaseWrapper) -> None:
        self.wrapper = wrapper

    def __enter__(self) -> None:
        self.wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        self.wrapper.in_atomic_block = True

    def __exit__(self, *error: object) -> None:
        self.wrapper.in_atomic_block = False


def test_nobody_is_entered_after_all_that(committed: None) -> None:
    with pytest.raises(NoTenant):
        current_agency()
