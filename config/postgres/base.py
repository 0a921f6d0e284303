"""Django's own wrapper, which asks the server less often, and waits for it less often."""

import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from select import POLLIN, poll
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError
from psycopg import RawCursor
from psycopg.pq import Format

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
        return super().execute(query, params, **options)  # type: ignore[misc]

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        _make_way(self.connection)
        super().executemany(query, params_seq, **options)  # type: ignore[misc]

    def stream(self, *given: Any, **options: Any) -> Any:
        _make_way(self.connection)
        return super().stream(*given, **options)  # type: ignore[misc]

    def copy(self, *given: Any, **options: Any) -> Any:
        _make_way(self.connection)
        return super().copy(*given, **options)  # type: ignore[misc]


class Raw(_Obliging, RawCursor[Any]):
    """Takes $1, $2 … instead of %s."""


class Cursor(_Obliging, _Django.ServerBindingCursor):  # type: ignore[misc]
    """What waits in the connection's `trips` goes ahead of whatever this one sends."""


def _make_way(connection: Any) -> None:
    trips: Trips | None = getattr(connection, "trips", None)
    if trips is not None:
        trips.make_way(connection)


class DatabaseOperations(_Django.DatabaseOperations):  # type: ignore[misc]
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """For who counts or reads what is asked. Django's own looks for %s."""
        return sql if isinstance(cursor, Raw) else super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(_Django.DatabaseWrapper):  # type: ignore[misc]
    """Saves each request questions: whether the connection still works (`CONN_HEALTH_CHECKS`), and see `Trips`.

    psycopg is left in its own autocommit: BEGIN and COMMIT are sent from here.
    """

    ops_class = DatabaseOperations
    health_check_done: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._used = -FRESH
        self.trips = Trips()

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
        self.trips.set_local(name, value)

    def send_later(self, later: Later) -> None:
        """Ahead of the next statement, or with the commit."""
        self._require_transaction()
        self.trips.send_later(later)

    @contextmanager
    def together(self, *, linger: bool = False) -> Iterator[None]:
        """The statements in here go without waiting for each other's answers: see `Trips.together`.

        Raises:
            DatabaseError: what any of them came to.
        """
        self._require_transaction()
        with self.wrap_database_errors, self.trips.together(self.connection, linger=linger):
            yield

    def _require_transaction(self) -> None:
        if not self.in_atomic_block and self.get_autocommit():
            raise TransactionManagementError("This waits for the end of a transaction, and there is none.")

    def kept_cursor(self, key: Hashable, *, binary: bool = False, raw: bool = False) -> Any:
        """The connection's own cursor for one question that is asked again and again.

        To make one, and to find out anew how each column is read, takes longer than to ask. It isn't closed: an answer
        is read whole before the same is asked again.

        For the rest see `agency.pipelines.kept_cursor`.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        kept: dict[Hashable, Any] = self.connection.kept
        cursor = kept.get((key, binary))
        if cursor is None or cursor.closed:
            with self.wrap_database_errors:
                cursor = kept[key, binary] = Raw(self.connection) if raw else self.create_cursor()
            if binary:
                cursor.format = Format.BINARY
        return self._prepare_cursor(cursor)

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        return {**params, "cursor_factory": Cursor}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        self.trips.forget()
        connection.trips = self.trips
        if not hasattr(connection, "kept"):  # one of a pool comes again
            connection.kept = {}
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

    def _start_transaction_under_autocommit(self) -> None:
        """Called by `atomic`."""
        self.trips.begin()

    def _commit(self) -> None:
        if self.connection is not None:
            with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
                self.trips.commit(self.connection)

    def _rollback(self) -> None:
        if self.connection is not None:
            with debug_transaction(self, "ROLLBACK"), self.wrap_database_errors:
                self.trips.forget()
                self.connection.rollback()

    def _savepoint_rollback(self, sid: str) -> None:
        self.trips.go_back()
        super()._savepoint_rollback(sid)

    def _close(self) -> None:
        self.trips.forget()
        if self.connection is not None:
            self.connection.trips = None
        super()._close()
