"""What every benchmark stands on: servers and a database of its own, and one way to say what was measured."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from tests import process


@dataclass(frozen=True, slots=True)
class Ground:
    """Addresses of the benchmark's own database: of the owner, whom no policy binds, and of the working role."""

    owner_url: str
    app_url: str
    quick: bool


@contextmanager
def ground(about: str) -> Iterator[Ground]:
    """Start the servers, migrate, and set Django up as the working role; everything is gone afterwards."""
    parser = argparse.ArgumentParser(description=about.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    options = parser.parse_args()
    try:
        process.begin()
        yield Ground(os.environ["EARSHOT_TEST_OWN_URL"], os.environ["DATABASE_URL"], options.quick)
    finally:
        process.end()


def say(name: str, value: float, unit: str, *, limit: float, target: float, at_least: bool = False) -> bool:
    """Print a figure as one line of JSON; whether it met its target.

    Args:
        limit: what it is compared with, measured in the same run.
        target: what value / limit may be at most, or must be at least.
    """
    ratio = value / limit if limit else float("inf")
    met = ratio >= target if at_least else ratio <= target
    line = {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "limit": round(limit, 3),
        "ratio": round(ratio, 3),
        "target": f"{'at least' if at_least else 'at most'} {target:g}",
        "met": met,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return met


def tell(text: str) -> None:
    """What is going on, for who waits."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def milliseconds(*calls: Callable[[int], object], runs: int) -> list[float]:
    """The median of each call, called in turns, so that all of them meet the same machine. They get the turn's number."""
    taken: list[list[float]] = [[] for _ in calls]
    for number in range(runs):
        for times, call in zip(taken, calls, strict=True):
            begun = time.perf_counter()
            call(number)
            times.append((time.perf_counter() - begun) * 1000)
    return [median(times) for times in taken]
