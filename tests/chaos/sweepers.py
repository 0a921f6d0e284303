"""Sweepers that are killed, and others that take their place."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from config.launcher import commands

READY_SECONDS = 60.0


class Sweepers:
    """So many at any time: the first ones from nothing, as `manage.py sweeper`, their successors from the nest."""

    def __init__(self, count: int, *, env: Mapping[str, str], warm: bool) -> None:
        self._count, self._env, self._warm = count, dict(env), warm
        self._first: dict[int, subprocess.Popen[bytes]] = {}
        self.alive: list[int] = []
        self.killed = self.died = 0

    def __enter__(self) -> Self:
        self._nest = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nest"],
            cwd=commands.ROOT,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(self._count):
            self.alive.append(self._hatch() if self._warm else self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask all to end, and see that they do."""
        for pid in self.alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(map(self._lives, self.alive)):
            time.sleep(0.05)
        self.stubborn = sum(map(self._lives, self.alive))
        self._nest.stdin.close()
        with suppress(ProcessLookupError):
            os.killpg(self._nest.pid, signal.SIGKILL)
        self._nest.wait()
        self._nest.stdout.close()
        for first in self._first.values():
            if first.poll() is None:
                first.kill()
            first.wait()

    def kill_one(self) -> None:
        """SIGKILL for one of them, whatever it is doing, and another in its place."""
        place = random.randrange(len(self.alive))  # noqa: S311
        pid = self.alive[place]
        if not self._lives(pid):
            self.died += 1  # by itself: nobody but us should end one
        else:
            os.kill(pid, signal.SIGKILL)
            self.killed += 1
        self.alive[place] = self._hatch()

    def _start(self) -> int:
        first = subprocess.Popen(commands.manage("sweeper"), cwd=commands.ROOT, env=self._env)
        self._first[first.pid] = first
        return first.pid

    def _hatch(self) -> int:
        self._nest.stdin.write("one\n")
        self._nest.stdin.flush()
        return int(self._nest.stdout.readline())

    def _lives(self, pid: int) -> bool:
        if pid in self._first:
            return self._first[pid].poll() is None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
