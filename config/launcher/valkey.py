"""The embedded Valkey: Celery's doorbell, on a free port of 127.0.0.1."""

import shutil
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config.launcher.account import give
from config.launcher.binaries import Programs
from config.launcher.child import Account, Child, Pause
from config.launcher.folder import write_private
from config.launcher.logs import Log
from config.launcher.ports import LOOPBACK, free_port

READY_SECONDS = 60.0
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}


@dataclass
class Valkey:
    """`folder` holds its files in `valkey`; with `durable` off it keeps everything in memory."""

    folder: Path
    log: Log
    programs: Programs
    password: str
    account: Account | None = None
    durable: bool = True
    say: Callable[[str], None] = print
    port: int = field(default=0, init=False)

    @property
    def data(self) -> Path:
        return self.folder / "valkey"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def start(self, *, pause: Pause = time.sleep) -> Child:
        """Start the server and wait until it answers.

        Raises:
            LauncherError: it doesn't start; the message ends with the end of its log.
        """
        self.data.mkdir(exist_ok=True, mode=0o700)
        give(self.data, self.account)
        for _ in range(3):
            self.port = free_port()
            child = self.spawn()
            if self._wait(child, pause):
                return child
            if "already in use" not in self.log.since_mark():
                self._set_aside()
        raise self.log.failure("Valkey doesn't start.")

    def spawn(self) -> Child:
        """Start the server on the port that it has, without waiting."""
        configuration = self.data / "valkey.conf"
        write_private(configuration, self._configuration())
        give(configuration, self.account)
        with self.log.open() as output:
            return Child(
                [str(self.programs.valkey), str(configuration)],
                env=ENVIRONMENT,
                # A relative `dir` needs no quoting, whatever the folder's name holds.
                cwd=self.data,
                output=output,
                account=self.account,
                stop_signal=signal.SIGTERM,
                grace=10.0,
            )

    def _configuration(self) -> str:
        # In a file, because a command line can be read by everybody on the machine.
        return "\n".join(
            (
                f"bind {LOOPBACK}",
                f"port {self.port}",
                f"requirepass {self.password}",
                "dir ./",
                "daemonize no",
                'logfile ""',
                "loglevel warning",
                'save ""',
                f"appendonly {'yes' if self.durable else 'no'}",
                "appendfsync everysec",
                # A queue must refuse when it is full: a dropped key would be a dropped message.
                "maxmemory-policy noeviction",
                "",
            )
        )

    def _set_aside(self) -> None:
        """Start empty where files are broken: the truth is in PostgreSQL, and this only rings."""
        kept = self.data / "appendonlydir"
        if not kept.exists():
            return
        broken = self.data / "appendonlydir.broken"
        shutil.rmtree(broken, ignore_errors=True)
        kept.rename(broken)
        self.say(f"Valkey couldn't read its files and starts empty; they are kept in {broken}.")

    def _wait(self, child: Child, pause: Pause) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        try:
            while child.poll() is None and time.monotonic() < deadline:
                if self._answers():
                    return True
                pause(0.02)
        except BaseException:
            child.stop()
            raise
        child.stop()
        return False

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1.0) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return [answers.readline().strip() for _ in range(2)] == [b"+OK", b"+PONG"]
        except OSError:
            return False
