"""Counting in short windows, for all processes together: in Redis, by one question each; without it, in this process.

A count may be lost, and so may Redis: nothing that must hold depends on it. While it is away each process counts for
itself, so that calls go on; it is asked again after a few seconds, and by one caller at a time.
"""

import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.retry import Retry

log = structlog.get_logger("earshot.counters")

# What is asked for each call must not hold it up: whoever can't answer within this is away.
PATIENCE = 0.05
REST = 5.0
SAID_EVERY = 60.0
MOST = 20_000

_COUNT = """
local n = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {n, left}
"""


@dataclass(frozen=True, slots=True)
class Count:
    """How many there were in the present window, this one included, and how many seconds are left of it."""

    n: int
    seconds: float


class InProcess:
    """Counts of this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}

    def count(self, name: str, window: float) -> Count:
        now = time.monotonic()
        with self._lock:
            n, ends = self._counts.get(name, (0, 0.0))
            if ends <= now:
                n, ends = 0, now + window
                if len(self._counts) >= MOST:
                    self._forget(now)
            self._counts[name] = (n + 1, ends)
        return Count(n + 1, ends - now)

    def _forget(self, now: float) -> None:
        """Windows that are over; and should all be open, which is a flood, all of them."""
        self._counts = {name: held for name, held in self._counts.items() if held[1] > now}
        if len(self._counts) >= MOST:
            self._counts.clear()


class Shared:
    """Counts in Redis; while that is away, of this process."""

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
        )
        # A connection for each thread: to take one from the pool and to put it back takes as long as to ask.
        self._threads = threading.local()
        self._own = InProcess()
        self._sha = ""
        self._ask_again = self._say_again = 0.0

    def count(self, name: str, window: float) -> Count:
        now = time.monotonic()
        if now < self._ask_again:
            return self._own.count(name, window)
        away = self._ask_again > 0
        if away:
            self._ask_again = now + REST  # the others don't try, while this one does
        try:
            counted = self._ask(f"earshot:count:{name}", window)
        except (RedisError, OSError) as error:
            self._ask_again = time.monotonic() + REST
            self._complain(error)
            return self._own.count(name, window)
        if away:
            self._ask_again = 0.0
        return counted

    def _ask(self, name: str, window: float) -> Count:
        given = (1, name, int(window * 1000))
        if not self._sha:
            self._sha = self._call("SCRIPT", "LOAD", _COUNT).decode()
        try:
            n, left = self._call("EVALSHA", self._sha, *given)
        except NoScriptError:  # it was started anew
            n, left = self._call("EVAL", _COUNT, *given)
        return Count(n, left / 1000)

    def _call(self, *command: str | int) -> Any:
        """What Redis answers. Asked once more on a new connection: one that was at rest may have been closed meanwhile."""
        known = getattr(self._threads, "connection", None)
        connection = self._threads.connection = known or self._pool.make_connection()
        try:
            return self._answer(connection, command)
        except RedisConnectionError:
            if known is None:
                raise
            return self._answer(connection, command)

    def _answer(self, connection: Any, command: tuple[str | int, ...]) -> Any:
        try:
            connection.send_command(*command)
            return connection.read_response()
        except ResponseError:
            raise
        except BaseException:
            # Whatever still comes would be taken for the next answer.
            connection.disconnect()
            raise

    def _complain(self, error: Exception) -> None:
        now = time.monotonic()
        if now >= self._say_again:
            self._say_again = now + SAID_EVERY
            log.warning("counters away", error=type(error).__name__)


@cache
def counters() -> InProcess | Shared:
    """This process's."""
    return Shared(settings.REDIS_URL) if settings.REDIS_URL else InProcess()
