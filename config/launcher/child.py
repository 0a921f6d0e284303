"""A process that we start and answer for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SCRIPTS = Path(__file__).resolve().parent
# Scripts of the standard library only: without `site` they start in a fifth of the time.
PYTHON = (sys.executable, "-I", "-S")

Pause = Callable[[float], None]


@dataclass(frozen=True)
class Account:
    """A system user to run a process as."""

    name: str
    uid: int
    gid: int


class Guard:
    """Our end of the pipe to `guard.py`; one for the whole process."""

    def __init__(self) -> None:
        self._watched: dict[int, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, group: int, number: int, grace: float) -> None:
        self._watched[group] = f"+ {group} {int(number)} {grace}\n"
        self._tell(self._watched[group])

    def forget(self, group: int) -> None:
        if self._watched.pop(group, None):
            self._tell(f"- {group}\n")

    def _tell(self, line: str) -> None:
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
            line = "".join(self._watched.values())
        if self._process.stdin:
            with suppress(BrokenPipeError):  # It was just killed; the next line starts another one.
                self._process.stdin.write(line.encode())

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*PYTHON, str(SCRIPTS / "guard.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )


_guard = Guard()


class Child:
    """A process, with all that it starts, in a session of its own; it doesn't outlive us.

    Linux sends it `stop_signal` when the thread that made it ends: make it in the main thread.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        output: int | IO[bytes] = subprocess.PIPE,
        errors: int | IO[bytes] = subprocess.STDOUT,
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace: float = 10.0,
    ) -> None:
        self.stop_signal = stop_signal
        self.grace = grace
        user = (str(account.uid), str(account.gid)) if account else ("-1", "-1")
        self.process = subprocess.Popen(
            [
                *PYTHON,
                str(SCRIPTS / "shim.py"),
                str(os.getpid()),
                str(int(stop_signal)),
                *user,
                *command,
            ],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        _guard.watch(self.pid, stop_signal, grace)

    @property
    def pid(self) -> int:
        return self.process.pid

    def poll(self) -> int | None:
        """The exit code, or None while it runs. What it left in its group is ended too."""
        code = self.process.poll()
        if code is not None:
            self._end_group()
        return code

    def send(self, number: signal.Signals) -> None:
        """Signal the process itself; it knows best how to tell its own children."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End the whole group at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        _guard.forget(self.pid)

    def stop(self, *, pause: Pause = time.sleep) -> None:
        """Ask it to end, wait for its grace, then end the whole group."""
        self.send(self.stop_signal)
        deadline = time.monotonic() + self.grace
        while self.poll() is None:
            if time.monotonic() > deadline:
                self.kill()
                return
            pause(0.02)

    def _end_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        _guard.forget(self.pid)


def how_it_ended(code: int) -> str:
    """Words for an exit code as `subprocess` gives it: negative is the signal that killed it."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
