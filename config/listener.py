"""Hears what is notified in the database, on a connection of its own."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from select import select
from typing import Any
from uuid import uuid4

import psycopg
import structlog
from psycopg import sql

log = structlog.get_logger("earshot.sweeper")

# So long a notice of our own may take to come back.
TRIAL_SECONDS = 2.0
# So long we wait before we try again to listen: trying may take seconds, in which nothing rings.
AGAIN_FIRST, AGAIN_LAST = 15.0, 300.0
# A server that went without a word is found out within half a minute.
ALIVE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "connect_timeout": 5,
}


class Listener:
    """Listens to one channel where it can. Deaf is no failure: whoever waits then looks more often.

    Args:
        address: a session of the database itself; a pooler that gives each transaction another connection keeps no
            LISTEN. "": never listen.
        notify: sends a text on the channel, from another connection.
    """

    def __init__(self, address: str, channel: str, *, notify: Callable[[str], None]) -> None:
        self._address, self._channel, self._notify = address, channel, notify
        self._connection: psycopg.Connection | None = None
        self._said = ""
        self._again_at, self._again_after = 0.0 if address else math.inf, AGAIN_FIRST

    @property
    def hears(self) -> bool:
        return self._connection is not None

    def fileno(self) -> int:
        assert self._connection is not None  # noqa: S101
        return self._connection.fileno()

    def prepare(self) -> bool:
        """Listen, unless we do, or couldn't a moment ago. Says so once when it can't, and once when it can again.

        Returns: whether it tried, which may have taken seconds.
        """
        if self._connection is not None or time.monotonic() < self._again_at:
            return False
        self._again_at = time.monotonic() + self._again_after
        self._again_after = min(self._again_after * 2, AGAIN_LAST)
        try:
            connection = psycopg.connect(self._address, autocommit=True, application_name="earshot", **ALIVE)
        except psycopg.Error as error:
            self._say("it can't be reached", error)
            return True
        try:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            if self._try(connection):
                self._keep(connection)
            else:
                connection.execute("UNLISTEN *")
                self._say("what was notified didn't arrive, as behind a pooler in transaction mode", None)
        except psycopg.Error as error:
            self._say("it was lost at once", error)
        finally:
            if self._connection is not connection:
                connection.close()
        return True

    def _keep(self, connection: psycopg.Connection) -> None:
        if self._said:
            log.info("listening again")
        self._connection, self._said, self._again_after = connection, "", AGAIN_FIRST

    def heard(self) -> list[str]:
        """What was notified since it was asked last; it may be nothing. A connection that ended is let go of."""
        try:
            return _take(self._connection) if self._connection else []
        except psycopg.Error:
            self.close()
            return []

    def close(self) -> None:
        """Stop listening, until `prepare` is called, which then tries at once."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._again_at = 0.0
        self._connection = None

    def _try(self, connection: psycopg.Connection) -> bool:
        """Whether a notice arrives at all."""
        word = f"hello {uuid4()}"
        self._notify(word)
        deadline = time.monotonic() + TRIAL_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            select([connection], [], [], left)
            if word in _take(connection):
                return True
        return False

    def _say(self, why: str, error: psycopg.Error | None) -> None:
        if not self._said:
            log.warning(
                "not listening, looking more often instead",
                reason=why,
                error=type(error).__name__ if error else None,
                hint="EARSHOT_LISTEN_URL is for an address of the database itself.",
            )
        self._said = why


def _take(connection: psycopg.Connection) -> list[str]:
    connection.pgconn.consume_input()
    found = []
    while notice := connection.pgconn.notifies():
        found.append(notice.extra.decode())
    return found
