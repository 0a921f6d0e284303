"""For programs that need Earshot running, such as the demo: whether it runs, and starting it."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.launcher import commands
from config.launcher.account import service_account
from config.launcher.child import Child
from config.launcher.folder import Running, default_path, prepare, read_running
from config.launcher.health import is_healthy
from config.launcher.logs import Log
from config.launcher.ports import LOOPBACK
from config.launcher.up import DEFAULT_PORT

__all__ = ["Background", "default_path", "running", "running_environment", "start_in_background"]

# It ends its own children first, each with a grace.
GRACE = 60.0


@dataclass(frozen=True)
class Background:
    """An Earshot that we started. It ends with us in any case; `stop` waits for its orderly end."""

    address: str
    environment: dict[str, str]
    log: Path
    child: Child

    def stop(self) -> None:
        self.child.stop()


def running(data_dir: Path) -> str | None:
    """The address of the Earshot that runs on this data folder; it may still be starting."""
    found = read_running(data_dir)
    return found.address if found else None


def running_environment(data_dir: Path) -> dict[str, str]:
    """What the running processes were given in their environment; empty while it is starting."""
    found = read_running(data_dir)
    return found.environment if found else {}


def start_in_background(
    data_dir: Path,
    port: int = DEFAULT_PORT,
    env: Mapping[str, str] | None = None,
    *,
    demo: bool = True,
    patience: float = 180.0,
) -> Background:
    """Start `manage.py up` and wait until it serves. Call it from the main thread.

    Raises:
        LauncherError: it ended, or didn't serve within `patience` seconds; the message ends with
            the last of what it said.
    """
    folder = prepare(data_dir, service_account())
    log = Log(folder.log / "up.log")
    environment = {**(os.environ if env is None else env), "EARSHOT_DATA_DIR": str(data_dir)}
    command = commands.manage("up", "--port", str(port))
    with log.open() as output:
        child = Child(
            command if demo else [*command, "--no-demo"],
            env=environment,
            cwd=commands.ROOT,
            output=output,
            grace=GRACE,
        )
    try:
        found = _await(child, data_dir, port, patience)
    except BaseException:
        child.stop()
        raise
    if found is None:
        child.stop()
        raise log.failure("Earshot doesn't start.")
    return Background(address=found.address, environment=found.environment, log=log.path, child=child)


def _await(child: Child, data_dir: Path, port: int, patience: float) -> Running | None:
    deadline = time.monotonic() + patience
    while child.poll() is None and time.monotonic() < deadline:
        found = read_running(data_dir)
        if found and found.environment and is_healthy(LOOPBACK, port, base_url=found.address):
            return found
        time.sleep(0.1)
    return None
