"""Sweepers that sleep are called for what is due soon, and only for that; on a database that really commits."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from django.db import connections, transaction

from agency import clock as the_clock
from agency.actions.alarms import CHANNEL, set_alarm, set_alarms, sweep
from agency.ids import new_id
from agency.models import Alarm
from agency.tenancy import tenant
from workflows.actions.onboarding import open_agency

pytestmark = pytest.mark.usefixtures("committed")
KIND = "search.fill"  # what is unknown to it is forgotten
Heard = Callable[[], list[str]]


@pytest.fixture
def house(committed: None) -> UUID:
    agency, _ = open_agency(
        name="N",
        time_zone="UTC",
        owner_email="ana@n.example",
        owner_name="Ana",
        now=the_clock.now(),
        invite=False,
    )
    return agency.pk


@pytest.fixture
def heard(house: UUID) -> Iterator[Heard]:
    """What was notified since the last call."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as ears:
        ears.execute(f"LISTEN {CHANNEL}")

        def listen() -> list[str]:
            ears.execute("SELECT 1")
            return [notice.payload for notice in ears.notifies(timeout=0.05)]

        listen()
        yield listen


def test_what_is_due_soon_calls_with_its_time_and_nothing_else(heard: Heard, house: UUID) -> None:
    now = the_clock.now()
    soon = now + timedelta(milliseconds=700)
    with tenant(house):
        set_alarms(KIND, {new_id(): soon, new_id(): now + timedelta(hours=1)})
    assert [float(text) for text in heard()] == [soon.timestamp()]


@pytest.mark.parametrize(("ahead", "wake"), [(timedelta(minutes=1), True), (timedelta(0), False)])
def test_what_a_sweeper_sees_in_time_by_itself_calls_nobody(
    heard: Heard, house: UUID, ahead: timedelta, wake: bool
) -> None:
    """Transactions that notify commit one after the other, so few should."""
    with tenant(house):
        set_alarm(KIND, new_id(), the_clock.now() + ahead, wake=wake)
    assert heard() == []


def test_nobody_is_called_for_what_is_rolled_back(heard: Heard, house: UUID) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        with tenant(house):
            set_alarm(KIND, new_id(), the_clock.now())
        raise RuntimeError
    assert heard() == []


def test_an_alarm_that_somebody_is_just_moving_is_neither_waited_for_nor_rung(house: UUID) -> None:
    """It is due for whoever looks, and later for whoever moves it: the mover wins."""
    subject, now = new_id(), the_clock.now()
    later = now + timedelta(hours=1)
    with tenant(house):
        set_alarm(KIND, subject, now)

    def swept() -> tuple[int, float]:
        begun = time.monotonic()
        try:
            return sweep(now=now + timedelta(minutes=1)).fired, time.monotonic() - begun
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with tenant(house):
            set_alarm(KIND, subject, later)
            fired, taken = pool.submit(swept).result(10)
    assert fired == 0
    assert taken < 3
    assert sweep(now=now + timedelta(minutes=1)).fired == 0
    assert _due(subject) == later


def _due(subject: UUID) -> datetime:
    due_at: datetime = Alarm.objects.get(subject_id=subject).due_at
    return due_at
