"""The one clock: the database's, which all machines share. Read at the edge and passed on as `now`."""

import time
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.db import connection

# The last reading, and this process's own counter at that moment.
_reading: ContextVar[tuple[datetime, float] | None] = ContextVar("reading", default=None)
# So long it stands for a reading of its own: no counter drifts by a millionth of a second in so short a time.
FRESH = 0.1


def now() -> datetime:
    """The database's time, aware, UTC."""
    held = _reading.get()
    if held is not None:
        at, taken = held
        since = time.monotonic() - taken
        if since < FRESH:
            return at + timedelta(seconds=since)
        _reading.set(None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        read: datetime = cursor.fetchone()[0]
    came_along(read)
    return read


def came_along(at: datetime) -> None:
    """The database just said, with another answer, that it is `at`: whoever asks right after needs no question."""
    _reading.set((at, time.monotonic()))
