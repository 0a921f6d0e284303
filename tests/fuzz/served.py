"""The application as it is served: granian's processes, on the run's own PostgreSQL and Valkey."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.launcher import commands
from config.launcher.child import Child
from config.launcher.health import is_healthy
from config.launcher.ports import LOOPBACK, free_port

PATIENCE = 60.0


@contextmanager
def served(*, workers: int) -> Iterator[str]:
    """Its address. Called after `tests.process.begin`, from the main thread.

    Raises:
        RuntimeError: it doesn't serve; what it said is in the message.
    """
    port = free_port()
    address = f"http://{LOOPBACK}:{port}"
    with tempfile.TemporaryDirectory(prefix="earshot-fuzz-") as folder:
        log = Path(folder) / "web.log"
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "EARSHOT_BASE_URL": address,
            "EARSHOT_LOG_LEVEL": "ERROR",
            "EMAIL_URL": "dummymail://",
            # One caller sends as quickly as it can: what is tried here isn't the limit.
            "EARSHOT_API_RATE": "10000000",
            "EARSHOT_API_FAILED_SIGN_INS": "10000000",
        }
        with log.open("wb") as output:
            web = Child(
                commands.web(host=LOOPBACK, port=port, workers=workers, threads=2),
                env=environment,
                cwd=commands.ROOT,
                output=output,
            )
        try:
            _await(web, port, address, log)
            yield address
        finally:
            web.stop()


def _await(web: Child, port: int, address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_healthy(LOOPBACK, port, base_url=address):
        if web.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Earshot doesn't serve:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.1)
