"""The short form of `python -m tests.chaos sla`, on a database of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import servers

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.waits
def test_sweepers_that_are_killed_at_random_fire_each_step_once(record_property: Any) -> None:
    name = f"chaos_{os.getpid()}"
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos", "sla", "--short"],
            cwd=ROOT,
            env={**os.environ, "PYTEST_XDIST_WORKER": name},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        servers.drop_database(os.environ["EARSHOT_TEST_OWNER_URL"], f"test_{name}")
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = [line for line in done.stdout.splitlines() if line.startswith("chaos: ")]
    record_property("said", told)
