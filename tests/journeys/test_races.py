"""Two who act at once: threads with connections of their own, on a database that really commits."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TypeVar
from uuid import UUID

import pytest
from django.db import connections

from agency.actions.alarms import set_alarm, sweep
from agency.actions.channels import add_channel
from agency.actions.members import add_member
from agency.actor import Actor
from agency.errors import Conflict, DomainError
from agency.models import Alarm, Membership
from agency.queries.people import actor_of_member, list_members
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.contacts import add_contact
from clients.actions.ladders import set_ladder
from clients.actions.rotas import NewLayer, add_rota
from clients.ladder import Plan, Rung, Whom
from clients.models import Client
from mentions.actions.listening import set_query
from mentions.actions.reading import claim_source, fetch_page, record_page
from mentions.actions.sources import add_source, delete_source
from mentions.models import Mention, Post, Source
from tests.making import make_mention
from tests.web_server import Answer, WebServer
from workflows.actions.decisions import decide
from workflows.actions.intake import intake
from workflows.actions.moves import claim_mention
from workflows.actions.onboarding import open_agency
from workflows.actions.requests import request_approval
from workflows.actions.responses import draft_reply
from workflows.actions.transition import lock_mention
from workflows.models import ClockEvent, Transition

pytestmark = pytest.mark.usefixtures("committed")
NOW = datetime(2026, 3, 6, 17, 4, tzinfo=UTC)
T = TypeVar("T")


def _at_once(*work: Callable[[], T]) -> list[T]:
    """Run these at the same moment, each with its own connection; their results in order."""
    start = Barrier(len(work))

    def run(one: Callable[[], T]) -> T:
        try:
            start.wait(10)
            return one()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


@pytest.fixture
def people() -> list[Actor]:
    """Ana and five responders."""
    agency, owner = open_agency(
        name="N", time_zone="UTC", owner_email="ana@n.example", owner_name="Ana", now=NOW, invite=False
    )
    ana = actor_of_member(Membership.objects.select_related("user").get(pk=owner.pk))
    found = [ana]
    with tenant(agency.pk):
        for number in range(5):
            add_member(
                email=f"r{number}@n.example",
                name=f"R{number}",
                role="responder",
                by=ana,
                now=NOW,
                invite=False,
            )
    members = Membership.objects.select_related("user").filter(agency=agency, role="responder")
    return [*found, *(actor_of_member(member) for member in members)]


@pytest.fixture
def brand(people: list[Actor]) -> Client:
    ana = people[0]
    with tenant(ana.agency_id):
        client = create_client(name="Brightwater", time_zone="UTC", language="en", by=ana, now=NOW)
        set_query(client=client, any_terms=["Brightwater"], by=ana, now=NOW)
    return client


@pytest.fixture
def mentions(brand: Client) -> list[UUID]:
    with tenant(brand.agency_id):
        return [make_mention(brand, now=NOW).pk for _ in range(10)]


def test_a_mention_has_one_winner_and_the_others_are_told(
    people: list[Actor], brand: Client, mentions: list[UUID]
) -> None:
    def claim(by: Actor, mention_id: UUID) -> str:
        try:
            with tenant(by.agency_id):
                claim_mention(mention_id, by=by, seen=1, now=NOW)
        except Conflict as error:
            return error.code
        return "won"

    for mention_id in mentions:
        results = _at_once(*(lambda by=by: claim(by, mention_id) for by in people))  # type: ignore[misc]
        assert sorted(results) == ["mention_moved_on"] * 5 + ["won"]
    with tenant(brand.agency_id):
        assert Transition.objects.count() == len(mentions)


def test_two_workers_with_the_same_page_store_it_once(
    people: list[Actor], brand: Client, web_server: WebServer
) -> None:
    ana = people[0]
    items = "".join(
        f"<item><guid>https://f.example/{n}</guid><description>Brightwater {n}</description></item>"
        for n in range(200)
    )
    web_server.answers["/f"] = Answer(f'<rss version="2.0"><channel>{items}</channel></rss>'.encode())
    with tenant(ana.agency_id):
        sources = [
            add_source(
                kind="feed",
                name=str(number),
                settings={"url": web_server.url_of("/f")},
                every=timedelta(minutes=5),
                client=None,
                by=ana,
                now=NOW,
            )
            for number in range(3)
        ]

    def record(source: Source) -> int:
        with tenant(ana.agency_id):
            reading = claim_source(source.pk, now=NOW)
        assert reading is not None
        page = fetch_page(reading)
        with tenant(ana.agency_id):
            recorded = record_page(reading, page, now=NOW)
            intake(recorded.mentions, now=NOW)
        return len(recorded.mentions)

    assert sum(_at_once(*(lambda s=s: record(s) for s in sources))) == 200  # type: ignore[misc]
    with tenant(ana.agency_id):
        assert (Post.objects.count(), Mention.objects.count()) == (200, 200)


def test_many_sweepers_fire_each_step_once(people: list[Actor], brand: Client, mentions: list[UUID]) -> None:
    later = NOW + timedelta(days=2)
    swept = _at_once(*(lambda: sweep(now=later) for _ in range(4)))
    for _ in range(5):  # what a busy mention put off by a moment
        swept.append(sweep(now=later + timedelta(seconds=1)))
    assert sum(result.failed for result in swept) == 0
    with tenant(brand.agency_id):
        assert ClockEvent.objects.filter(kind="fire").count() == len(mentions) * 2 * 4


def test_a_decision_that_takes_effect_never_waits_for_a_mention_that_somebody_moves(
    people: list[Actor], brand: Client, mentions: list[UUID]
) -> None:
    """The sweep holds the alarm, a recall holds the mention: if each waited for the other, one would be killed."""
    ana = people[0]
    with tenant(ana.agency_id):
        dora = add_contact(
            client=brand, name="Dora", email="dora@b.example", parts=["approver"], by=ana, now=NOW
        )
        claim_mention(mentions[0], by=ana, seen=1, now=NOW)
        version = draft_reply(mentions[0], text="We're sorry.", by=ana, seen=2, now=NOW)
        approval = request_approval(mentions[0], by=ana, seen=2, now=NOW)
        decide(approval.pk, contact=dora, verdict="approve", read_digest=version.digest, now=NOW)
    later = NOW + timedelta(seconds=60)

    def swept() -> int:
        try:
            return sweep(now=later).failed
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with tenant(ana.agency_id):
            lock_mention(mentions[0], seen=None, now=later)
            assert pool.submit(swept).result(10) == 0
    with tenant(ana.agency_id):
        assert Mention.objects.get(pk=mentions[0]).state == "awaiting_client"
    sweep(now=later + timedelta(seconds=1))
    with tenant(ana.agency_id):
        assert Mention.objects.get(pk=mentions[0]).state == "approved"


def test_a_source_that_is_deleted_while_it_is_read_is_gone_with_its_alarm(
    people: list[Actor], brand: Client
) -> None:
    ana = people[0]
    with tenant(ana.agency_id):
        source = add_source(
            kind="feed",
            name="F",
            settings={"url": "http://f.example/"},
            every=timedelta(minutes=5),
            client=None,
            by=ana,
            now=NOW,
        )

    def delete() -> None:
        try:
            with tenant(ana.agency_id):
                delete_source(source, by=ana, now=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with tenant(ana.agency_id):  # as whoever records a page does
            Source.objects.select_for_update().get(pk=source.pk)
            deleting = pool.submit(delete)
            time.sleep(0.5)
            set_alarm("source.read", source.pk, NOW + timedelta(minutes=5))
        deleting.result(10)
    assert not Alarm.objects.filter(kind="source.read").exists()
    with tenant(ana.agency_id):
        assert not Source.objects.exists()


def test_one_person_can_be_invited_by_two_agencies_at_once(people: list[Actor]) -> None:
    def invite(name: str) -> int:
        agency, owner = open_agency(
            name=name,
            time_zone="UTC",
            owner_email=f"{name}@n.example",
            owner_name=name,
            now=NOW,
            invite=False,
        )
        by = actor_of_member(Membership.objects.select_related("user").get(pk=owner.pk))
        start.wait(10)
        with tenant(agency.pk):
            for number in range(5):
                add_member(
                    email=f"new{number}@x.example", name="Eve", role="analyst", by=by, now=NOW, invite=False
                )
            return list_members(by=by).count()

    start = Barrier(3)
    assert _at_once(*(lambda n=n: invite(n) for n in ("a", "b", "c"))) == [6, 6, 6]  # type: ignore[misc]


def test_two_who_set_up_the_agencys_rota_ladder_or_room_at_once_come_one_after_the_other(
    people: list[Actor],
) -> None:
    ana = people[0]
    plan = Plan(steps=(), rungs=(Rung((Whom.OWNERS,), 5),))

    def tried(work: Callable[[], object]) -> Callable[[], str]:
        def run() -> str:
            try:
                with tenant(ana.agency_id):
                    work()
                    time.sleep(0.2)
            except DomainError as error:
                return error.message
            return "done"

        return run

    def rota() -> None:
        layer = NewLayer(members=[ana.id] if ana.id else [], since=NOW.date())
        add_rota(client=None, name="Evenings", zone="UTC", layers=[layer], by=ana, now=NOW)

    def ladder() -> None:
        set_ladder(client=None, plan=plan, by=ana, now=NOW)

    def room() -> None:
        given = {"kind": "mail", "name": "Duty", "takes": "all", "email": "d@n.example"}
        add_channel(**given, room=True, by=ana, now=NOW)

    assert sorted(_at_once(tried(rota), tried(rota)))[1] == "done"
    assert _at_once(tried(ladder), tried(ladder)) == ["done", "done"]
    assert sorted(_at_once(tried(room), tried(room))) == [
        "There is a channel with this name already.",
        "done",
    ]
