"""Conversations read by several at once, and what is left of them when somebody is erased: on a database that commits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TypeVar
from uuid import UUID

import pytest
from django.db import connections

from agency.actions.members import add_member
from agency.actor import Actor
from agency.errors import Conflict
from agency.models import Membership
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client
from clients.words import ClockKind
from mentions.actions.listening import set_query
from mentions.actions.own_accounts import set_own_accounts
from mentions.actions.sources import add_source
from mentions.models import Author, ForgottenAuthor, Mention, Message, Post, Source, ThreadKey
from mentions.words import State
from tests.web_server import Answer, WebServer
from workflows.actions.collect import collect
from workflows.actions.erasing import erase
from workflows.actions.erasures import request_erasure
from workflows.actions.moves import claim_mention, dismiss_mention
from workflows.actions.onboarding import open_agency
from workflows.models import Clock, Transition

pytestmark = pytest.mark.usefixtures("committed")
NOW = datetime(2026, 3, 6, 17, 4, tzinfo=UTC)
T = TypeVar("T")


def _at_once(*work: Callable[[], T]) -> list[T]:
    start = Barrier(len(work))

    def run(one: Callable[[], T]) -> T:
        try:
            start.wait(10)
            return one()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


class House:
    """An agency that reads one forum through two sources."""

    def __init__(self, web: WebServer) -> None:
        agency, owner = open_agency(
            name="N", time_zone="UTC", owner_email="ana@n.example", owner_name="Ana", now=NOW, invite=False
        )
        self.id: UUID = agency.pk
        self.ana = actor_of_member(Membership.objects.select_related("user").get(pk=owner.pk))
        self.web = web
        with tenant(self.id):
            member = add_member(
                email="ben@n.example", name="Ben", role="responder", by=self.ana, now=NOW, invite=False
            )
            self.ben: Actor = actor_of_member(Membership.objects.select_related("user").get(pk=member.pk))
            self.brand: Client = create_client(
                name="Brightwater", time_zone="UTC", language="en", by=self.ana, now=NOW
            )
            set_query(client=self.brand, any_terms=["Brightwater"], by=self.ana, now=NOW)
            set_own_accounts(client=self.brand, accounts=["https://f.example/brand"], by=self.ana, now=NOW)
            self.sources = [self._source(path) for path in ("/a.xml", "/b.xml")]

    def _source(self, path: str) -> Source:
        return add_source(
            kind="feed", name=path, settings={"url": self.web.url_of(path)}, client=None,
            every=timedelta(minutes=5), by=self.ana, now=NOW,
        )  # fmt: skip

    def serve(self, *posts: tuple[int, int, str, str], path: str = "") -> None:
        """Posts as (number, what it answers or 0, account, text)."""
        items = "".join(
            f"<item><guid>https://f.example/{n}</guid><link>https://f.example/{n}</link><title>{n}</title>"
            f"<dc:creator>{who}</dc:creator><description>{text}</description>"
            f"<pubDate>Fri, 06 Mar 2026 17:0{n}:00 GMT</pubDate>"
            + (f'<thr:in-reply-to ref="https://f.example/{to}"/>' if to else "")
            + "</item>"
            for n, to, who, text in posts
        )
        body = (
            '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
            f' xmlns:thr="http://purl.org/syndication/thread/1.0"><channel>{items}</channel></rss>'
        )
        for name in [path] if path else ["/a.xml", "/b.xml"]:
            self.web.answers[name] = Answer(body.encode(), headers={"Content-Type": "application/rss+xml"})

    def read(self, number: int = 0, *, after: int = 10) -> None:
        collect(self.id, self.sources[number].pk, clock=lambda: NOW + timedelta(minutes=after))
        connections["default"].close()


@pytest.fixture
def house(committed: None, web_server: WebServer) -> House:
    found = House(web_server)
    with tenant(found.id):
        # Feeds name people without addresses here, so the brand goes by its name.
        set_own_accounts(client=found.brand, accounts=["@brand"], by=found.ana, now=NOW)
    return found


FIRST = (1, 0, "pauls", "Brightwater was closed.")
AGAIN = (2, 1, "pauls", "And still is.")
BRAND = (3, 1, "brand", "Sorry!")


def _dismissed(house: House) -> UUID:
    house.serve(FIRST)
    house.read()
    with tenant(house.id):
        mention = Mention.objects.get()
        claim_mention(mention.pk, by=house.ben, seen=None, now=NOW + timedelta(minutes=11))
        dismiss_mention(
            mention.pk, reason="no_reply_needed", by=house.ben, seen=None, now=NOW + timedelta(minutes=12)
        )
        pk: UUID = mention.pk
        return pk


def test_two_collectors_that_read_one_message_reopen_once(house: House) -> None:
    _dismissed(house)
    house.serve(AGAIN)
    _at_once(lambda: house.read(0, after=20), lambda: house.read(1, after=20))
    with tenant(house.id):
        assert (Post.objects.count(), Message.objects.count(), Mention.objects.count()) == (2, 1, 1)
        assert Transition.objects.filter(move="reopen").count() == 1
        assert Clock.objects.filter(kind=ClockKind.NEXT_RESPONSE).count() == 1


def test_two_collectors_that_read_one_answer_note_it_once(house: House) -> None:
    house.serve(FIRST)
    house.read()
    house.serve(BRAND)
    _at_once(lambda: house.read(0, after=20), lambda: house.read(1, after=20))
    with tenant(house.id):
        assert Mention.objects.get().state == State.RESPONDED
        assert [t.move for t in Transition.objects.all()] == ["answer"]


@pytest.mark.parametrize("turn", range(3))
def test_a_post_and_its_answer_read_at_once_find_each_other(house: House, turn: int) -> None:
    house.serve(FIRST, path="/a.xml")
    house.serve(BRAND, path="/b.xml")
    _at_once(lambda: house.read(0), lambda: house.read(1))
    with tenant(house.id):
        assert Mention.objects.get().state == State.RESPONDED


def test_a_claim_at_the_same_time_wins_or_is_told(house: House) -> None:
    house.serve(FIRST)
    house.read()
    house.serve(BRAND)
    with tenant(house.id):
        mention = Mention.objects.get()

    def claim() -> str:
        try:
            with tenant(house.id):
                claim_mention(mention.pk, by=house.ben, seen=1, now=NOW + timedelta(minutes=15))
        except Conflict as error:
            return error.message
        return "claimed"

    def read() -> str:
        house.read(after=20)
        return ""

    said, _ = _at_once(claim, read)
    with tenant(house.id):
        moves = [t.move for t in Transition.objects.order_by("version")]
        assert Mention.objects.get().state == State.RESPONDED
    assert (said, moves) in [("claimed", ["claim", "answer"])] or (
        moves == ["answer"] and said.startswith("Earshot answered it")
    )


def _erase(house: House, name: str) -> None:
    with tenant(house.id):
        author = Author.objects.get(name=name)
        erasure = request_erasure(
            kind="author", about_id=author.pk, confirm=name, reason="asked", by=house.ana, now=NOW
        )
        due = erasure.due_at
    assert erase(house.id, erasure.pk, clock=lambda: due)


def test_an_erased_author_leaves_no_word_and_no_name_of_the_conversation(house: House) -> None:
    house.serve(FIRST, AGAIN, BRAND)
    house.read()
    _erase(house, "pauls")
    with tenant(house.id):
        assert (Mention.objects.count(), Message.objects.count(), ForgottenAuthor.objects.count()) == (
            0,
            0,
            1,
        )
        assert list(Post.objects.values_list("title", flat=True)) == []
        assert not ThreadKey.objects.filter(parents__len__gt=0).exists()
    house.serve((5, 1, "pauls", "Brightwater, again!"), (6, 5, "pauls", "And again."))
    house.read(after=30)
    with tenant(house.id):
        assert (Mention.objects.count(), Message.objects.count()) == (0, 0)


def test_an_erased_account_of_the_client_leaves_the_authors_mention(house: House) -> None:
    house.serve(FIRST, AGAIN, BRAND)
    house.read()
    _erase(house, "brand")
    with tenant(house.id):
        assert sorted(Post.objects.values_list("title", flat=True)) == ["1", "2"]
        assert [m.by for m in Message.objects.all()] == ["author"]
