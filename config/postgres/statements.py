"""Statements that are asked many times a second, sent by libpq itself.

Around each statement psycopg's cursors take several times as long as libpq does, and as the server does for one by key.
Values are still written and read by psycopg's adapters.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from psycopg import Connection, Error, OperationalError
from psycopg._preparing import PrepareManager
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import (
    FeatureNotSupported,
    InFailedSqlTransaction,
    InvalidSqlStatementName,
    error_from_result,
)
from psycopg.generators import execute, fetch_many, send
from psycopg.pq import ExecStatus, Format, TransactionStatus

from agency.statements import Rows, Statement

# A statement and its values.
Asked = tuple[Statement, Sequence[Any]]

_DONE = {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}
_COMMIT = Statement("COMMIT")


class _Known:
    """A statement with values of certain types.

    Attributes:
        name: of the prepared one; empty where it isn't prepared.
        asked: whether it was before.
    """

    __slots__ = ("asked", "format", "name", "sql", "types")

    def __init__(self, statement: Statement, types: tuple[int, ...]) -> None:
        self.sql, self.types = statement.sql.encode(), types
        self.format = Format.BINARY if statement.binary else Format.TEXT
        self.name, self.asked = b"", False


# What is known of a statement, its values as they are sent, and how they are written.
_Call = tuple[_Known, Any, Any]


class Manager(PrepareManager):
    """Psycopg's own prepared statements. After a rollback, and after a table was changed, it lets go of all of the connection's.

    Here it lets go of its own, and ours with them where a table was changed. After a rollback nobody has to: the server
    itself plans anew what concerns another table of the same name.
    """

    def __init__(self, connection: "Connection[Any]", ours: "Statements") -> None:
        super().__init__()
        self.prepare_threshold = connection.prepare_threshold
        self.prepared_max = connection._prepared.prepared_max  # noqa: SLF001
        self._ours = ours

    def _should_discard(self, prep: Any, results: Sequence[Any], *given: Any) -> bool:
        if any(result.command_status == b"ROLLBACK" for result in results):
            return False
        return super()._should_discard(prep, results, *given)

    def clear(self) -> bool:
        self._ours.let_go()
        names = [*self._names.values()]
        if not super().clear():
            return False
        self._to_flush.clear()
        self._to_flush.extend(names)
        return True


class Statements:
    """Of one connection: what is asked again is prepared, as many as psycopg prepares, the latest.

    Nothing is where a pooler is between: there psycopg prepares nothing either.
    """

    def __init__(self, connection: "Connection[Any]") -> None:
        self._connection = connection
        self._adapt = Transformer(connection)
        self._known: OrderedDict[Any, _Known] = OrderedDict()
        self._names = 0
        # Prepared ones that aren't known any more.
        self._gone: list[bytes] = []
        connection._prepared = Manager(connection, self)  # noqa: SLF001

    def ask(self, statement: Statement, values: Sequence[Any]) -> Rows:
        """
        Raises:
            psycopg.Error: what the server says.
        """
        self._deallocate()
        call = self._call(statement, values)
        return self._rows(call[0], self._waited(lambda: self._send(call)))

    def ask_together(self, asked: Sequence[Asked], *, commit: bool = False) -> list[Rows]:
        """All of these in one way to the server and back; nothing is done behind one that fails.

        Args:
            commit: the transaction, right behind them.

        Raises:
            psycopg.Error: what the first that failed came to.
        """
        self._deallocate()
        calls = [self._call(*one) for one in asked]
        if commit:
            calls.append(self._call(_COMMIT, ()))
        results = self._exchange(calls)
        found = [self._rows(known, result) for (known, *_), result in zip(calls, results, strict=True)]
        if commit:
            _check_committed(results[-1])
        return found

    def commit(self) -> None:
        """
        Raises:
            psycopg.Error: nothing is committed.
        """
        pgconn = self._connection.pgconn
        result = self._waited(lambda: pgconn.send_query(_COMMIT.sql.encode()))
        _check(result)
        _check_committed(result)

    def let_go(self) -> None:
        """Of all that is prepared, with the next statement."""
        self._gone += [known.name for known in self._known.values() if known.name]
        self._known.clear()

    def rollback(self) -> None:
        """By psycopg's own all that is prepared would go.

        Raises:
            psycopg.OperationalError: somebody was interrupted while a statement went on, which would be waited for.
        """
        pgconn = self._connection.pgconn
        status = pgconn.transaction_status
        if status == TransactionStatus.ACTIVE:
            raise OperationalError("A statement was interrupted, and still goes on.")
        if status != TransactionStatus.IDLE:
            _check(self._waited(lambda: pgconn.send_query(b"ROLLBACK")))

    def _call(self, statement: Statement, values: Sequence[Any]) -> _Call:
        adapt = self._adapt
        written = adapt.dump_sequence(values, _as_they_come(len(values)))
        key = statement, adapt.types
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known(statement, adapt.types or ())
            self._forget_the_oldest()
        else:
            self._known.move_to_end(key)
        formats = adapt.formats
        if known.asked and not known.name and self._connection.prepare_threshold is not None:
            self._prepare(known)
        known.asked = True
        return known, written, formats

    def _prepare(self, known: _Known) -> None:
        self._names += 1
        name, pgconn = b"asked_%d" % self._names, self._connection.pgconn
        _check(self._waited(lambda: pgconn.send_prepare(name, known.sql, known.types)))
        known.name = name

    def _forget_the_oldest(self) -> None:
        most = self._connection.prepared_max
        while most is not None and len(self._known) > most:
            _, known = self._known.popitem(last=False)
            if known.name:
                self._gone.append(known.name)

    def _deallocate(self) -> None:
        """Those that aren't there any more are no error."""
        while self._gone:
            self._connection.pgconn.close_prepared(self._gone.pop())

    def _send(self, call: _Call) -> None:
        (known, written, formats), pgconn = call, self._connection.pgconn
        if known.name:
            pgconn.send_query_prepared(known.name, written, formats, known.format)
        else:
            pgconn.send_query_params(known.sql, written, known.types, formats, known.format)

    def _waited(self, send_one: Callable[[], None]) -> Any:
        """What one message came to. Who is interrupted meanwhile has no connection any more."""
        pgconn = self._connection.pgconn
        try:
            send_one()
            results: Sequence[Any] = self._connection.wait(execute(pgconn))
        except BaseException:
            # Which answer the next one gets, nobody can tell.
            self._connection.close()
            raise
        return results[-1]

    def _exchange(self, calls: Sequence[_Call]) -> Sequence[Any]:
        """What each of them came to."""
        pgconn = self._connection.pgconn
        try:
            pgconn.enter_pipeline_mode()
            for call in calls:
                self._send(call)
            pgconn.pipeline_sync()
            results: Sequence[Any] = self._connection.wait(_received(pgconn))
            pgconn.exit_pipeline_mode()
        except BaseException:
            self._connection.close()  # as above
            raise
        return results

    def _rows(self, known: _Known, result: Any) -> Rows:
        if result.status not in _DONE:
            self._fail(known, result)
        self._adapt.set_pgresult(result)
        return self._adapt.load_rows(0, result.ntuples, tuple)

    def _fail(self, known: _Known, result: Any) -> None:
        error = error_of(result)
        if isinstance(error, FeatureNotSupported) and known.name:
            self._gone.append(known.name)  # a column has another type since it was prepared
            known.name = b""
        elif isinstance(error, InvalidSqlStatementName):
            self._known.clear()  # somebody discarded all that was prepared
            self._gone.clear()
        raise error


def _received(pgconn: Any) -> Any:
    """A generator as psycopg waits for."""
    yield from send(pgconn)
    found: list[Any] = []
    while True:
        results = yield from fetch_many(pgconn)
        if results and results[0].status == ExecStatus.PIPELINE_SYNC:
            return found
        found += results


@cache
def _as_they_come(count: int) -> list[PyFormat]:
    return [PyFormat.AUTO] * count


def _check(result: Any) -> None:
    if result.status not in _DONE:
        raise error_of(result)


def _check_committed(result: Any) -> None:
    if result.command_status == b"ROLLBACK":
        raise InFailedSqlTransaction("A statement of the transaction had failed: nothing is committed.")


def error_of(result: Any) -> Error:
    """What it says as psycopg's; of a connection that is lost the result itself says nothing."""
    error = error_from_result(result)
    return error if error.sqlstate else OperationalError(str(error))
