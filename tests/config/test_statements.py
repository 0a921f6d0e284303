"""Statements that go past psycopg's cursors: the same answers and errors, prepared once they are asked for again."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from agency.statements import Statement, ask, ask_together, numbered
from config.postgres.statements import Statements
from tests.config.transactions import ONE, TWO, WRONG, address, database
from tests.config.transactions import ask as plainly

PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement = %s"


def is_prepared(statement: Statement) -> int:
    return int(plainly(PREPARED, statement.sql))


@contextmanager
def superuser() -> Iterator[psycopg.Connection[Any]]:
    """Somebody else, in the same database."""
    with psycopg.connect(address(), autocommit=True) as server:
        yield server


@pytest.fixture
def thing(committed: None) -> Iterator[Statement]:
    """A table, and what is asked of it."""
    with superuser() as server:
        server.execute("CREATE TABLE thing (id int PRIMARY KEY, name text)")
        server.execute("INSERT INTO thing VALUES (1, 'one')")
        server.execute("GRANT ALL ON thing TO PUBLIC")
        yield Statement("SELECT id, name FROM thing WHERE id = $1")
        server.execute("DROP TABLE thing")


CHANGED = "ALTER TABLE thing ALTER name TYPE int USING 5"


# Answers ------------------------------------------------------------------------------------------------

AT = datetime(2026, 3, 6, 17, 4, 0, 123456, tzinfo=UTC)
VALUES: tuple[Any, ...] = (
    *(None, True, 1, -(2**40), "Ö’%s$1", "", UUID(int=7), AT, timedelta(days=-1, seconds=3), Decimal("1.50")),
    *([], ["a", None, 'b"'], [UUID(int=1), UUID(int=2)], [1, 2**40]),
)
TYPES = (
    *("text", "boolean", "smallint", "bigint", "text", "text", "uuid", "timestamptz", "interval", "numeric"),
    *("text[]", "text[]", "uuid[]", "bigint[]"),
)


@pytest.mark.parametrize("binary", [False, True], ids=["as text", "in binary"])
@pytest.mark.parametrize(
    ("value", "type_"), [*zip(VALUES, TYPES, strict=True)], ids=[*map(str, range(len(VALUES)))]
)
def test_a_value_comes_back_as_it_went(value: object, type_: str, binary: bool, db: None) -> None:
    statement = Statement(f"SELECT $1::{type_}, 'x'::text", binary)
    for _ in range(3):  # not prepared, about to be, prepared
        assert ask(statement, [value]) == [(value, "x")]
    assert ask_together([(statement, [value])]) == [[(value, "x")]]


def test_a_document_goes_as_psycopg_writes_it(db: None) -> None:
    assert ask(Statement("SELECT $1::jsonb ->> 'a'"), [Jsonb({"a": "b"})]) == [("b",)]


def test_a_statement_that_answers_nothing_has_no_rows(db: None) -> None:
    assert ask(Statement("SET LOCAL work_mem = '1MB'")) == []
    assert ask_together([(ONE, []), (Statement("SELECT 1 WHERE false"), [])]) == [[(1,)], []]
    assert ask_together([]) == []


def test_numbers_of_other_sizes_and_lists_of_other_things_are_statements_of_their_own(db: None) -> None:
    either = Statement("SELECT pg_typeof($1)::text")
    for _ in range(3):
        assert [ask(either, [value])[0][0] for value in (1, 2**40, UUID(int=1))] == [
            "smallint",
            "bigint",
            "uuid",
        ]


def test_places_are_numbered_and_a_percent_sign_is_one() -> None:
    assert numbered("a = %s AND b LIKE '%%x' AND c = %s") == "a = $1 AND b LIKE '%x' AND c = $2"


def test_whoever_counts_what_is_asked_or_refuses_it_is_not_passed_by(db: None) -> None:
    with CaptureQueriesContext(connection) as seen:
        assert ask(ONE) == [(1,)]
        assert ask_together([(TWO, []), (ONE, [])]) == [[(2,)], [(1,)]]
    assert [query["sql"] for query in seen] == ["SELECT 1", "SELECT 2", "SELECT 1"]

    def refuse(*_: object) -> None:
        raise ZeroDivisionError

    with connection.execute_wrapper(refuse), pytest.raises(ZeroDivisionError):
        ask(ONE)


# Errors -------------------------------------------------------------------------------------------------


def test_an_error_is_djangos_and_leaves_the_transaction_to_its_savepoint(db: None) -> None:
    for _ in range(3):
        with pytest.raises(DatabaseError, match="division by zero") as raised, transaction.atomic():
            ask(WRONG)
        assert isinstance(raised.value.__cause__, psycopg.errors.DivisionByZero)
        assert ask(ONE) == [(1,)]


def test_behind_one_that_fails_nothing_is_done(thing: Statement) -> None:
    add = Statement("INSERT INTO thing VALUES ($1, 'x')")
    for _ in range(3):
        with pytest.raises(IntegrityError, match="thing_pkey"), transaction.atomic():
            ask_together([(add, [2]), (add, [1]), (add, [3])])
        assert plainly("SELECT array_agg(id) FROM thing") == [1]
        assert ask_together([(ONE, []), (TWO, [])]) == [[(1,)], [(2,)]]


def test_a_connection_that_is_lost_says_so_and_the_next_one_works(committed: None) -> None:
    for way in (lambda: ask(ONE), lambda: ask_together([(ONE, []), (TWO, [])])):
        way()
        pid = plainly("SELECT pg_backend_pid()")
        with superuser() as server:
            server.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        with pytest.raises(OperationalError), transaction.atomic():
            way()
        way()


def test_who_is_interrupted_leaves_no_answer_to_the_next(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(ONE)
    with monkeypatch.context() as patched:
        patched.setattr(
            type(database.connection), "wait", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            ask_together([(ONE, []), (TWO, [])])
    assert database.connection.closed
    connection.close()
    assert ask(TWO) == [(2,)]


# What is prepared -----------------------------------------------------------------------------------------


def test_a_statement_is_prepared_when_it_is_asked_for_again(committed: None) -> None:
    ask(ONE)
    assert is_prepared(ONE) == 0
    for _ in range(3):
        ask(ONE)
        ask_together([(ONE, []), (TWO, [])])
        assert is_prepared(ONE) == 1


def test_nothing_is_prepared_where_a_pooler_is_between(committed: None) -> None:
    connection.ensure_connection()
    database.connection.prepare_threshold = None
    for _ in range(3):
        assert ask_together([(ONE, []), (TWO, [])]) == [[(1,)], [(2,)]]
    assert is_prepared(ONE) == 0
    connection.close()


def test_a_rollback_takes_nothing_that_is_prepared(committed: None) -> None:
    """Neither ours nor psycopg's own."""
    for _ in range(7):
        plainly("SELECT 3")
        ask(ONE)
    for _ in range(2):
        with suppress(ZeroDivisionError), transaction.atomic():
            ask(ONE)
            with suppress(ZeroDivisionError), transaction.atomic():
                ask(TWO)
                raise ZeroDivisionError
            raise ZeroDivisionError
        assert ask(ONE) == [(1,)]
        assert is_prepared(ONE) == is_prepared(Statement("SELECT 3")) == 1


def test_the_longest_unasked_is_let_go_and_can_be_asked_again(committed: None) -> None:
    connection.ensure_connection()
    database.connection.prepared_max = 5
    many = [Statement(f"SELECT {n} + 0") for n in range(8)]
    for _ in range(2):
        for n, statement in enumerate(many):
            assert ask(statement) == ask(statement) == [(n,)]
    ask(ONE)
    assert plainly("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT %% + 0'") <= 5
    connection.close()


def test_who_changes_a_table_asks_it_as_it_is_then(thing: Statement) -> None:
    with superuser() as changing:
        statements = Statements(changing)
        for _ in range(7):
            changing.execute("SELECT name FROM thing")
            assert statements.ask(thing, [1]) == [(1, "one")]
        changing.execute(CHANGED)
        assert statements.ask(thing, [1]) == [(1, 5)]
        assert changing.execute("SELECT name FROM thing").fetchall() == [(5,)]


def test_a_table_that_somebody_else_changed_costs_one_error(thing: Statement) -> None:
    for _ in range(3):
        ask(thing, [1])
    with superuser() as server:
        server.execute(CHANGED)
    with pytest.raises(DatabaseError, match="must not change result type"):
        ask(thing, [1])
    for _ in range(3):
        assert ask(thing, [1]) == [(1, 5)]


def test_a_cursor_asks_a_table_that_somebody_else_changed_after_one_error(thing: Statement) -> None:
    for _ in range(8):
        plainly("SELECT name FROM thing")
    with superuser() as server:
        server.execute(CHANGED)
    with pytest.raises(DatabaseError, match="must not change result type"), transaction.atomic():
        plainly("SELECT name FROM thing")
    for _ in range(8):
        assert plainly("SELECT name FROM thing") == 5


def test_what_somebody_discarded_costs_one_error(committed: None) -> None:
    for _ in range(3):
        ask(ONE)
    database.connection.pgconn.exec_(b"DEALLOCATE ALL")
    with pytest.raises(DatabaseError, match="does not exist"):
        ask(ONE)
    for _ in range(3):
        assert ask(ONE) == [(1,)]


def test_outside_a_transaction_each_is_its_own(thing: Statement) -> None:
    ask(Statement("INSERT INTO thing VALUES (2, 'two')"))
    assert database.connection.pgconn.transaction_status == TransactionStatus.IDLE
    assert ask(thing, [2]) == [(2, "two")]


def test_what_was_discarded_ends_nobodys_transaction(committed: None) -> None:
    for _ in range(8):
        plainly("SELECT 3")
        ask(ONE)
    plainly("DISCARD ALL")
    with transaction.atomic():
        assert plainly("SELECT 5") == 5
        assert ask(ONE) == [(1,)]


def test_more_go_together_than_are_held(committed: None) -> None:
    connection.ensure_connection()
    database.connection.prepared_max = 3
    many: list[tuple[Statement, list[Any]]] = [(Statement(f"SELECT {n} + 0"), []) for n in range(6)]
    for _ in range(4):
        assert ask_together(many) == [[(n,)] for n in range(6)]
        assert ask_together(many[::-1]) == [[(n,)] for n in reversed(range(6))]
    connection.close()
