"""Fewer round trips to the server: what a transaction begins with goes as one message, ahead of its first statement.

A round trip costs as much as a statement by key, and so does the work around each statement in Python. So neither BEGIN
nor a setting of the transaction is sent by itself: they wait for the next statement, and go before it all together, by the
simple protocol, which takes several in one message. Statements that write and aren't asked about can be sent off together
(`libpq`'s pipeline mode), and wait for nothing until the transaction ends: then they go with COMMIT.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Protocol

from psycopg import Connection, Error, OperationalError, RawCursor
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

_NAME = re.compile(r"[a-z_]+(\.[a-z_]+)?")


class Later(Protocol):
    """Something that is written, and waits."""

    def send(self) -> None: ...

    def drop(self) -> None: ...


class Trips:
    """Of one connection: what goes ahead of the next statement, and the pipeline that is open.

    Attributes:
        begins: a transaction has begun, and its BEGIN isn't sent yet.
    """

    def __init__(self) -> None:
        self.begins = False
        self._settings: dict[str, str] = {}
        # What was set in this transaction, as far as that is sure.
        self._known: dict[str, str] = {}
        self._pipeline: AbstractContextManager[Any] | None = None
        # What is written and wasn't sent yet.
        self._later: list[Later] = []
        # How many blocks of statements that go together are open: one in another is a part of it.
        self._together = 0

    def begin(self) -> None:
        """A transaction begins, with its next statement; nothing of an earlier one goes along."""
        self.forget()
        self.begins = True

    def set_local(self, name: str, value: str) -> None:
        """Change a setting for the rest of the transaction, from its next statement on."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"“{name}” isn't the name of a setting.")
        if "\0" in value:  # where the message would end
            raise ValueError(f"“{name}” can't hold a zero byte.")
        if self._known.get(name) == value and name not in self._settings:
            return
        self._send_later()  # under the settings that it was written in
        self._settings[name] = value

    def send_later(self, later: Later) -> None:
        """Ahead of the next statement, or with the commit."""
        self._later.append(later)

    def go_back(self) -> None:
        """The transaction goes back to a savepoint: nothing that waits is older, because what did went ahead of it.

        What became of the statements doesn't matter any more.
        """
        with suppress(Error):
            self._leave(None)
        for one in self._later:
            one.drop()
        self._later.clear()
        self._settings.clear()
        self._known.clear()

    def make_way(self, connection: "Connection[Any]") -> None:
        """Before a statement: wait for what was sent, unless this one goes with it, and send what goes ahead.

        Raises:
            psycopg.Error: what any of it came to.
        """
        if self._later:
            self._send_later()
        if self._pipeline is not None:
            self.settle()
        if self.begins or self._settings:
            self._send_ahead(connection)

    @contextmanager
    def together(self, connection: "Connection[Any]", *, linger: bool) -> Iterator[None]:
        """The statements in here go without waiting for each other's answers.

        Args:
            linger: nobody waits at the end either, but whoever sends the next statement, or ends the transaction.
        """
        if not can_pipeline(connection):
            yield
            return
        if self.begins or self._settings:
            self.make_way(connection)
        if self._pipeline is None:
            pipeline = connection.pipeline()
            pipeline.__enter__()
            self._pipeline = pipeline
        self._together += 1
        try:
            yield
        except BaseException as error:
            self._together -= 1
            if not self._together:
                self._leave(error)
            raise
        self._together -= 1
        if not self._together and not linger:
            self.settle()

    def settle(self) -> None:
        """Wait for what was sent.

        Raises:
            psycopg.Error: what any of it came to.
        """
        if self._pipeline is not None and not self._together:
            self._leave(None)

    def commit(self, connection: "Connection[Any]") -> None:
        """Along with what was sent, if it wasn't waited for.

        Raises:
            psycopg.Error: the transaction has failed; nothing is committed.
        """
        if self._later:
            with self.together(connection, linger=True):
                self._send_later()
        if self.begins and connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self.forget()  # nothing was asked in it
            return
        if self._pipeline is None:
            connection.commit()
        else:
            RawCursor(connection).execute(b"COMMIT", prepare=False)
            self._leave(None)
        self.forget()

    def forget(self) -> None:
        """The transaction is over, or is about to be rolled back, or the connection is closed."""
        self.go_back()
        self.begins = False

    def _send_later(self) -> None:
        later, self._later = self._later, []
        try:
            while later:
                later.pop(0).send()
        finally:
            # After an error the others wait on, to be dropped when the transaction goes back.
            self._later[:0] = later

    def _leave(self, error: BaseException | None) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.__exit__(type(error) if error else None, error, None)

    def _send_ahead(self, connection: "Connection[Any]") -> None:
        idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
        # Where `set_autocommit(False)` was called psycopg begins by itself, but only with a statement of its own.
        parts = [b"BEGIN"] if self.begins or (idle and not connection.autocommit) else []
        for name, value in self._settings.items():
            quoted = value.replace("'", "''")  # as the standard has it: backslashes mean nothing
            parts.append(f"SET LOCAL {name} = '{quoted}'".encode())
        if self._pipeline is not None:
            for part in parts:
                RawCursor(connection).execute(part, prepare=False)
        else:
            result = connection.pgconn.exec_(b"; ".join(parts))
            if result.status != ExecStatus.COMMAND_OK:
                # It all waits on: without BEGIN nothing may ever be sent.
                error = error_from_result(result)
                lost = connection.pgconn.status == ConnStatus.BAD  # of which the result itself says nothing
                raise OperationalError(str(error)) if lost else error
        self.begins = False
        self._known |= self._settings
        self._settings.clear()


def can_pipeline(connection: "Connection[Any]") -> bool:
    """Not where a pooler is between, which is told by statements not being prepared."""
    return connection.prepare_threshold is not None
