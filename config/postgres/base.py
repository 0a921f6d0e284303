"""Django's own wrapper, which asks the server less often, and waits for it less often."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from select import POLLIN, poll
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError
from psycopg.errors import FeatureNotSupported, InvalidSqlStatementName
from psycopg.pq import TransactionStatus

from agency.statements import Rows, Statement
from config.postgres.statements import Asked, Statements
from config.postgres.trips import Later, Trips

# A connection that was used within so many seconds, and of which nothing was heard since, is still there. A server that
# goes says so, or at least closes it; one that is cut off silently is found out as ever, once the connection rested.
FRESH = 1.0


_Django: Any = base  # whose types say less than there is


class _Obliging:
    """Makes way for what goes ahead."""

    connection: Any

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        _make_way(self.connection)
        with _letting_go(self.connection):
            return super().execute(query, params, **options)  # type: ignore[misc]

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        _make_way(self.connection)
        with _letting_go(self.connection):
            super().executemany(query, params_seq, **options)  # type: ignore[misc]

    def stream(self, *given: Any, **options: Any) -> Any:
        _make_way(self.connection)
        return super().stream(*given, **options)  # type: ignore[misc]

    def copy(self, *given: Any, **options: Any) -> Any:
        _make_way(self.connection)
        return super().copy(*given, **options)  # type: ignore[misc]


class Cursor(_Obliging, _Django.ServerBindingCursor):  # type: ignore[misc]
    """What waits in the connection's `trips` goes ahead of whatever this one sends."""


@contextmanager
def _letting_go(connection: Any) -> Iterator[None]:
    """Of all that is prepared, once a table is another than it was, or somebody discarded it."""
    try:
        yield
    except (FeatureNotSupported, InvalidSqlStatementName):
        connection._prepared.clear()  # noqa: SLF001
        raise


def _make_way(connection: Any) -> None:
    trips: Trips | None = getattr(connection, "trips", None)
    if trips is not None:
        trips.make_way(connection)


class Answer:
    """A statement that goes past the cursors, for who counts or reads what is asked of them."""

    def __init__(self, wrapper: "DatabaseWrapper", statement: Statement) -> None:
        self._wrapper, self._statement = wrapper, statement
        self.rows: Rows = []

    def execute(self, _: str, values: Sequence[Any]) -> None:
        self.rows = self._wrapper._asked(self._statement, values)  # noqa: SLF001


class DatabaseOperations(_Django.DatabaseOperations):  # type: ignore[misc]
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """For who counts or reads what is asked. Django's own looks for %s."""
        return sql if isinstance(cursor, Answer) else super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(_Django.DatabaseWrapper):  # type: ignore[misc]
    """Saves each request questions: whether the connection still works (`CONN_HEALTH_CHECKS`), and see `Trips`.

    psycopg is left in its own autocommit: BEGIN and COMMIT are sent from here.
    """

    ops_class = DatabaseOperations
    health_check_done: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._used = -FRESH
        self.trips = Trips(self._send)

    # Whether it still works ---------------------------------------------------------------------------------

    def close_if_health_check_failed(self) -> None:
        """Called by each who is about to use the connection."""
        last, self._used = self._used, time.monotonic()
        if not self.health_check_done and self._used - last < FRESH and self._is_quiet():
            self.health_check_done = True
        super().close_if_health_check_failed()

    def _is_quiet(self) -> bool:
        """Whether nothing waits to be read: neither the server's farewell nor the end of the connection."""
        if self.connection is None or self.connection.closed:
            return False
        waiting = poll()
        waiting.register(self.connection.pgconn.socket, POLLIN)
        return not waiting.poll(0)

    # Round trips --------------------------------------------------------------------------------------------

    def set_local(self, name: str, value: str) -> None:
        """Change a setting for the rest of the transaction that is open, at no trip of its own."""
        self._require_transaction()
        with self.wrap_database_errors:
            self.trips.set_local(self.connection, name, value)

    def send_later(self, later: Later) -> None:
        """Ahead of the next statement, or with the commit."""
        self._require_transaction()
        self.trips.send_later(later)

    def _require_transaction(self) -> None:
        if not self.in_atomic_block and self.get_autocommit():
            raise TransactionManagementError("This waits for the end of a transaction, and there is none.")

    def ask(self, statement: Statement, values: Sequence[Any]) -> Rows:
        """What a statement answers that is asked many times a second.

        Raises:
            DatabaseError: what the server says.
        """
        self._make_ready()
        if self._is_watched():
            answer = Answer(self, statement)
            self._prepare_cursor(answer).execute(statement.sql, values)
            return answer.rows
        with self.wrap_database_errors:
            return self._exchange([(statement, values)])[0]

    def ask_together(self, asked: Sequence[Asked]) -> list[Rows]:
        """What each of them answers, in one way to the server and back; where a pooler is between, one after the other.

        Raises:
            DatabaseError: what the first came to that failed. Behind it nothing was done.
        """
        self._make_ready()
        if self._is_watched():
            return [self.ask(*one) for one in asked]
        with self.wrap_database_errors:
            return self._exchange(asked)

    def _asked(self, statement: Statement, values: Sequence[Any]) -> Rows:
        self.trips.make_way(self.connection)
        rows: Rows = self.connection.statements.ask(statement, values)
        return rows

    def _exchange(self, asked: Sequence[Asked]) -> list[Rows]:
        """With what goes ahead of them."""
        statements: Statements = self.connection.statements
        if self.connection.prepare_threshold is None:
            return [self._asked(*one) for one in asked]
        ahead = self.trips.ahead(self.connection)
        if not ahead and len(asked) == 1:
            return [statements.ask(*asked[0])]
        try:
            found = statements.ask_together([*ahead, *asked])
        except BaseException:
            self.trips.sent(self.connection, failed=True)
            raise
        self.trips.sent(self.connection)
        return found[len(ahead) :]

    def _send(self, asked: Sequence[Asked], *, commit: bool = False) -> None:
        """What waited, and the commit. It was made way for."""
        statements: Statements = self.connection.statements
        alone = self._is_watched() or self.connection.prepare_threshold is None
        if asked and commit and not alone:
            statements.ask_together(asked, commit=True)
            return
        for one in asked:
            self.ask(*one)
        if commit:
            statements.commit()

    def _is_watched(self) -> bool:
        """Whether somebody counts, reads or refuses what is asked, which they do at a cursor."""
        return bool(self.queries_logged or self.execute_wrappers)

    def _make_ready(self) -> None:
        if self.in_atomic_block and self.connection is not None and not self.needs_rollback:
            return  # it was looked at as the transaction began
        self.validate_thread_sharing()
        self.validate_no_broken_transaction()
        self.close_if_health_check_failed()
        self.ensure_connection()

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        return {**params, "cursor_factory": Cursor}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        self.trips.forget()
        connection.trips = self.trips
        if not hasattr(connection, "statements"):  # one of a pool comes again
            connection.statements = Statements(connection)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        if name is None:
            return super().create_cursor()
        # One of the server's own, which passes none of the above; inside a transaction it ends with it, as it would if
        # psycopg knew of the transaction.
        _make_way(self.connection)
        cursor = super().create_cursor(name)
        cursor._withhold = self.autocommit  # noqa: SLF001
        return cursor

    def _set_autocommit(self, autocommit: bool) -> None:
        # Django sets it at the end of each transaction to what it is.
        status = self.connection.pgconn.transaction_status
        if autocommit and (self.trips.begins or status != TransactionStatus.IDLE):
            self.close()  # its end was interrupted: the server takes it back, before the next one begins in it
        elif self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)

    def _start_transaction_under_autocommit(self) -> None:
        """Called by `atomic`."""
        self.run_on_commit: list[Any] = []  # of one whose end was interrupted
        self.trips.begin()

    def _commit(self) -> None:
        if self.connection is not None:
            with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
                self.trips.commit(self.connection)

    def _rollback(self) -> None:
        if self.connection is not None:
            with debug_transaction(self, "ROLLBACK"), self.wrap_database_errors:
                self.trips.forget()
                self.connection.statements.rollback()

    def _savepoint_rollback(self, sid: str) -> None:
        self.trips.go_back()
        super()._savepoint_rollback(sid)

    def _close(self) -> None:
        self.trips.forget()
        if self.connection is not None:
            self.connection.trips = None
        super()._close()
