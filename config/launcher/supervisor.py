"""Keeps named processes running, shows what they say, and ends them in order.

One thread, one `select`: it wakes for output, signals (a dead child is one), and what is due.
"""

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import IO, Any, Self

from config.launcher.child import Child, how_it_ended
from config.launcher.errors import StopRequested

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
# Alive for so long, a process counts as started well: the next delay is the first again.
STARTED_WELL = 60.0
# One Ctrl-C arrives more than once where a parent (such as `uv run`) passes it on too.
SAME_REQUEST = 1.0
# What each process gets after a second request to stop, in seconds.
HURRIED_GRACE = 2.0
LONGEST_LINE = 16_000

Write = Callable[[str], None]


@dataclass
class Kept:
    """A process that is kept running: how to start it, and when it may start again."""

    name: str
    start: Callable[[], Child]
    child: Child | None = None
    delay: float = FIRST_DELAY
    started_at: float = 0.0
    due_at: float = 0.0
    note: str = ""


@dataclass
class Finished:
    """A process that ran once. `output` holds the lines of its standard output."""

    code: int
    output: list[str] = field(default_factory=list)


class Supervisor:
    """Use it as a context, in the main thread: it takes the stop signals for that long.

    Leaving the context ends what still runs, in the reverse of the order in which it was added.
    """

    def __init__(self, write: Write) -> None:
        self.write = write
        self._kept: list[Kept] = []
        self._asked_at: float | None = None
        self._hurry = False
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._readers: dict[int, Reader] = {}
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._wake, ours = socket.socketpair()
        self._ours = ours
        self._wake.setblocking(False)
        ours.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            self._before[number] = signal.signal(number, self._on_signal)
        self._selector.register(self._wake, selectors.EVENT_READ)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(self._wakeup_before)
            for reader in self._readers.values():
                reader.stream.close()
            self._selector.close()
            self._wake.close()
            self._ours.close()

    def say(self, line: str) -> None:
        self._show("earshot", line)

    def pause(self, seconds: float) -> None:
        """Wait that long, or until something happens.

        Raises:
            StopRequested: we were asked to stop.
        """
        self._turn(seconds)
        if self._asked_at is not None:
            raise StopRequested

    def keep(
        self, name: str, start: Callable[[], Child], *, child: Child | None = None, note: str = ""
    ) -> None:
        """Keep a process running from now on.

        `child` is the one that runs already, if one does; `note` is said whenever it dies.
        """
        kept = Kept(name, start, note=note)
        self._kept.append(kept)
        if child is None:
            self._start(kept)
        else:
            self._adopt(kept, child)

    def run_once(self, name: str, start: Callable[[], Child]) -> Finished:
        """Run a process to its end; its standard output is kept, the rest is shown.

        Raises:
            StopRequested: we were asked to stop; it was ended.
        """
        finished = Finished(code=0)
        child = start()
        self._read(child.process.stdout, finished.output.append)
        self._read(child.process.stderr, lambda line: self._show(name, line))
        try:
            while (code := child.poll()) is None:
                self.pause(1.0)
        finally:
            child.stop(pause=self._turn)
            self._drain()
        finished.code = code
        return finished

    def run(self) -> None:
        """Look after what is kept until we are asked to stop."""
        with suppress(StopRequested):
            while True:
                self.pause(self._until_due())

    def stop(self) -> None:
        """End everything, the last first, each in its own way; a second request makes it quick."""
        self._stopping = True
        if self._kept:
            self.say("Stopping…")
        while self._kept:
            kept = self._kept.pop()
            if kept.child is not None:
                self._end(kept.name, kept.child)
        self._drain()

    def _end(self, name: str, child: Child) -> None:
        child.send(child.stop_signal)
        started = time.monotonic()
        while child.poll() is None:
            grace = min(child.grace, HURRIED_GRACE) if self._hurry else child.grace
            if time.monotonic() - started > grace:
                child.kill()
                self.say(f"{name} didn't end within {grace:g} s and was ended by force.")
                return
            self._turn(0.2)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGCHLD:
            return
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at > SAME_REQUEST:
            self._hurry = True

    def _turn(self, seconds: float) -> None:
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.fileobj is self._wake:
                with suppress(BlockingIOError):
                    while self._wake.recv(4096):
                        pass
            else:
                self._forward(key.fd)
        if self._asked_at is None and not self._stopping:
            self._look_after()

    def _look_after(self) -> None:
        now = time.monotonic()
        for kept in self._kept:
            if kept.child is None:
                if now >= kept.due_at:
                    self._start(kept)
                continue
            code = kept.child.poll()
            if code is not None:
                self._drain()
                self._plan_restart(kept, how_it_ended(code), now)

    def _plan_restart(self, kept: Kept, how: str, now: float) -> None:
        kept.child = None
        if now - kept.started_at > STARTED_WELL:
            kept.delay = FIRST_DELAY
        self.say(f"{kept.name} ended ({how}) and starts again in {kept.delay:g} s.{kept.note}")
        kept.due_at = now + kept.delay
        kept.delay = min(kept.delay * 2, LONGEST_DELAY)

    def _start(self, kept: Kept) -> None:
        try:
            child = kept.start()
        except OSError as error:
            self._plan_restart(kept, str(error), time.monotonic())
        else:
            self._adopt(kept, child)

    def _adopt(self, kept: Kept, child: Child) -> None:
        kept.child = child
        kept.started_at = time.monotonic()
        self._read(child.process.stdout, lambda line: self._show(kept.name, line))
        self._read(child.process.stderr, lambda line: self._show(kept.name, line))

    def _until_due(self) -> float:
        """Seconds until a process may start again. What else happens wakes us by itself."""
        now = time.monotonic()
        return min((kept.due_at - now for kept in self._kept if kept.child is None), default=3600.0)

    def _show(self, name: str, line: str) -> None:
        self.write(f"{name:<8}| {line}")

    def _read(self, stream: IO[bytes] | None, take: Write) -> None:
        if stream is None:
            return
        os.set_blocking(stream.fileno(), False)
        if stream.fileno() not in self._readers:
            self._selector.register(stream, selectors.EVENT_READ)
        self._readers[stream.fileno()] = Reader(stream, take)

    def _forward(self, number: int) -> None:
        reader = self._readers[number]
        if not reader.read():
            self._selector.unregister(reader.stream)
            del self._readers[number]
            reader.stream.close()

    def _drain(self) -> None:
        """Take what the processes have written so far."""
        for number in list(self._readers):
            self._forward(number)


@dataclass
class Reader:
    """Cuts what comes through a pipe into lines."""

    stream: IO[bytes]
    take: Write
    rest: bytes = b""

    def read(self) -> bool:
        """Take what is there; False at the end."""
        while True:
            try:
                piece = os.read(self.stream.fileno(), 65536)
            except BlockingIOError:
                return True
            *lines, self.rest = (self.rest + piece).split(b"\n")
            if len(self.rest) > LONGEST_LINE or (not piece and self.rest):
                lines.append(self.rest)
                self.rest = b""
            for line in lines:
                self.take(line.decode(errors="replace").rstrip())
            if not piece:
                return False
