"""The process that rings on time: it sleeps until the next alarm is due, and is called when one is set for sooner.

It never counts on what it knew when it fell asleep. What it sleeps is measured by the machine's running time, in
slices of at most LOOK, and after each the database is asked for its time and for what is due: so a wall clock that is
set by an hour makes nothing early, nothing twice, and nothing later than a slice. Several may run at once.
"""

import signal
import socket
import time
from contextlib import suppress
from datetime import datetime, timedelta
from select import select
from types import FrameType, TracebackType
from typing import Any, Self

import structlog
from django.db import InterfaceError, OperationalError, connection

from agency.actions.alarms import CHANNEL, LOOK, Turns, next_due, sweep
from config.celery import app
from config.listener import Listener

log = structlog.get_logger("earshot.sweeper")

# Where it can't listen.
DEAF_LOOK = timedelta(milliseconds=200)
# What is due is held by somebody else: looked at again soon, and then ever less soon.
HELD_FIRST, HELD_LAST = timedelta(milliseconds=20), timedelta(milliseconds=320)
AWAY_FIRST, AWAY_LAST = 0.2, 5.0
BROKER_SECONDS = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
LATE = timedelta(seconds=1)
LATE_IS_SAID_EVERY = 10.0


class Stop:
    """Whether we were asked to end. Something to select on, that is readable from then on. For the main thread."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Self:
        self._reads, self._writes = socket.socketpair()
        self._writes.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._writes.fileno(), warn_on_full_buffer=False)
        self._before: dict[int, Any] = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._reads.close()
        self._writes.close()

    def fileno(self) -> int:
        return self._reads.fileno()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


class Sweeper:
    def __init__(self, *, stop: Stop, listen_url: str) -> None:
        self._stop = stop
        self._listener = Listener(listen_url, CHANNEL, notify=_notify)
        self._turns = Turns()
        self._held = HELD_FIRST
        self._nothing_due_at: datetime | None = None
        self._late_said_at = 0.0
        self._away_since = 0.0
        self._away_pause = AWAY_FIRST
        self.fired = 0

    def run(self) -> None:
        """Until we are asked to stop; a batch that was begun is finished."""
        log.info("sweeper started")
        while not self._stop.asked:
            try:
                self._turn()
            except (OperationalError, InterfaceError) as error:
                self._wait_for_database(error)
        self._listener.close()
        connection.close()
        log.info("sweeper stopped", fired=self.fired)

    def _turn(self) -> None:
        """Look once: ring for a batch of what is due, or sleep until something may be."""
        now, due_at = next_due()
        self._note_database()
        if self._listener.prepare():
            return  # that took a while, and what was set meanwhile called nobody
        if due_at is None or due_at > now:
            self._nothing_due_at, self._held = now, HELD_FIRST
            longest = LOOK if self._listener.hears else DEAF_LOOK
            self._sleep(now, longest if due_at is None else min(longest, due_at - now))
            return
        swept = sweep(now=now, limit=1, turns=self._turns)
        if swept.since is None:
            self._sleep(now, self._held)
            self._held = min(self._held * 2, HELD_LAST)
            return
        self._held = HELD_FIRST
        self.fired += swept.fired
        self._note_lateness(now, swept.since)

    def _sleep(self, now: datetime, longest: timedelta) -> None:
        """So long, or until we are told of something that is due sooner, or to stop."""
        begun = time.monotonic()
        until = begun + longest.total_seconds()
        while (left := until - time.monotonic()) > 0 and not self._stop.asked:
            hears = self._listener.hears
            select([self._stop.fileno(), *([self._listener.fileno()] if hears else [])], [], [], left)
            for text in self._listener.heard():
                until = min(until, begun + _due_in(text, now))
            if hears and not self._listener.hears:
                return

    def _wait_for_database(self, error: Exception) -> None:
        self._listener.close()
        with suppress(OperationalError, InterfaceError):
            connection.close()
        if not self._away_since:
            self._away_since = time.monotonic()
            log.warning("database away, waiting for it", error=type(error.__cause__ or error).__name__)
        select([self._stop], [], [], self._away_pause)
        self._away_pause = min(self._away_pause * 2, AWAY_LAST)

    def _note_database(self) -> None:
        if self._away_since:
            log.info("database back", seconds=round(time.monotonic() - self._away_since, 1))
        self._away_since, self._away_pause = 0.0, AWAY_FIRST

    def _note_lateness(self, now: datetime, since: datetime) -> None:
        """Warn of what could have rung sooner. What was set for a time that had passed then isn't late."""
        late = now - max(since, self._nothing_due_at or since)
        if late > LATE and time.monotonic() - self._late_said_at > LATE_IS_SAID_EVERY:
            self._late_said_at = time.monotonic()
            log.warning("alarms rang late", seconds=round(late.total_seconds(), 1))


def run(listen_url: str) -> None:
    # A broker that is away, or that says nothing, must not hold up what needs none: the alarm that rang rings again.
    app.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0, "interval_max": 0}
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, **BROKER_SECONDS}
    with Stop() as stop:
        Sweeper(stop=stop, listen_url=listen_url).run()


def _notify(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, text])


def _due_in(text: str, now: datetime) -> float:
    """Seconds from `now` until what was told of is due; at once where it isn't understood."""
    try:
        return float(text) - now.timestamp()
    except ValueError:
        return 0.0
