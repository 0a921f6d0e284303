"""The embedded PostgreSQL: one cluster in a folder, on a free port of 127.0.0.1."""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import run

from config.launcher.account import give
from config.launcher.binaries import POSTGRES_MAJOR, Programs
from config.launcher.child import Account, Child, Pause
from config.launcher.errors import LauncherError
from config.launcher.logs import Log
from config.launcher.ports import LOOPBACK, free_port

SUPERUSER = "postgres"
# Nothing of our own environment: PGPORT, PGDATA, LC_ALL and their like would change the server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}
READY_SECONDS = 120.0

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    # Small machines, short statements: parallel workers and compiling cost more than they give,
    # and parallel workers need more shared memory than many containers have.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
}


@dataclass
class Postgres:
    """`folder` holds the cluster in `postgres`. With `durable` off a crash may lose it."""

    folder: Path
    log: Log
    programs: Programs
    password: str
    account: Account | None = None
    durable: bool = True
    port: int = field(default=0, init=False)

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    def dsn(self, *, user: str = SUPERUSER, password: str = "", database: str = SUPERUSER) -> str:
        return f"postgresql://{user}:{password or self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self, *, pause: Pause = time.sleep) -> Child:
        """Make the cluster if it is new, start the server, and wait until it takes connections.

        Raises:
            LauncherError: it doesn't start; the message ends with the end of its log.
        """
        if not (self.data / "PG_VERSION").exists():
            self._create(pause)
        self._check_cluster()
        for attempt in range(5):
            self._end_previous(pause)
            self.port = free_port()
            child = self.spawn()
            if self._wait(child, pause):
                return child
            # Another program took the port first, or the last server's memory isn't given back yet.
            if attempt == 4 or " in use" not in self.log.since_mark():
                break
            pause(1.0)
        raise self.log.failure("PostgreSQL doesn't start.")

    def spawn(self) -> Child:
        """Start the server on the port that it has, without waiting."""
        settings = {
            **SETTINGS,
            **({} if self.durable else THROW_AWAY_SETTINGS),
            "port": str(self.port),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # SIGINT is PostgreSQL's fast shutdown: it ends sessions, writes its checkpoint and goes.
        return self._child(
            [str(self.programs.postgres), "-D", str(self.data), *options], stop_signal=signal.SIGINT
        )

    def _child(self, command: list[str], *, stop_signal: signal.Signals = signal.SIGTERM) -> Child:
        with self.log.open() as output:
            return Child(
                command,
                env=ENVIRONMENT,
                cwd=self.folder,
                output=output,
                account=self.account,
                stop_signal=stop_signal,
                grace=30.0,
            )

    def _create(self, pause: Pause) -> None:
        # Made aside and renamed, so that a half-made cluster is never taken for a whole one.
        new, secret = self.folder / "postgres.new", self.folder / "postgres.password"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        secret.unlink(missing_ok=True)
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.password)
        give(new, self.account)
        give(secret, self.account)
        try:
            child = self._child([str(self.programs.initdb), *self._initdb_options(new, secret)])
            try:
                while child.poll() is None:
                    pause(0.02)
            finally:
                child.stop()
        finally:
            secret.unlink()
        if child.poll() != 0:
            raise self.log.failure("PostgreSQL can't make its data folder.")
        with suppress(FileNotFoundError):
            self.data.rmdir()
        new.rename(self.data)

    def _initdb_options(self, target: Path, secret: Path) -> list[str]:
        options = [
            f"--pgdata={target}",
            f"--username={SUPERUSER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--text-search-config=english",
            "--no-instructions",
        ]
        return options if self.durable else [*options, "--no-sync"]

    def _check_cluster(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(POSTGRES_MAJOR):
            raise LauncherError(
                f"The data in {self.data} was written by PostgreSQL {version}, "
                f"and this is {POSTGRES_MAJOR}. "
                "Dump it with that version and load it into a new data folder."
            )
        owner = self.data.stat().st_uid
        if owner != (self.account.uid if self.account else os.geteuid()):
            raise LauncherError(
                f"The data in {self.data} belongs to the user with id {owner}. "
                "Start as the user who made it, or choose another folder with EARSHOT_DATA_DIR."
            )

    def _end_previous(self, pause: Pause) -> None:
        """See off the server of a launcher that was killed; it may still be writing its last pages.

        Only for whoever holds the data folder. A `postmaster.pid` that names no server of this
        folder is from before a crash; PostgreSQL believes it if any process has its number now.
        """
        lock = self.data / "postmaster.pid"
        for number, seconds in (
            (signal.SIGINT, 20.0),
            (signal.SIGQUIT, 5.0),
            (signal.SIGKILL, 5.0),
        ):
            deadline = time.monotonic() + seconds
            pid = self._server_pid()
            if pid is None:
                lock.unlink(missing_ok=True)
                return
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            while self._server_pid() is not None and time.monotonic() < deadline:
                pause(0.05)

    def _server_pid(self) -> int | None:
        """The server that `postmaster.pid` names, if it is one and runs on this folder."""
        words = self._status()
        pid = int(words[0]) if words and words[0].lstrip("-").isdigit() else 0
        if pid <= 1:
            return None
        if sys.platform == "linux":
            # A server works in its data folder; a zombie has none, which is as good as gone.
            with suppress(OSError):
                return pid if Path(f"/proc/{pid}/cwd").samefile(self.data) else None
            return None
        shown = run(["/bin/ps", "-p", str(pid), "-o", "comm="], capture_output=True, text=True, check=False)
        return pid if shown.stdout.strip().endswith("postgres") else None

    def _wait(self, child: Child, pause: Pause) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        try:
            while child.poll() is None and time.monotonic() < deadline:
                words = self._status()
                if len(words) > 7 and words[0] == str(child.pid) and words[7] == "ready":
                    return True
                pause(0.02)
        except BaseException:
            child.stop()
            raise
        child.stop()
        return False

    def _status(self) -> list[str]:
        """The lines of `postmaster.pid`: the first is the process, the eighth how it is doing."""
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        except (FileNotFoundError, UnicodeDecodeError):
            return []
