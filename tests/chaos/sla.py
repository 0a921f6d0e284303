"""Three sweepers, killed at random, over 10,000 timers: each step exactly once, none early, none missing.

uv run python -m tests.chaos sla [--quick | --short]

Every quarter of a second one of three real `manage.py sweeper` is killed (SIGKILL), whatever it is doing, and another
takes its place. The timers are clocks of mentions that come in meanwhile, as mentions do.
"""

import os
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any, LiteralString

import psycopg
from django.core.management import CommandError, call_command, get_commands
from django.db import connections

from tests.benchmarks.ground import say, tell
from tests.chaos.sweepers import Sweepers
from tests.chaos.timers import Findings, judge, lateness, make_timers, number, still_due

SWEEPERS, EVERY = 3, 0.25
# After the last kill, so long may what is left take.
PATIENCE = 240.0
SESSIONS: LiteralString = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'earshot'"


@dataclass(frozen=True)
class Size:
    timers: int
    kills: int
    over: float  # seconds in which the steps fall due
    agencies: int
    warm: bool = False  # the first sweepers come from the nest too


SIZES = {
    "whole": Size(10_000, 150, 45, 5),
    "quick": Size(1000, 40, 12, 3),
    "short": Size(300, 8, 2.5, 2, warm=True),
}


def run(owner_url: str, size: str) -> bool:
    wanted = SIZES[size]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "EARSHOT_LOG_LEVEL": "ERROR"}
    with psycopg.connect(owner_url, autocommit=True) as owner:
        with Sweepers(SWEEPERS, env=environment, warm=wanted.warm) as sweepers, ThreadPoolExecutor(1) as pool:
            _await_ready(owner)
            cut = -_cut(owner)
            making = pool.submit(_make, owner_url, wanted)
            _kill(owner, sweepers, wanted.kills, making)
            making.result()
            _await_all(owner)
            cut += _cut(owner)
        findings, folds = judge(owner), _folds()
        late = sorted(lateness(owner))
    _say(findings, late, wanted)
    good = findings.flawless and folds and not sweepers.died and not sweepers.stubborn
    told = (
        f"chaos: {SWEEPERS} sweepers killed {sweepers.killed} times over {wanted.timers:,} timers:"
        f" {findings.fired:,} of {findings.expected:,} steps fired once, {findings.twice} twice, {findings.missing} missing,"
        f" {findings.early} early, {findings.wrong} wrong, {cut} transactions cut off;"
        f" {'the fold agrees' if folds else 'the fold DIFFERS'};"
        f" {sweepers.died} died by themselves, {sweepers.stubborn} didn't end; load {os.getloadavg()[0]:.1f}"
    )
    sys.stdout.write(told + "\n")
    return good and sweepers.killed >= wanted.kills


def _make(owner_url: str, wanted: Size) -> None:
    begun = time.monotonic()
    with psycopg.connect(owner_url, autocommit=True) as owner:
        make_timers(owner, wanted.timers, over=wanted.over, agencies=wanted.agencies)
    connections.close_all()
    tell(f"{wanted.timers} timers were set in {time.monotonic() - begun:.0f} s")


def _await_ready(owner: psycopg.Connection[Any]) -> None:
    """Until each sweeper works and listens: two sessions each."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and number(owner, SESSIONS) < 2 * SWEEPERS:
        time.sleep(0.05)


def _kill(owner: psycopg.Connection[Any], sweepers: Sweepers, kills: int, making: Future[None]) -> None:
    """While timers are being set, and for as long as something is due; at least so often."""
    deadline = time.monotonic() + kills * EVERY + PATIENCE
    while time.monotonic() < deadline:
        time.sleep(EVERY)
        sweepers.kill_one()
        if making.done() and sweepers.killed >= kills and not still_due(owner):
            return


def _await_all(owner: psycopg.Connection[Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while still_due(owner) and time.monotonic() < deadline:
        time.sleep(0.2)


def _cut(owner: psycopg.Connection[Any]) -> int:
    """Transactions of this database that were given up: with nothing else running, those that a kill cut off."""
    owner.execute("SELECT pg_stat_force_next_flush()")
    return number(owner, "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")


def _folds() -> bool:
    """Whether every clock is what its history makes it."""
    if "rebuild_clocks" not in get_commands():
        tell("there is no rebuild_clocks to ask")
        return True
    try:
        call_command("rebuild_clocks", "--check", stdout=sys.stderr)
    except (CommandError, SystemExit) as error:
        tell(str(error))
        return getattr(error, "code", 1) == 0
    return True


def _say(findings: Findings, late: list[float], wanted: Size) -> None:
    steps = findings.expected
    say("chaos.sla.fired_once", findings.fired, "steps", limit=steps, target=1, at_least=True)
    for name in ("twice", "missing", "early", "wrong"):
        say(f"chaos.sla.{name}", getattr(findings, name), "steps", limit=steps, target=0)
    if late:
        tell(f"lateness meanwhile: p50 {median(late):.0f} ms, p99 {late[int(len(late) * 0.99)]:.0f} ms")
