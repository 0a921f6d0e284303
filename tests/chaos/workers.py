"""Celery workers that are killed, and others that take their place."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from config.launcher import commands


class Workers:
    """So many real workers of a queue. Every fifth kill hits a whole worker, the others one of its processes, as it works."""

    def __init__(self, count: int, *, queues: str, concurrency: int, env: Mapping[str, str]) -> None:
        self._count, self._env = count, dict(env)
        self._command = commands.worker(queues=queues, concurrency=concurrency)
        self.killed = self._named = 0

    def __enter__(self) -> Self:
        self.alive = [self._start() for _ in range(self._count)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.alive:
            self._end(worker)

    def await_one(self, seconds: float) -> None:
        """Until one of them has begun to work."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not any(_children(worker.pid) for worker in self.alive):
            time.sleep(0.2)

    def kill_one(self) -> None:
        """SIGKILL, whatever it is doing; of those that have begun to work, for a start takes seconds of a processor."""
        working = [place for place, worker in enumerate(self.alive) if _children(worker.pid)]
        if not working:
            return
        place = random.choice(working)  # noqa: S311
        worker = self.alive[place]
        self.killed += 1
        if self.killed % 5 or (len(working) == 1 and self._count > 1):
            with suppress(ProcessLookupError, IndexError):
                os.kill(random.choice(_children(worker.pid)), signal.SIGKILL)  # noqa: S311
            return
        self._end(worker)
        self.alive[place] = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        self._named += 1
        command = [*self._command]
        command[command.index("--hostname") + 1] = f"hooks{self._named}@%h"
        return subprocess.Popen(
            command,
            cwd=commands.ROOT,
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _end(self, worker: "subprocess.Popen[bytes]") -> None:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def _children(pid: int) -> list[int]:
    """Whichever of its threads made them."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(one) for one in listed.read_text().split()]
    return found
