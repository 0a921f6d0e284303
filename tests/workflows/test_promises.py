"""A change of what is promised reaches the clocks that run: in batches, once, whoever else is moving them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client as Browser

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.models import Alarm
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.policies import return_to_default, set_sla_policy
from clients.models import Client, PromiseSpread
from clients.queries.policies import progress_of
from clients.terms import Key, Within
from clients.words import ClockKind, HoursOf, Priority
from mentions.models import Mention
from tests.fixtures import FRIDAY_EVENING, Clock, _open
from tests.making import make_mention
from tests.pages import words
from workflows.actions import promises as spreading
from workflows.actions.moves import dismiss_mention, set_priority
from workflows.actions.promises import spread_promises
from workflows.actions.transition import lock_mention
from workflows.models import Clock as ClockRow
from workflows.models import ClockEvent

MINUTE = timedelta(minutes=1)
CLAIM: Key = (Priority.NORMAL, ClockKind.CLAIM)
RESPOND: Key = (Priority.NORMAL, ClockKind.RESPOND)


def _clock(mention: Mention, kind: str) -> ClockRow:
    row: ClockRow = ClockRow.objects.get(mention=mention, kind=kind)
    return row


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of two mentions."""
    monkeypatch.setattr(spreading, "BATCH", 2)


def test_open_clocks_are_due_by_the_new_promise_after_the_next_sweep(
    mention: Mention, ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    began = clock.now
    clock.advance(minutes=30)
    set_sla_policy(client=brand, targets={CLAIM: 45 * MINUTE, RESPOND: 600 * MINUTE}, by=ana, now=clock.now)
    assert _clock(mention, "claim").due_at == began + 120 * MINUTE
    sweep(now=clock.now)
    claim, respond = _clock(mention, "claim"), _clock(mention, "respond")
    assert (claim.due_at, respond.due_at) == (began + 45 * MINUTE, began + 600 * MINUTE)
    assert claim.policy.client_id == brand.pk
    assert Mention.objects.get().due_at == began + 45 * MINUTE
    assert Alarm.objects.get(kind="clock.due", subject_id=claim.pk).due_at == claim.next_fire_at


def test_a_tightened_target_that_is_used_up_leaves_grace_and_is_no_breach(
    mention: Mention, ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    clock.advance(minutes=100)
    set_sla_policy(client=brand, targets={CLAIM: 10 * MINUTE}, by=ana, now=clock.now)
    sweep(now=clock.now)
    claim = _clock(mention, "claim")
    assert (claim.due_at, claim.inherited, claim.breached_at) == (clock.now + 5 * MINUTE, True, None)
    sweep(now=clock.advance(minutes=6))
    assert _clock(mention, "claim").breached_at == clock.now - MINUTE


def test_a_loosened_target_never_takes_a_breach_back(
    mention: Mention, ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    due = clock.now + 120 * MINUTE
    sweep(now=clock.advance(minutes=121))
    set_sla_policy(client=brand, targets={CLAIM: 600 * MINUTE}, by=ana, now=clock.now)
    sweep(now=clock.now)
    claim = _clock(mention, "claim")
    assert (claim.breached_at, claim.target) == (due, 600 * MINUTE)
    assert Mention.objects.get().breached
    assert ClockEvent.objects.filter(clock=claim, step="breach").count() == 1


def test_a_breach_that_nobody_saw_yet_is_one_before_the_change(
    mention: Mention, ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    due = clock.now + 120 * MINUTE
    clock.advance(minutes=121)
    set_sla_policy(client=brand, targets={CLAIM: 600 * MINUTE}, by=ana, now=clock.now)
    spread_promises([brand.pk], clock.now)
    assert _clock(mention, "claim").breached_at == due


def test_a_client_that_goes_back_to_the_default_has_its_times(
    ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    set_sla_policy(client=brand, targets={CLAIM: 7 * MINUTE}, by=ana, now=clock.now)
    mention = make_mention(brand, now=clock.now)
    began = clock.now
    return_to_default(brand, by=ana, now=clock.advance(minutes=1))
    sweep(now=clock.now)
    claim = _clock(mention, "claim")
    assert (claim.due_at, claim.policy.client_id) == (began + 120 * MINUTE, None)
    assert claim.match.startswith("agency:")


def test_the_default_moves_those_who_have_it_and_no_others(
    ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    other = create_client(name="Acorn", time_zone="UTC", language="en", by=ana, now=clock.now)
    set_sla_policy(client=other, targets={CLAIM: 50 * MINUTE}, by=ana, now=clock.now)
    ours, theirs = make_mention(brand, now=clock.now), make_mention(other, now=clock.now)
    lines = ClockEvent.objects.filter(clock__mention=theirs).count()
    set_sla_policy(client=None, targets={CLAIM: 20 * MINUTE}, by=ana, now=clock.now)
    sweep(now=clock.now)
    assert [_clock(m, "claim").due_at for m in (ours, theirs)] == [
        clock.now + 20 * MINUTE,
        clock.now + 50 * MINUTE,
    ]
    assert ClockEvent.objects.filter(clock__mention=theirs).count() == lines


def test_it_goes_batch_by_batch_and_says_how_far_it_is(
    small: None, ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    mentions = [make_mention(brand, now=clock.now) for _ in range(5)]
    set_sla_policy(client=brand, targets={CLAIM: 9 * MINUTE}, by=ana, now=clock.now)
    seen = []
    for _ in range(6):
        on = progress_of(brand)
        seen.append((on.moved, on.total) if on else None)
        upcoming = spread_promises([brand.pk], clock.now)[brand.pk]
    assert seen == [(0, None), (4, 10), (8, 10), (10, 10), None, None]
    assert upcoming is None or upcoming >= clock.now
    assert {_clock(m, "claim").target for m in mentions} == {9 * MINUTE}


def test_a_second_pass_changes_nothing(
    mention: Mention, ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    set_sla_policy(client=brand, targets={CLAIM: 9 * MINUTE}, by=ana, now=clock.now)
    sweep(now=clock.now)
    before = list(ClockRow.objects.order_by("id").values())
    PromiseSpread.objects.update(finished_at=None, settled_at=None, after=None, total=None, moved=0)
    while spread_promises([brand.pk], clock.now)[brand.pk] == clock.now:
        pass
    assert list(ClockRow.objects.order_by("id").values()) == before
    assert ClockEvent.objects.filter(kind="retarget").count() == 1


def test_another_change_meanwhile_begins_the_pass_again(
    small: None, ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    mentions = [make_mention(brand, now=clock.now) for _ in range(4)]
    set_sla_policy(client=brand, targets={CLAIM: 9 * MINUTE}, by=ana, now=clock.now)
    spread_promises([brand.pk], clock.now)
    set_sla_policy(client=brand, targets={CLAIM: 8 * MINUTE}, by=ana, now=clock.now)
    sweep(now=clock.now)
    assert {_clock(m, "claim").target for m in mentions} == {8 * MINUTE}
    assert progress_of(brand) is None


def test_a_last_look_finds_what_was_committed_after_the_pass(
    ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    set_sla_policy(client=brand, targets={CLAIM: 9 * MINUTE}, by=ana, now=clock.now)
    sweep(now=clock.now)
    # As a collector leaves it that read the promises just before they changed.
    late = make_mention(brand, now=clock.now)
    ClockRow.objects.filter(mention=late).update(target=120 * MINUTE)
    sweep(now=clock.advance(minutes=1))
    assert _clock(late, "claim").target == 9 * MINUTE
    assert not Alarm.objects.filter(kind="promises.spread").exists()


def test_a_mention_that_was_closed_meanwhile_is_left_alone(
    small: None, ben: Actor, ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    mentions = [make_mention(brand, now=clock.now) for _ in range(3)]
    set_sla_policy(client=brand, targets={CLAIM: 9 * MINUTE}, by=ana, now=clock.now)
    spread_promises([brand.pk], clock.now)
    PromiseSpread.objects.update(held=[mentions[2].pk])
    dismiss_mention(mentions[2].pk, reason="spam", by=ben, seen=1, now=clock.now)
    sweep(now=clock.now)
    assert progress_of(brand) is None
    assert _clock(mentions[2], "claim").target == 120 * MINUTE


def test_a_change_of_priority_meanwhile_runs_under_the_new_promise(
    mention: Mention, ben: Actor, ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    hours = {(Priority.HIGH, ClockKind.CLAIM): Within(HoursOf.ALWAYS)}
    set_sla_policy(client=brand, targets={}, hours=hours, by=ana, now=clock.now)
    set_priority(mention.pk, priority="high", by=ben, seen=1, now=clock.now)
    assert _clock(mention, "claim").match == "client:always"


def test_the_page_says_that_clocks_are_being_moved(
    mention: Mention, mara: Actor, brand: Client, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    with tenant(brand.agency_id):
        set_sla_policy(client=brand, targets={CLAIM: 9 * MINUTE}, by=mara, now=clock.now)
        PromiseSpread.objects.update(total=2400, moved=1200)
    browser, address = page(mara), f"/clients/{brand.pk}/promises/"
    assert "1200 of 2400 clocks moved" in words(browser.get(address), ".notice").replace(",", "")
    sweep(now=clock.now)
    assert "clocks moved" not in words(browser.get(address))


# With connections of their own ----------------------------------------------------------------------------


@pytest.fixture
def house(committed: None) -> tuple[Actor, Client, list[UUID]]:
    _, ana = _open("Northlight", "ana@northlight.example", "Ana", FRIDAY_EVENING)
    with tenant(ana.agency_id):
        brand = create_client(name="Brightwater", time_zone="UTC", language="en", by=ana, now=FRIDAY_EVENING)
        mentions = [make_mention(brand, now=FRIDAY_EVENING).pk for _ in range(9)]
    return ana, brand, mentions


def _swept(now: Any) -> int:
    try:
        return sweep(now=now).failed
    finally:
        connections.close_all()


def _targets(agency_id: UUID) -> list[timedelta]:
    with tenant(agency_id):
        return list(ClockRow.objects.filter(kind="claim").values_list("target", flat=True))


def test_two_at_once_move_each_clock_once(house: tuple[Actor, Client, list[UUID]], small: None) -> None:
    ana, brand, mentions = house
    with tenant(ana.agency_id):
        set_sla_policy(client=brand, targets={CLAIM: 9 * MINUTE}, by=ana, now=FRIDAY_EVENING)
        set_sla_policy(client=None, targets={CLAIM: 8 * MINUTE}, by=ana, now=FRIDAY_EVENING)
    start = Barrier(3)

    def work(subject: UUID) -> None:
        try:
            start.wait(10)
            for _ in range(8):
                with tenant(ana.agency_id):
                    spread_promises([subject], FRIDAY_EVENING)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, (brand.pk, brand.pk, ana.agency_id)))
    for seconds in range(3):
        assert _swept(FRIDAY_EVENING + timedelta(seconds=seconds)) == 0
    assert _targets(ana.agency_id) == [9 * MINUTE] * 9
    with tenant(ana.agency_id):
        assert ClockEvent.objects.filter(kind="retarget").count() == len(mentions)
        assert not PromiseSpread.objects.filter(finished_at=None).exists()


def test_a_mention_that_somebody_holds_is_looked_at_again(
    house: tuple[Actor, Client, list[UUID]], small: None
) -> None:
    ana, brand, mentions = house
    with tenant(ana.agency_id):
        set_sla_policy(client=brand, targets={CLAIM: 9 * MINUTE}, by=ana, now=FRIDAY_EVENING)
    with ThreadPoolExecutor(1) as pool:
        with tenant(ana.agency_id):
            lock_mention(mentions[3], seen=None, now=FRIDAY_EVENING)
            assert pool.submit(_swept, FRIDAY_EVENING).result(20) == 0
    assert sorted(_targets(ana.agency_id)) == [9 * MINUTE] * 8 + [120 * MINUTE]
    with tenant(ana.agency_id):
        assert PromiseSpread.objects.get(client=brand).held == [mentions[3]]
    assert _swept(FRIDAY_EVENING + timedelta(seconds=1)) == 0
    assert _targets(ana.agency_id) == [9 * MINUTE] * 9


def test_who_saves_while_a_batch_is_moved_waits_and_is_followed(
    house: tuple[Actor, Client, list[UUID]], small: None
) -> None:
    """The sweeper holds the alarm and clocks, the editor the policy: neither must wait for the other for ever."""
    ana, brand, _ = house

    def save(minutes: int) -> None:
        try:
            with tenant(ana.agency_id):
                set_sla_policy(client=brand, targets={CLAIM: minutes * MINUTE}, by=ana, now=FRIDAY_EVENING)
        finally:
            connections.close_all()

    save(30)
    with ThreadPoolExecutor(3) as pool:
        done = [
            *(pool.submit(save, minutes) for minutes in (29, 28)),
            pool.submit(_swept, FRIDAY_EVENING),
            pool.submit(save, 27),
            pool.submit(_swept, FRIDAY_EVENING),
        ]
        assert [d.result(30) for d in done][2::2] == [0, 0]
    for seconds in range(3):
        assert _swept(FRIDAY_EVENING + timedelta(seconds=seconds)) == 0
    assert len(set(_targets(ana.agency_id))) == 1
