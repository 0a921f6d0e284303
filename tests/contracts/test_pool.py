"""A pool of 2 connections, 20 threads, thousands of requests of two agencies with random errors: 0 foreign rows.

In a process of its own (tests/contracts/pool.py), because the pool is the process's. The normal run asks 400 times;
`pytest -m slow -k pool` asks 10,000 times, straight and through pgbouncer in transaction mode (some minutes each).
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Say = Callable[[str, object], None]


def ask(*options: str, say: Say) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.contracts.pool", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    say("said", done.stdout.strip())
    assert done.returncode == 0, f"{done.stdout}{done.stderr[-4000:]}"
    assert ", 0 foreign rows, 0 wrong answers" in done.stdout


def test_no_row_crosses_over_a_small_pool(record_property: Say) -> None:
    ask("--requests", "400", say=record_property)


@pytest.mark.slow
def test_no_row_crosses_over_a_small_pool_in_ten_thousand_requests(record_property: Say) -> None:
    ask("--requests", "10000", say=record_property)


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin"),
    reason="pgbouncer isn't installed: apt-get install pgbouncer",
)
def test_no_row_crosses_behind_pgbouncer(record_property: Say) -> None:
    ask("--requests", "10000", "--pgbouncer", say=record_property)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["session", "entered"])
def test_an_agency_that_stays_on_a_connection_would_be_seen(way: str) -> None:
    """The same questions to a house that keeps its setting for the session, or enters the agency of whoever came before."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.contracts.pool", "--requests", "200", "--break", way],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1, done.stderr[-2000:]
    assert ", 0 foreign rows" not in done.stdout
