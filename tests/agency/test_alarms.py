"""Alarms fire once, in time, whatever else fails."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection

from agency.actions import alarms
from agency.actions.alarms import (
    BATCH,
    Turns,
    clear_alarms,
    next_due,
    on_alarm,
    set_alarm,
    set_alarms,
    sweep,
)
from agency.actor import Actor
from agency.errors import Conflict
from agency.ids import new_id
from agency.models import Agency, Alarm
from agency.tenancy import current_agency, tenant
from tests.fixtures import Clock

Rung = list[tuple[UUID, UUID, datetime]]


@pytest.fixture
def rung() -> Iterator[Rung]:
    """What the handler of the kind “test.ring” was asked, in order."""
    asked: Rung = []

    @on_alarm("test.ring")
    def handle(subjects: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
        for subject in subjects:
            if subject.int == 13:
                raise Conflict("unlucky")
            asked.append((current_agency(), subject, now))
        return {subject: now + timedelta(hours=1) for subject in subjects if subject.int == 2}

    yield asked
    del alarms._handlers["test.ring"]


def _due() -> dict[UUID, datetime]:
    return dict(Alarm.objects.filter(kind="test.ring").values_list("subject_id", "due_at"))


def test_what_is_due_rings_and_what_is_not_waits(rung: Rung, ana: Actor, clock: Clock) -> None:
    one, later = new_id(), new_id()
    with tenant(ana.agency_id):
        set_alarms("test.ring", {one: clock.now, later: clock.now + timedelta(microseconds=1)})
    sweep(now=clock.now)
    assert rung == [(ana.agency_id, one, clock.now)]
    assert set(_due()) == {later}


def test_a_handler_can_ask_to_be_woken_again(rung: Rung, ana: Actor, clock: Clock) -> None:
    with tenant(ana.agency_id):
        set_alarm("test.ring", UUID(int=2), clock.now)
    sweep(now=clock.now)
    assert _due() == {UUID(int=2): clock.now + timedelta(hours=1)}


def test_each_agency_is_entered_for_its_own_alarms(rung: Rung, ana: Actor, cleo: Actor, clock: Clock) -> None:
    subjects = {actor.agency_id: new_id() for actor in (ana, cleo)}
    for agency_id, subject in subjects.items():
        with tenant(agency_id):
            set_alarm("test.ring", subject, clock.now)
    sweep(now=clock.now)
    assert {(agency_id, subject) for agency_id, subject, _ in rung} == set(subjects.items())


def test_one_that_fails_keeps_nobody_waiting_and_is_tried_ever_more_rarely(
    rung: Rung, ana: Actor, clock: Clock
) -> None:
    good, bad = new_id(), UUID(int=13)
    with tenant(ana.agency_id):
        set_alarms("test.ring", {bad: clock.now, good: clock.now})
    swept = sweep(now=clock.now)
    assert (swept.fired, swept.failed, [subject for _, subject, _ in rung]) == (1, 1, [good])
    failed = Alarm.objects.get(subject_id=bad)
    assert (failed.failures, failed.last_error, failed.due_at) == (
        1,
        "conflict",
        clock.now + timedelta(seconds=5),
    )
    sweep(now=clock.advance(seconds=5))
    failed.refresh_from_db()
    assert (failed.failures, failed.due_at) == (2, clock.now + timedelta(seconds=10))


def test_setting_an_alarm_again_replaces_it(rung: Rung, ana: Actor, clock: Clock) -> None:
    subject = new_id()
    with tenant(ana.agency_id):
        set_alarm("test.ring", subject, clock.now)
        set_alarm("test.ring", subject, clock.now + timedelta(minutes=1))
    assert sweep(now=clock.now).fired == 0
    with tenant(ana.agency_id):
        clear_alarms("test.ring", [subject])
    assert _due() == {}


def test_a_kind_that_this_process_does_not_know_is_left_for_others(ana: Actor, clock: Clock) -> None:
    with tenant(ana.agency_id):
        set_alarm("test.unknown", new_id(), clock.now)
    assert sweep(now=clock.now).fired == 0
    assert Alarm.objects.filter(kind="test.unknown").count() == 1


def test_the_bad_ones_among_many_are_found_and_all_others_ring(rung: Rung, ana: Actor, clock: Clock) -> None:
    good, bad = [new_id() for _ in range(99)], UUID(int=13)
    with tenant(ana.agency_id):
        set_alarms("test.ring", dict.fromkeys([*good, bad], clock.now))
    swept = sweep(now=clock.now)
    assert (swept.fired, swept.failed) == (99, 1)
    assert sorted(subject for _, subject, _ in rung if subject in good) == sorted(good)
    assert set(_due()) == {bad}


def test_a_flood_of_one_agency_keeps_nobody_else_waiting(
    rung: Rung, ana: Actor, cleo: Actor, clock: Clock
) -> None:
    """Also not where the flood is of alarms that were due long before."""
    with tenant(ana.agency_id):
        set_alarms("test.ring", {new_id(): clock.now - timedelta(hours=1) for _ in range(3 * BATCH)})
    with tenant(cleo.agency_id):
        set_alarm("test.ring", new_id(), clock.now)
    turns, rang = Turns(), []
    while sweep(now=clock.now, limit=1, turns=turns).fired:
        rang.append((len(rung), rung[-1][0]))
    assert rang == [
        (BATCH, ana.agency_id),
        (BATCH + 1, cleo.agency_id),
        (2 * BATCH + 1, ana.agency_id),
        (3 * BATCH + 1, ana.agency_id),
    ]


def test_what_is_due_next_is_what_this_process_would_ring_for(
    rung: Rung, ana: Actor, cleo: Actor, clock: Clock
) -> None:
    """Else it would wake for it again and again, and do nothing."""
    soon = clock.now + timedelta(seconds=1)
    with tenant(ana.agency_id):
        set_alarm("test.unknown", new_id(), clock.now)
    with tenant(cleo.agency_id):
        set_alarm("test.ring", new_id(), clock.now)
    Alarm.objects.exclude(kind__startswith="test.").delete()
    Agency.objects.filter(pk=cleo.agency_id).update(erasing_at=clock.now)
    assert next_due()[1] is None
    with tenant(ana.agency_id):
        set_alarm("test.ring", new_id(), soon)
    assert next_due()[1] == soon


def test_a_batch_waits_for_no_lock_and_no_statement_for_ever(rung: Rung, ana: Actor, clock: Clock) -> None:
    with tenant(ana.agency_id):
        set_alarm("test.ring", new_id(), clock.now)
    sweep(now=clock.now)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'),"
            " current_setting('idle_in_transaction_session_timeout')"
        )
        assert cursor.fetchone() == ("5s", "1min", "1min")
