"""The numbers of events: dense, in the order of commits, and never missed by who reads on from the last."""

import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from uuid import UUID

import psycopg
import pytest
from django.db import connection, connections, transaction

from agency.actions.audit import record
from agency.actions.events import emit, emit_many, make_event
from agency.actions.feed import note_gone
from agency.actions.webhooks.endpoints import add_endpoint, delete_endpoint
from agency.actor import Actor, system
from agency.models import Agency, AuditChain, Event, FeedPlace, WebhookDelivery, WebhookEndpoint
from agency.queries.feed import EventsGone, Wanted, feed_head, feed_heads, numbers_of, read_feed
from agency.rights import Right
from agency.tenancy import tenant
from tests.fixtures import FRIDAY_EVENING as NOW
from workflows.actions.onboarding import open_agency

ALL = Wanted()


@pytest.fixture
def home(committed: None) -> Actor:
    """An agency that is really there, for several connections."""
    agency, _ = open_agency(
        name="Northlight",
        time_zone="UTC",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=NOW,
        invite=False,
    )
    return system(agency.pk)


def _read(by: Actor, after: int | None = None, limit: int = 200) -> list[int]:
    with tenant(by.agency_id):
        return [number for number, _ in read_feed(after=after, wanted=ALL, limit=limit, by=by).events]


def _tell(by: Actor, note: str) -> None:
    emit("client.changed", subject=Agency.objects.get(pk=by.agency_id), now=NOW, data={"changed": [note]})


Plan = list[tuple[int, bool, float]]


def _write(home: Actor, writer: int, plan: Plan) -> list[str]:
    """Transactions that tell some events each, slowly, of which some are given up. Returns the names that stand."""
    stand: list[str] = []
    for turn, (events, gives_up, pause) in enumerate(plan):
        names = [f"{writer}.{turn}.{n}" for n in range(events)]
        with suppress(TimeoutError), tenant(home.agency_id):
            for name in names:
                _tell(home, name)
                time.sleep(pause)  # ids of others are made meanwhile
            if turn % 3 == writer % 3:
                record("client.changed", by=home, subject=Agency.objects.get(pk=home.agency_id), now=NOW)
            if gives_up:
                raise TimeoutError
        stand += [] if gives_up else names
    connections.close_all()
    return stand


def _follow(home: Actor, start: int, done: threading.Event) -> list[tuple[int, str]]:
    """Read on from the last number, again and again, until nothing more can come."""
    seen, after = [], start
    while True:
        over = done.is_set()
        with tenant(home.agency_id, read_only=True):
            page = read_feed(after=after, wanted=ALL, limit=7, by=home)
        seen += [(number, event.data["changed"][0]) for number, event in page.events]
        after = page.last
        if over and not page.more:
            connections.close_all()
            return seen


def test_whoever_reads_on_misses_nothing_while_others_commit_in_any_order(home: Actor) -> None:
    rolls = random.Random(20260306)  # noqa: S311
    plans: list[Plan] = [
        [(rolls.randrange(1, 4), rolls.random() < 0.2, rolls.random() * 0.004) for _ in range(12)]
        for _ in range(8)
    ]
    with tenant(home.agency_id):
        start = feed_head().last
    done = threading.Event()
    with ThreadPoolExecutor(10) as pool:
        readers = [pool.submit(_follow, home, start, done) for _ in range(2)]
        writers = [pool.submit(_write, home, writer, plan) for writer, plan in enumerate(plans)]
        stand = [name for writer in writers for name in writer.result()]
        done.set()
        seen, again = (reader.result() for reader in readers)
    assert seen == again
    assert [number for number, _ in seen] == list(range(start + 1, start + 1 + len(stand)))
    order = [name for _, name in seen]
    assert sorted(order) == sorted(stand)
    # One transaction's events stand together, and in the order in which they were told.
    for together in {name.rpartition(".")[0] for name in order}:
        places = [place for place, name in enumerate(order) if name.startswith(f"{together}.")]
        assert places == list(range(places[0], places[0] + len(places)))
        assert [order[place] for place in places] == [f"{together}.{n}" for n in range(len(places))]


@pytest.mark.parametrize("deletes_first", [False, True])
def test_a_webhook_that_is_deleted_spoils_nobody_the_event_that_they_write(
    home: Actor, deletes_first: bool
) -> None:
    by = replace(home, rights=frozenset({Right.KEYS}))
    with tenant(home.agency_id):
        endpoint, _ = add_endpoint(
            name="Warehouse", url="https://hooks.example.com/9f2c", types=[], clients=None, by=by, now=NOW
        )
    begun = threading.Event()

    def write() -> None:
        _tell(home, "told")

    def delete() -> None:
        delete_endpoint(endpoint, by=by, now=NOW)

    def run(act: Callable[[], None], pause: float) -> None:
        with tenant(home.agency_id):
            act()
            begun.set()
            time.sleep(pause)  # the other waits, or not, but neither fails
        connections.close_all()

    first, second = (delete, write) if deletes_first else (write, delete)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(run, first, 0.3)
        assert begun.wait(10)
        two = pool.submit(run, second, 0.0)
        one.result()
        two.result()
    with tenant(home.agency_id):
        assert (WebhookEndpoint.objects.count(), WebhookDelivery.objects.count()) == (0, 0)
        assert Event.objects.filter(data={"changed": ["told"]}).count() == 1


def test_who_commits_first_has_the_lower_number_though_its_event_was_made_later(home: Actor) -> None:
    early_made, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with tenant(home.agency_id):
            _tell(home, "made first")
            early_made.set()
            may_commit.wait(10)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(slow)
        early_made.wait(10)
        before = _read(home)[-1]
        with tenant(home.agency_id):
            _tell(home, "committed first")
        assert _read(home, before) == [before + 1]
        may_commit.set()
        waiting.result()
    with tenant(home.agency_id):
        page = read_feed(after=before + 1, wanted=ALL, limit=5, by=home)
    assert [(number, event.data["changed"]) for number, event in page.events] == [
        (before + 2, ["made first"])
    ]


def test_whether_the_log_or_the_event_comes_first_nobody_waits_for_ever(home: Actor) -> None:
    """Two heads taken in two orders would deadlock; PostgreSQL then ends one of them after a second."""
    agency = Agency.objects.get(pk=home.agency_id)

    def write(writer: int) -> None:
        for _ in range(15):
            with tenant(home.agency_id):
                steps = [
                    lambda: record("client.changed", by=home, subject=agency, now=NOW),
                    lambda: _tell(home, "x"),
                ]
                for step in steps if writer % 2 else reversed(steps):
                    step()
        connections.close_all()

    before = len(_read(home))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    assert _read(home) == list(range(1, before + 6 * 15 + 1))
    with tenant(home.agency_id):
        assert AuditChain.objects.get().events == before + 90


def test_a_thousand_events_of_one_transaction_move_the_head_once(home: Actor) -> None:
    with tenant(home.agency_id):
        before = feed_head().last
        agency = Agency.objects.get(pk=home.agency_id)
        events = [
            make_event("client.changed", subject=agency, now=NOW, data={"changed": [str(n)]})
            for n in range(1000)
        ]
        emit_many(events)
        with transaction.atomic():
            _tell(home, "given up")
            transaction.set_rollback(True)
    with tenant(home.agency_id):
        numbers = numbers_of([event.pk for event in events])
        assert [numbers[event.pk] for event in events] == list(range(before + 1, before + 1001))
    with psycopg.connect(os.environ["EARSHOT_TEST_OWN_URL"]) as owner:
        row = owner.execute("SELECT min(number), count(*) FROM agency_feedplace").fetchone()
        assert row == (1, before + 1000)


def test_erased_events_leave_gaps_and_aged_ones_are_told_of(home: Actor) -> None:
    with tenant(home.agency_id):
        for n in range(10):
            _tell(home, str(n))
    first, *rest = _read(home)[-10:]
    with tenant(home.agency_id):
        Event.objects.filter(pk__in=FeedPlace.objects.filter(number__in=rest[2:4]).values("pk")).delete()
    assert _read(home, first) == rest[:2] + rest[4:]
    with tenant(home.agency_id):
        aged = list(FeedPlace.objects.filter(number__lte=rest[4]).values_list("pk", flat=True))
        note_gone(aged)
        Event.objects.filter(pk__in=aged).delete()
    with pytest.raises(EventsGone, match=f"after={rest[4]}"):
        _read(home, rest[1])
    assert _read(home, rest[4]) == _read(home) == rest[5:]
    with pytest.raises(EventsGone, match="restored from a backup"):
        _read(home, rest[-1] + 1)
    with tenant(home.agency_id):
        assert FeedPlace.objects.count() == Event.objects.count() == 4


def test_the_heads_of_many_are_one_question_asked_in_no_agency(home: Actor) -> None:
    other, _ = open_agency(
        name="Southdown",
        time_zone="UTC",
        owner_email="cleo@southdown.example",
        owner_name="Cleo",
        now=NOW,
        invite=False,
    )
    stranger = UUID(int=0)
    heads = feed_heads([home.agency_id, stranger])
    assert heads == {home.agency_id: len(_read(home))}
    assert feed_heads([home.agency_id, other.pk]).keys() == {home.agency_id, other.pk}
    assert connection.in_atomic_block is False


def test_what_happened_before_there_were_numbers_is_numbered_by_its_id(home: Actor) -> None:
    migration = import_module("agency.migrations.0011_feed")
    with tenant(home.agency_id):
        for n in range(3):
            _tell(home, str(n))
    with psycopg.connect(
        os.environ["EARSHOT_TEST_SUPERUSER"], dbname=connection.settings_dict["NAME"], autocommit=True
    ) as owner:
        owner.execute("TRUNCATE agency_feedplace; UPDATE agency_auditchain SET events = 0")
        owner.execute("ALTER TABLE agency_feedplace DISABLE TRIGGER feed_place_is_numbered")
        owner.execute(migration.EARLIER)
        owner.execute("ALTER TABLE agency_feedplace ENABLE TRIGGER feed_place_is_numbered")
    with tenant(home.agency_id):
        ids = list(Event.objects.order_by("id").values_list("pk", flat=True))
        assert [numbers_of(ids)[pk] for pk in ids] == list(range(1, len(ids) + 1))
        assert feed_head().last == len(ids)
