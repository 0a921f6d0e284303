"""The data folder: what an installation keeps between two starts, and who is running on it."""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Any

from config.launcher.account import closed_to
from config.launcher.child import Account
from config.launcher.errors import LauncherError


@dataclass(frozen=True)
class Secrets:
    """Made once for a folder and never shown: the signing key and the servers' passwords."""

    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(50))
    postgres: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    owner: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    app: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    valkey: str = field(default_factory=lambda: secrets.token_urlsafe(24))


@dataclass(frozen=True)
class Running:
    """What a running installation says of itself; no environment until its servers are up."""

    pid: int
    port: int
    address: str
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DataFolder:
    path: Path

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def mail(self) -> Path:
        return self.path / "mail"


def default_path(environ: Mapping[str, str]) -> Path:
    """EARSHOT_DATA_DIR, or the place where this system keeps such data."""
    if environ.get("EARSHOT_DATA_DIR"):
        return Path(environ["EARSHOT_DATA_DIR"]).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/earshot")
    share = environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(share).absolute() / "earshot"


def prepare(path: Path, account: Account | None = None) -> DataFolder:
    """Make the folder if it is new, and see that it can be used.

    A new one is for our eyes only; an account that the servers run as may pass to its own part.

    Raises:
        LauncherError: it can't be written, or the account can't reach it.
    """
    folder = DataFolder(path)
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if account and path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode | 0o011)
        folder.log.mkdir(exist_ok=True, mode=0o700)
        probe = path / f".probe-{os.getpid()}"
        probe.write_bytes(b"can be written")
        probe.unlink()
    except OSError as error:
        raise LauncherError(
            f"The data folder {path} can't be used: {error.strerror}. "
            "Choose another one with EARSHOT_DATA_DIR=/path/to/folder."
        ) from error
    closed = closed_to(account, path)
    if closed and account:
        raise LauncherError(
            f"The data folder {path} can't be used: as root, the servers run as the user "
            f"“{account.name}”, who can't enter {closed}. "
            "Choose another one with EARSHOT_DATA_DIR, for example /var/lib/earshot."
        )
    return folder


def read_secrets(folder: DataFolder) -> Secrets:
    """The folder's secrets, made at the first start; what a later version adds is made then.

    Raises:
        LauncherError: the file is broken.
    """
    path = folder.path / "secrets.json"
    kept = _read_json(path)
    if path.exists() and not kept:
        raise LauncherError(
            f"{path} can't be read. Put it back from a backup: the database's passwords are in it."
        )
    made = Secrets(**{part.name: kept[part.name] for part in fields(Secrets) if part.name in kept})
    if asdict(made) != kept:
        write_private(path, json.dumps(asdict(made), indent=1))
    return made


@contextmanager
def locked(folder: DataFolder, running: Running) -> Iterator[bool]:
    """Hold the folder for ourselves, and say in `running.json` who we are.

    It gives whether the last launcher was killed: what it started may be ending only now.

    Raises:
        LauncherError: another launcher holds it; the message names its address.
    """
    with (folder.path / "lock").open("wb") as lock:
        if not _take(lock, patience=1.0):
            other = _read_json(folder.path / "running.json").get("address", "some address")
            raise LauncherError(
                f"Earshot already runs on the data in {folder.path}, at {other}. "
                "Stop it first, or choose another folder with EARSHOT_DATA_DIR and another --port."
            )
        kept = folder.path / "running.json"
        was_killed = kept.exists()
        say_running(folder, running)
        try:
            yield was_killed
        finally:
            kept.unlink(missing_ok=True)


def say_running(folder: DataFolder, running: Running) -> None:
    write_private(folder.path / "running.json", json.dumps(asdict(running), indent=1))


def read_running(path: Path) -> Running | None:
    """Who runs on the data in this folder, if anybody does."""
    try:
        lock = (path / "lock").open("rb")
    except OSError:
        return None
    with lock:
        if _take(lock, patience=0.0, shared=True):
            return None
    kept = _read_json(path / "running.json")
    return Running(**kept) if kept else None


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step, readable by us alone."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _take(lock: IO[bytes], *, patience: float, shared: bool = False) -> bool:
    # Patience, because whoever only asks who is running holds the lock for a moment too.
    deadline = time.monotonic() + patience
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
