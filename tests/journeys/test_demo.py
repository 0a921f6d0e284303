"""The demo, whole: its own servers, web, worker and beat, and the main job over HTTP."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SERVERS = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL", "SECRET_KEY")


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """As on a machine where nothing was set."""
    folder = tempfile.mkdtemp(prefix="earshot-demo-")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}
    for name in SERVERS:
        kept.pop(name, None)
    yield {**kept, "EARSHOT_DATA_DIR": folder}
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.waits
def test_the_demo_plays_the_whole_loop_and_leaves_nothing_running(environment: dict[str, str]) -> None:
    played = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "The forum has it once, exactly as approved" in played.stdout
    assert "The ledger adds up to" in played.stdout
    folder = environment["EARSHOT_DATA_DIR"]
    left = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/environ")
        if folder.encode() in _environ(path) and path.parent.name != str(os.getpid())
    ]
    assert left == []


def _environ(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
