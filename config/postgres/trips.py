"""Fewer round trips to the server: what a transaction begins with goes as one message, ahead of its first statement.

A round trip costs as much as a statement by key, and so does the work around each statement in Python. So neither BEGIN
nor a setting of the transaction is sent by itself: they wait for the next statement, and go before it all together, by the
simple protocol, which takes several in one message. Statements that write and aren't asked about can wait as well: if until
the transaction ends, they go with COMMIT.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from psycopg import Connection
from psycopg.pq import ExecStatus, TransactionStatus

from agency.statements import Statement
from config.postgres.statements import Asked, error_of

_NAME = re.compile(r"[a-z_]+(\.[a-z_]+)?")


class Later(Protocol):
    """Something that is written, and waits."""

    def take(self) -> Asked | None:
        """What is to be sent; from then on nothing of it waits."""

    def drop(self) -> None: ...


class Send(Protocol):
    """Sends statements off together."""

    def __call__(self, asked: Sequence[Asked], *, commit: bool = False) -> None: ...


_BEGIN = Statement("BEGIN")


@cache
def _set(count: int) -> Statement:
    """So many settings, each a name and its value, as SET LOCAL sets them."""
    each = ", ".join(f"set_config(${2 * n + 1}, ${2 * n + 2}, true)" for n in range(count))
    return Statement(f"SELECT {each}")


class Trips:
    """Of one connection: what goes ahead of the next statement.

    Attributes:
        begins: a transaction has begun, and its BEGIN isn't sent yet.
    """

    def __init__(self, send: Send) -> None:
        self.begins = False
        self._send = send
        self._settings: dict[str, str] = {}
        # What was set in this transaction, as far as that is sure.
        self._known: dict[str, str] = {}
        # What is written and wasn't sent yet.
        self._later: list[Later] = []

    def begin(self) -> None:
        """A transaction begins, with its next statement; nothing of an earlier one goes along."""
        self.forget()
        self.begins = True

    def set_local(self, connection: "Connection[Any] | None", name: str, value: str) -> None:
        """Change a setting for the rest of the transaction, from its next statement on."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"“{name}” isn't the name of a setting.")
        if "\0" in value:  # where the message would end
            raise ValueError(f"“{name}” can't hold a zero byte.")
        if self._known.get(name) == value and name not in self._settings:
            return
        if self._later and connection is not None:
            self.make_way(connection)  # under the settings that it was written in
        self._settings[name] = value

    def send_later(self, later: Later) -> None:
        """Ahead of the next statement, or with the commit."""
        self._later.append(later)

    def go_back(self) -> None:
        """The transaction goes back to a savepoint: nothing that waits is older, because what did went ahead of it."""
        for one in self._later:
            one.drop()
        self._later.clear()
        self._settings.clear()
        self._known.clear()

    def make_way(self, connection: "Connection[Any]") -> None:
        """Before a statement: send what goes ahead, and what waits.

        Raises:
            psycopg.Error: what any of it came to.
        """
        if self.begins or self._settings or not connection.autocommit:
            self._send_ahead(connection)
        if self._later and (waiting := self._taken()):
            self._send(waiting)

    def ahead(self, connection: "Connection[Any]") -> list[Asked]:
        """What goes ahead of statements that are sent together, in the same message; `sent` says what became of it."""
        asked: list[Asked] = [(_BEGIN, ())] if self._begins(connection) else []
        if self._settings:
            named = [text for setting in self._settings.items() for text in setting]
            asked.append((_set(len(self._settings)), named))
        return asked + self._taken()

    def sent(self, connection: "Connection[Any]", *, failed: bool = False) -> None:
        if not failed:
            self._known |= self._settings
            self._settings.clear()
            self.begins = False
        elif connection.pgconn.transaction_status != TransactionStatus.IDLE:
            self.begins = False  # there is a transaction, and nothing can be asked in it any more

    def commit(self, connection: "Connection[Any]") -> None:
        """Along with what waits.

        Raises:
            psycopg.Error: the transaction has failed; nothing is committed.
        """
        try:
            waiting = self._taken()
            if waiting and (self.begins or self._settings):
                self._send_ahead(connection)
            if waiting or connection.pgconn.transaction_status != TransactionStatus.IDLE:
                self._send(waiting, commit=True)
        finally:
            self.forget()

    def forget(self) -> None:
        """The transaction is over, or is about to be rolled back, or the connection is closed."""
        self.go_back()
        self.begins = False

    def _taken(self) -> list[Asked]:
        later, self._later = self._later, []
        return [asked for one in later if (asked := one.take()) is not None]

    def _begins(self, connection: "Connection[Any]") -> bool:
        # Where `set_autocommit(False)` was called psycopg begins by itself, but only with a statement of its own.
        return self.begins or (
            not connection.autocommit and connection.pgconn.transaction_status == TransactionStatus.IDLE
        )

    def _send_ahead(self, connection: "Connection[Any]") -> None:
        parts = [b"BEGIN"] if self._begins(connection) else []
        for name, value in self._settings.items():
            quoted = value.replace("'", "''")  # as the standard has it: backslashes mean nothing
            parts.append(f"SET LOCAL {name} = '{quoted}'".encode())
        if not parts:
            return
        result = connection.pgconn.exec_(b"; ".join(parts))
        if result.status != ExecStatus.COMMAND_OK:
            raise error_of(result)  # it all waits on: without BEGIN nothing may ever be sent
        self.sent(connection)
