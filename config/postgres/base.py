"""Django's own wrapper; whether a kept connection still works is asked of the server only where that is in doubt."""

import time
from select import POLLIN, poll
from typing import Any

from django.db.backends.postgresql import base

# A connection that was used within so many seconds, and of which nothing was heard since, is still there. A server that
# goes says so, or at least closes it; one that is cut off silently is found out as ever, once the connection rested.
FRESH = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Saves each request one question to the database and back (`CONN_HEALTH_CHECKS`)."""

    health_check_done: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._used = -FRESH

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
