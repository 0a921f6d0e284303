"""A real `manage.py web` of a test's own, whose workers can be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from config.launcher import commands

READY_SECONDS = 60.0


class Web:
    """granian with its workers, on a port of its own, serving the database that the settings name."""

    def __init__(self, *, workers: int, quiet: bool = False) -> None:
        self._workers, self._quiet = workers, quiet
        self.killed = 0

    def __enter__(self) -> Self:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "EARSHOT_LOG_LEVEL": "ERROR",
            "EARSHOT_API_RATE": "10000000",
        }
        self._process = subprocess.Popen(
            commands.web(host="127.0.0.1", port=self.port, workers=self._workers),
            cwd=commands.ROOT,
            env=environment,
            stdout=subprocess.DEVNULL if self._quiet else sys.stderr,
            stderr=subprocess.DEVNULL if self._quiet else sys.stderr,
            start_new_session=True,
        )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.__exit__(None, None, None)
                raise RuntimeError("The web server doesn't start.")
            time.sleep(0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def kill_worker(self) -> None:
        """SIGKILL for the oldest worker, whatever it is doing; granian starts another."""
        if workers := self._children():
            os.kill(workers[0], signal.SIGKILL)
            self.killed += 1

    def _children(self) -> list[int]:
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [pid for pid in map(int, listed) if b"granian" in _command(pid) or b"spawn" in _command(pid)]

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
