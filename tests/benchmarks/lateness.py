"""How late an alarm rings on an idle machine: by the sweeper that sleeps, by one that is called, and by beat's tick.

uv run python -m tests.benchmarks.lateness [--quick]

The alarms are set by another process than those that ring. Late is the time from an alarm's due moment to the
handler's own, both by the database's clock.
"""

import os
import random
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from uuid import UUID

import psycopg

from config.launcher import commands
from config.launcher.child import Child
from tests.benchmarks.ground import Ground, ground, say, tell
from tests.benchmarks.ringing import KIND, TABLE

LIMIT = 50.0  # ms, at the median
SWEEPER = [sys.executable, "-m", "tests.benchmarks.ringing"]


def main() -> int:
    with ground(__doc__ or "") as here:
        met = measure(here)
    return 0 if met else 1


def measure(here: Ground) -> bool:
    """Sets up an agency of its own; any database that is migrated will do."""
    count = 20 if here.quick else 300
    with psycopg.connect(here.owner_url, autocommit=True) as owner:
        owner.execute(TABLE)  # type: ignore[call-overload]
        house = _house()
        with _running(SWEEPER):
            _await_first(owner, house)
            asleep = _ahead(owner, house, count)
            called = _soon(owner, house, count)
        with TemporaryDirectory(prefix="earshot-beat-") as folder, _beat(Path(folder)):
            _await_first(owner, house)
            ticked = _ahead(owner, house, count)
        owner.execute("DROP TABLE lateness")
    tell(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
    ticks, slowest = median(ticked), _p99(ticked)
    tell(f"for comparison, beat's tick of a second alone: p50 {ticks:.1f} ms, p99 {slowest:.1f} ms")
    return all(
        [
            say("lateness.p50", median(asleep), "ms", limit=LIMIT, target=1),
            say("lateness.p99", _p99(asleep), "ms", limit=slowest, target=1),
            say("lateness.called_p50", median(called), "ms", limit=LIMIT, target=1),
            say("lateness.called_p99", _p99(called), "ms", limit=slowest, target=1),
        ]
    )


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


def _house() -> UUID:
    from agency import clock  # noqa: PLC0415  (Django is set up by now)
    from workflows.actions.onboarding import open_agency  # noqa: PLC0415

    agency, _ = open_agency(
        name="On time",
        time_zone="UTC",
        owner_email="owner@ontime.example",
        owner_name="Ana",
        now=clock.now(),
        invite=False,
    )
    return agency.pk


# Who rings --------------------------------------------------------------------------------------------------


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "EARSHOT_LOG_LEVEL": "WARNING"}
    child = Child(command, env=environment, cwd=commands.ROOT, output=sys.stderr.fileno())
    try:
        yield
    finally:
        child.stop()


@contextmanager
def _beat(folder: Path) -> Iterator[None]:
    worker = [*commands.worker(queues="default", concurrency=1), "--include", "tests.benchmarks.ringing"]
    with _running(worker), _running(commands.beat(schedule=folder / "schedule")):
        yield


# What is set, and how late it rang --------------------------------------------------------------------------


def _ahead(owner: psycopg.Connection, house: UUID, count: int) -> list[float]:
    """Alarms that are set well before they are due, at random moments, about ten a second."""
    from agency import clock  # noqa: PLC0415

    begins = clock.now() + timedelta(seconds=3)
    due = {_id(): begins + timedelta(seconds=random.uniform(0, count / 10)) for _ in range(count)}  # noqa: S311
    _set(house, due)
    return _lateness(owner, due)


def _soon(owner: psycopg.Connection, house: UUID, count: int) -> list[float]:
    """Alarms that are set one by one, for now or the next moments: sooner than a sweeper that sleeps would look."""
    from agency import clock  # noqa: PLC0415

    due: dict[UUID, datetime] = {}
    for number in range(count):
        one = {_id(): clock.now() + timedelta(seconds=random.uniform(0, 0.5) if number % 2 else 0)}  # noqa: S311
        _set(house, one)
        due |= one
        time.sleep(random.uniform(0.05, 0.15))  # noqa: S311
    return _lateness(owner, due)


def _await_first(owner: psycopg.Connection, house: UUID) -> None:
    from agency import clock  # noqa: PLC0415

    due = {_id(): clock.now()}
    _set(house, due)
    _lateness(owner, due)


def _id() -> UUID:
    from agency.ids import new_id  # noqa: PLC0415

    return new_id()


def _set(house: UUID, due: Mapping[UUID, datetime]) -> None:
    from agency.actions.alarms import set_alarms  # noqa: PLC0415
    from agency.tenancy import tenant  # noqa: PLC0415

    with tenant(house):
        set_alarms(KIND, due)


def _lateness(owner: psycopg.Connection, due: Mapping[UUID, datetime], patience: float = 60) -> list[float]:
    """Wait until all have rung; milliseconds. Early is never."""
    latest, deadline = max(due.values()), time.monotonic() + patience
    while True:
        rows = owner.execute(
            "SELECT subject_id, at, clock_timestamp() FROM lateness WHERE subject_id = ANY(%s)", [list(due)]
        ).fetchall()
        if len(rows) == len(due):
            break
        now = rows[0][2] if rows else None
        if time.monotonic() > deadline and (now is None or now > latest + timedelta(seconds=patience)):
            raise RuntimeError(f"{len(due) - len(rows)} alarms of {len(due)} didn't ring.")
        time.sleep(0.2)
    late = [(at - due[subject]).total_seconds() * 1000 for subject, at, _ in rows]
    if min(late) < 0:
        raise RuntimeError(f"An alarm rang {-min(late):.3f} ms early.")
    return late


if __name__ == "__main__":
    sys.exit(main())
