"""The long run: processes that call the served application, each with agencies of its own that are made anew."""

import time
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import requests
from django.db import connections

from agency import clock
from tests.fuzz import cases
from tests.fuzz.callers import Caller, settle
from tests.fuzz.run import Shares, Told, Way

# Of a hundred cases so many are the owner's, whose calls get furthest.
PARTS = {"owner": 60, "limited": 25, "stranger": 15}
# An agency that was called so often is in a state that nobody would work in: a new one is opened.
WEARS_OUT = 250
# Of each call's cases in the first round so many of a hundred cover the schema, and so many aren't JSON.
COVERAGE, RAW = 55, 10
# Of each call by chance in a round.
A_ROUND = 8


@dataclass(frozen=True)
class Job:
    """What one process does: every `of`th call, from number `at` on."""

    address: str
    at: int
    of: int
    cases: int
    seed: int


class Ground:
    """Gives the caller, of a new agency where the old one is worn out or shut us out."""

    def __init__(self, name: str, mark: str) -> None:
        self.name, self.mark = name, mark
        self.settled, self.calls, self.refused = 0, 0, 0
        self._caller: Caller | None = None

    def caller(self) -> Caller:
        if self._caller is None or self.calls % WEARS_OUT == 0 or self.refused > 3:
            self.settled += 1
            self.refused = 0
            self._caller = settle(f"{self.mark}{self.settled}", now=clock.now())[self.name]
        self.calls += 1
        return self._caller

    def answered(self, status: int) -> None:
        """One whose key is good and who is refused again and again lost it: they erased their agency, say."""
        self.refused = self.refused + 1 if status == 401 and self.name != "stranger" else 0


def call(job: Job) -> Told:
    """One process's work."""
    begun = time.perf_counter()
    mine = cases.operations()[job.at :: job.of]
    told = Told()
    for name, part in PARTS.items():
        ground = Ground(name, f"{name}{job.at}x")
        session = requests.Session()
        session.trust_env = False
        way = Way(
            caller=ground.caller,
            answered=ground.answered,
            around=nullcontext,
            sent={"base_url": job.address, "session": session},
            seed=job.seed,
            limit=job.cases * part // 100,
        )
        _rounds(way, mine)
        told.add(way.told)
    told.seconds = time.perf_counter() - begun
    return told


def _rounds(way: Way, operations: tuple[Any, ...]) -> None:
    each = way.limit / len(operations)
    first = Shares(
        coverage=max(1, int(each * COVERAGE / 100)),
        raw=max(1, int(each * RAW / 100)),
        fuzz=min(A_ROUND, int(each * (100 - COVERAGE - RAW) / 100)),
    )
    way.go(operations, first)
    while way.left:
        before = way.told.cases
        way.seed += 1
        way.go(operations, Shares(examples=False, coverage=0, raw=0, fuzz=A_ROUND))
        if way.told.cases == before:
            return


def run(address: str, *, count: int, seed: int, workers: int) -> Told:
    """All processes' work together."""
    cases.operations()
    connections.close_all()
    jobs = [Job(address, at, workers, count // workers, seed) for at in range(workers)]
    whole = Told()
    with get_context("fork").Pool(workers) as pool:
        for told in pool.imap_unordered(call, jobs):
            whole.add(told)
    return whole
