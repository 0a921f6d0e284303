"""The process that rings on time, with real alarms on a database that really commits."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from structlog.testing import capture_logs

from agency import clock as the_clock
from agency.actions import alarms
from agency.actions.alarms import CHANNEL, next_due, on_alarm, set_alarm, sweep
from agency.ids import new_id
from agency.models import Alarm
from agency.tenancy import tenant
from config import listener, sweeper
from config.launcher import commands
from config.launcher.child import Child
from config.launcher.folder import Secrets, prepare
from config.launcher.up import Launch, Options
from config.listener import Listener
from config.sweeper import Stop, Sweeper
from mentions.models import Mention
from tests import servers
from tests.fixtures import Clock
from workflows.actions.onboarding import open_agency
from workflows.models import ClockEvent

HOUR = timedelta(hours=1)


@pytest.fixture
def house(committed: None) -> UUID:
    """An agency in which nothing else is due."""
    agency, _ = open_agency(
        name="N",
        time_zone="UTC",
        owner_email="ana@n.example",
        owner_name="Ana",
        now=the_clock.now(),
        invite=False,
    )
    Alarm.objects.all().delete()
    return agency.pk


@pytest.fixture
def rung() -> Iterator[list[tuple[UUID, datetime]]]:
    asked: list[tuple[UUID, datetime]] = []

    @on_alarm("test.ring")
    def handle(subjects: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
        asked.extend((subject, now) for subject in subjects)
        return {}

    yield asked
    del alarms._handlers["test.ring"]


def _set(house: UUID, ahead: timedelta, kind: str = "test.ring") -> UUID:
    subject = new_id()
    with tenant(house):
        set_alarm(kind, subject, the_clock.now() + ahead)
    return subject


@pytest.fixture
def sweeping(house: UUID) -> Iterator[Sweeper]:
    """One that is asked turn by turn."""
    with Stop() as stop:
        yield (one := Sweeper(stop=stop, listen_url=settings.LISTEN_URL))
        one._listener.close()


def _turns(one: Sweeper, seconds: float, until: Callable[[], object] = lambda: False) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not until():
        one._turn()


# Sleeping and waking --------------------------------------------------------------------------------------


def test_it_rings_at_the_moment_and_not_before(sweeping: Sweeper, house: UUID, rung: list[Any]) -> None:
    due = the_clock.now() + timedelta(milliseconds=437)
    with tenant(house):
        set_alarm("test.ring", subject := new_id(), due)
    _turns(sweeping, 3, lambda: rung)
    assert [one for one, _ in rung] == [subject]
    assert due <= rung[0][1] < due + timedelta(milliseconds=300)


def test_one_that_sleeps_is_called_for_what_is_due_sooner(
    sweeping: Sweeper, house: UUID, rung: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if it looked by itself only once in ten seconds."""
    monkeypatch.setattr(sweeper, "LOOK", timedelta(seconds=10))
    sweeping._listener.prepare()
    setting = threading.Timer(0.2, _elsewhere, [house])
    setting.start()
    begun = time.monotonic()
    _turns(sweeping, 9, lambda: rung)
    assert len(rung) == 1
    assert time.monotonic() - begun < 4
    setting.join()


def _elsewhere(house: UUID) -> None:
    try:
        _set(house, timedelta(milliseconds=50))
    finally:
        connection.close()


@pytest.mark.parametrize("ahead", [HOUR, timedelta(minutes=30)])
def test_a_clock_that_is_set_forward_makes_nothing_wait(
    sweeping: Sweeper, house: UUID, rung: list[Any], monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    """It fell asleep for half an hour or more, and a second later that time is over."""
    jumps = _set_the_clock(monkeypatch)
    _set(house, ahead)
    _turns(sweeping, 0.2)
    assert rung == []
    jumps.append(HOUR)
    _turns(sweeping, 1, lambda: rung)
    assert len(rung) == 1


def test_a_clock_that_is_set_back_makes_nothing_early_and_nothing_twice(
    sweeping: Sweeper, house: UUID, rung: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = _set_the_clock(monkeypatch)
    first, second = _set(house, timedelta(0)), _set(house, timedelta(milliseconds=300))
    _turns(sweeping, 1, lambda: rung)
    assert [subject for subject, _ in rung] == [first]
    jumps.append(-HOUR)
    _turns(sweeping, 0.6)
    assert [subject for subject, _ in rung] == [first]
    jumps.append(timedelta(0))
    _turns(sweeping, 1, lambda: len(rung) == 2)
    assert [subject for subject, _ in rung] == [first, second]


def _set_the_clock(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """The database's clock, off by the last of these; a sweeper that takes slices of a twentieth of a second."""
    jumps = [timedelta(0)]

    def looked() -> tuple[datetime, datetime | None]:
        now, due_at = next_due()
        return now + jumps[-1], due_at

    monkeypatch.setattr(sweeper, "next_due", looked)
    monkeypatch.setattr(sweeper, "LOOK", timedelta(milliseconds=50))
    return jumps


def test_what_somebody_else_holds_is_looked_at_ever_more_rarely(
    sweeping: Sweeper, house: UUID, rung: list[Any]
) -> None:
    _set(house, timedelta(0))
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("SELECT * FROM agency_alarm FOR UPDATE")
        looks = 0
        begun = time.monotonic()
        while time.monotonic() - begun < 0.7:
            sweeping._turn()
            looks += 1
        assert rung == []
        assert looks < 8
    _turns(sweeping, 1, lambda: rung)
    assert len(rung) == 1


def test_what_rang_late_is_said_once(sweeping: Sweeper, house: UUID, rung: list[Any]) -> None:
    for late in (3, 2):
        _set(house, timedelta(seconds=-late))
    with capture_logs() as lines:
        _turns(sweeping, 1, lambda: len(rung) == 2)
        _set(house, timedelta(seconds=-60))
        _turns(sweeping, 1, lambda: len(rung) == 3)
    assert [(line["event"], line["log_level"]) for line in lines] == [("alarms rang late", "warning")]
    assert lines[0]["seconds"] >= 3


def test_a_clock_that_jumps_about_fires_each_step_of_a_promise_once_and_none_early(
    mention: Mention, clock: Clock
) -> None:
    """As several sweepers see it whose database was set forth and back; in the end, all that was due has fired."""
    begun = clock.now
    for hours in (0, 1, 0, 2, 1, -1, 5, 4, 3, 48, 47, 49):
        sweep(now=begun + timedelta(hours=hours))
    with tenant(mention.agency_id):
        lines = list(
            ClockEvent.objects.filter(kind="fire").values_list("clock_id", "step", "at", "recorded_at")
        )
    assert len(lines) == len({(clock_id, step) for clock_id, step, _, _ in lines}) == 2 * 4
    assert [line for line in lines if line[3] < line[2] or (line[1] == "breach" and line[3] == line[2])] == []


# Listening ------------------------------------------------------------------------------------------------


def _ears(address: str) -> Listener:
    return Listener(address, CHANNEL, notify=sweeper._notify)


def test_where_nothing_arrives_it_says_so_once_and_looks_more_often(
    house: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a pooler: here by listening in another database, whose notices aren't ours."""
    monkeypatch.setattr(listener, "TRIAL_SECONDS", 0.1)
    monkeypatch.setattr(listener, "AGAIN_FIRST", 0.0)
    monkeypatch.setattr(listener, "AGAIN_LAST", 0.0)
    elsewhere = servers.at(os.environ["DATABASE_URL"], "earshot")
    with capture_logs() as lines:
        deaf = _ears(elsewhere)
        deaf.prepare()
        deaf.prepare()
    assert not deaf.hears
    assert [(line["log_level"], "didn't arrive" in line["reason"]) for line in lines] == [("warning", True)]


def test_a_connection_that_was_lost_is_made_again(house: UUID) -> None:
    ears = _ears(settings.LISTEN_URL)
    ears.prepare()
    assert ears.hears
    _end_sessions("query LIKE 'LISTEN%%'")
    with capture_logs() as lines:
        deadline = time.monotonic() + 5
        while ears.hears and time.monotonic() < deadline:
            ears.heard()
        ears.prepare()
    assert ears.hears
    assert lines == []  # where the whole database is away that is said, and once
    ears.close()


@pytest.mark.parametrize("address", ["", "postgresql://nobody:wrong@127.0.0.1:1/nowhere"])
def test_without_an_address_that_works_it_sweeps_all_the_same(
    house: UUID, rung: list[Any], address: str
) -> None:
    with Stop() as stop:
        deaf = Sweeper(stop=stop, listen_url=address)
        _set(house, timedelta(milliseconds=100))
        _turns(deaf, 2, lambda: rung)
    assert len(rung) == 1


def _end_sessions(which: str) -> None:
    with psycopg.connect(os.environ["EARSHOT_TEST_SUPERUSER"], autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = %s AND pid <> pg_backend_pid() AND {which}",
            [connection.settings_dict["NAME"]],
        )


# The process ----------------------------------------------------------------------------------------------


@pytest.mark.waits
def test_the_process_outlives_its_database_and_ends_when_asked(house: UUID, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "EARSHOT_LOG_LEVEL": "INFO",
        # A broker that is away: what needs none goes on.
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        child = Child(commands.sweeper(), env=environment, cwd=commands.ROOT, output=output)
    try:
        _await_rung(_set(house, timedelta(0), "search.fill"), 60)
        connection.close()
        _end_sessions("true")
        late = _await_rung(_set(house, timedelta(milliseconds=100), "search.fill"), 15)
        for _ in range(3):
            late = min(late, _await_rung(_set(house, timedelta(milliseconds=200), "search.fill"), 15))
        begun = time.monotonic()
        child.send(signal.SIGTERM)
        while (code := child.poll()) is None and time.monotonic() - begun < 5:
            time.sleep(0.02)
    finally:
        child.stop()
    said = log.read_text()
    assert code == 0, said
    assert late < 1, said
    for event in ("sweeper started", "database away, waiting for it", "database back", "sweeper stopped"):
        assert said.count(event) == 1, said


def _await_rung(subject: UUID, patience: float) -> float:
    """Seconds from now."""
    begun = time.monotonic()
    while Alarm.objects.filter(subject_id=subject).exists():
        assert time.monotonic() - begun < patience, "it didn't ring"
        time.sleep(0.02)
    return time.monotonic() - begun


def test_up_runs_one_beside_the_workers_and_the_tick(tmp_path: Path) -> None:
    kept: list[str] = []

    class Recorder:
        def keep(self, name: str, start: Callable[[], Child]) -> None:
            kept.append(name)

    launch = Launch(Options(), prepare(tmp_path / "data"), Recorder(), Secrets())
    launch._work({})
    assert kept == ["worker", "collector", "sweeper", "beat"]
    assert commands.sweeper()[-1] == "sweeper"
