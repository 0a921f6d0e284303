"""Collection: each entry once, and a source's faults stay its own."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from agency.actor import Actor
from agency.errors import Conflict
from agency.models import Alarm, Event
from agency.tenancy import tenant
from clients.actions.clients import archive_client, create_client, restore_client
from clients.models import Client
from mentions.actions.listening import set_query
from mentions.actions.reading import claim_source, fetch_page, record_page
from mentions.actions.sources import add_source, change_source, pause_source, read_now
from mentions.models import Mention, Post, Source, SourceRead
from tests.fixtures import Clock
from tests.web_server import Answer, WebServer
from workflows.actions.collect import collect

RSS = {"Content-Type": "application/rss+xml"}


def _item(number: int, text: str, when: str = "Fri, 06 Mar 2026 16:50:00 GMT") -> str:
    link = f"https://forum.example/{number}"
    return (
        f"<item><guid>{link}</guid><link>{link}?utm_source=feed</link><title>T{number}</title>"
        f"<description>{text}</description><pubDate>{when}</pubDate></item>"
    )


def _feed(*items: str) -> Answer:
    body = (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>F</title>{"".join(items)}</channel></rss>'
    )
    return Answer(body.encode(), headers=RSS)


@pytest.fixture
def make_source(web_server: WebServer, ana: Actor, clock: Clock) -> Callable[..., Source]:
    def make(path: str = "/feed.xml", client: Client | None = None) -> Source:
        with tenant(ana.agency_id):
            return add_source(
                kind="feed",
                name=path,
                settings={"url": web_server.url_of(path)},
                every=timedelta(minutes=5),
                client=client,
                by=ana,
                now=clock.now,
            )

    return make


@pytest.fixture
def read(clock: Clock) -> Callable[[Source], Source]:
    """Read it now, as the worker does; the source as it is then."""

    def once(source: Source) -> Source:
        collect(source.agency_id, source.pk, clock=lambda: clock.now)
        with tenant(source.agency_id):
            return Source.objects.get(pk=source.pk)

    return once


@pytest.fixture
def second(ana: Actor, clock: Clock) -> Client:
    with tenant(ana.agency_id):
        client = create_client(name="Fennel", time_zone="UTC", language="en", by=ana, now=clock.now)
        set_query(client=client, any_terms=["Fennel & Rye"], by=ana, now=clock.now)
    return client


def _counts(ana: Actor) -> tuple[int, int]:
    with tenant(ana.agency_id):
        return Post.objects.count(), Mention.objects.count()


def test_one_post_about_two_clients_is_two_mentions(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, second: Client, ana: Actor,
) -> None:  # fmt: skip
    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater or Fennel &amp; Rye?"), _item(2, "Tea."))
    read(make_source())
    assert _counts(ana) == (1, 2)
    with tenant(ana.agency_id):
        assert {(m.client.name, tuple(m.matched)) for m in Mention.objects.all()} == {
            ("Brightwater", ("Brightwater",)),
            ("Fennel", ("Fennel & Rye",)),
        }


def test_the_same_entry_in_two_sources_is_one_post(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, ana: Actor,
) -> None:  # fmt: skip
    web_server.answers["/a.xml"] = _feed(_item(1, "Brightwater!"))
    web_server.answers["/b.xml"] = _feed(_item(1, "Brightwater!").replace("utm_source", "utm_medium"))
    read(make_source("/a.xml"))
    read(make_source("/b.xml"))
    assert _counts(ana) == (1, 1)


def test_a_page_recorded_twice_is_recorded_once(
    make_source: Callable[..., Source], web_server: WebServer, brand: Client, ana: Actor, clock: Clock
) -> None:
    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater!"))
    source = make_source()
    with tenant(ana.agency_id):
        reading = claim_source(source.pk, now=clock.now)
        assert reading is not None
        page = fetch_page(reading)
        first, again = (record_page(reading, page, now=clock.now) for _ in range(2))
    assert (first.posts, len(first.mentions), again.posts, len(again.mentions)) == (1, 1, 0, 0)


def test_a_source_being_read_is_not_read_at_the_same_time(
    make_source: Callable[..., Source], ana: Actor, clock: Clock
) -> None:
    source = make_source()
    with tenant(ana.agency_id):
        assert claim_source(source.pk, now=clock.now) is not None
        assert claim_source(source.pk, now=clock.now) is None
        assert claim_source(source.pk, now=clock.advance(minutes=4)) is not None  # whoever had it has died


def test_a_source_of_one_client_brings_only_its_mentions(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, second: Client, ana: Actor,
) -> None:  # fmt: skip
    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater or Fennel &amp; Rye?"))
    read(make_source(client=second))
    with tenant(ana.agency_id):
        assert [mention.client_id for mention in Mention.objects.all()] == [second.pk]


def test_nobody_listens_for_an_archived_client(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, ana: Actor, clock: Clock,
) -> None:  # fmt: skip
    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater!"))
    with tenant(ana.agency_id):
        archive_client(brand, by=ana, now=clock.now)
    read(make_source())
    assert _counts(ana) == (0, 0)


def test_an_archived_clients_own_sources_are_not_asked_until_it_is_restored(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, ana: Actor, clock: Clock,
) -> None:  # fmt: skip
    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater!"))
    source = make_source(client=brand)
    with tenant(ana.agency_id):
        archive_client(brand, by=ana, now=clock.now)
    assert read(source).next_read_at == clock.now + timedelta(minutes=5)
    assert web_server.requests == []
    with tenant(ana.agency_id):
        held = Source.objects.select_related("client").get(pk=source.pk)
        with pytest.raises(Conflict, match="Brightwater is archived"):
            read_now(held, by=ana, now=clock.now)
        restore_client(held.client, by=ana, now=clock.now)
    clock.advance(minutes=5)
    read(source)
    assert _counts(ana) == (1, 1)


def test_a_date_in_the_future_is_held_to_the_time_of_receipt(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, ana: Actor, clock: Clock,
) -> None:  # fmt: skip
    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater!", "Fri, 06 Mar 2037 16:50:00 GMT"))
    read(make_source())
    with tenant(ana.agency_id):
        post = Post.objects.get()
        assert (post.published_at, post.published_guessed) == (clock.now, True)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(status=404), None),
        (Answer(status=500), "server_error"),
        (
            Answer(b"<html><title>Hello</title><p>no feed</p></html>", headers={"Content-Type": "text/html"}),
            "not_a_feed",
        ),
        (Answer(b"\x00\x01\x02", headers=RSS), None),
        (Answer(status=302, headers={"Location": "http://10.0.0.1/feed.xml"}), "refused_address"),
        (Answer(status=302, headers={"Location": "http://169.254.169.254/latest/"}), "refused_address"),
        (Answer(b"x" * 6_000_000, headers=RSS), "reply_too_large"),
        (
            Answer(b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><rss><channel/></rss>', headers=RSS),
            "entities",
        ),
    ],
)
def test_a_bad_feed_says_what_and_when_and_is_read_more_rarely(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, ana: Actor, clock: Clock, answer: Answer, code: str | None,
) -> None:  # fmt: skip
    web_server.answers["/feed.xml"] = answer
    source = read(make_source())
    assert source.health == "failing"
    if code:
        assert source.error_code == code
    assert source.error.endswith(".")
    assert (source.failing_since, source.last_read_at) == (clock.now, clock.now)
    assert source.next_read_at == clock.now + timedelta(minutes=5)
    assert Alarm.objects.get(kind="source.read").due_at == source.next_read_at
    again = read(source)
    assert (again.failures, again.next_read_at) == (2, clock.now + timedelta(minutes=10))
    with tenant(ana.agency_id):
        assert [r.outcome for r in SourceRead.objects.all()] == ["failed", "failed"]
        assert Event.objects.filter(type="source.failing").count() == 1


def test_a_source_that_recovers_is_well_again(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, ana: Actor, clock: Clock,
) -> None:  # fmt: skip
    source = read(make_source())  # 404
    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater!"))
    source = read(source)
    assert (source.health, source.failures, source.error) == ("good", 0, "")
    assert source.next_read_at == clock.now + timedelta(minutes=5)
    with tenant(ana.agency_id):
        assert Event.objects.filter(type="source.recovered").exists()


def test_an_unchanged_feed_is_asked_for_politely(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, ana: Actor,
) -> None:  # fmt: skip
    fresh = _feed(_item(1, "Brightwater!"))
    fresh.headers |= {"ETag": '"7"', "Last-Modified": "Fri, 06 Mar 2026 16:50:00 GMT"}
    web_server.answers["/feed.xml"] = lambda r: Answer(status=304) if "if-none-match" in r.headers else fresh
    source = read(read(make_source()))
    assert source.health == "good"
    assert web_server.requests[1].headers["if-modified-since"] == "Fri, 06 Mar 2026 16:50:00 GMT"
    with tenant(ana.agency_id):
        assert [r.outcome for r in SourceRead.objects.order_by("id")] == ["read", "unchanged"]


def test_other_settings_begin_again_and_a_pause_stops_the_reading(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, ana: Actor, clock: Clock,
) -> None:  # fmt: skip
    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater!"))
    source = read(make_source())
    with tenant(ana.agency_id):
        changes = {"settings": {"url": web_server.url_of("/other.xml")}}
        source = change_source(source, changes=changes, by=ana, now=clock.now)
        assert (source.cursor, source.next_read_at) == ({}, clock.now)
        source = pause_source(source, by=ana, now=clock.now)
        assert not Alarm.objects.filter(kind="source.read").exists()
        with pytest.raises(Exception, match="paused"):
            read_now(source, by=ana, now=clock.now)
    assert collect(ana.agency_id, source.pk, clock=lambda: clock.now) == 0


def test_a_fault_of_our_own_is_the_sources_health_too(
    make_source: Callable[..., Source], read: Callable[[Source], Source], web_server: WebServer,
    brand: Client, monkeypatch: pytest.MonkeyPatch, clock: Clock,
) -> None:  # fmt: skip
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater!"))
    source = make_source()
    monkeypatch.setattr("workflows.actions.collect.record_page", broken)
    source = read(source)
    assert (source.health, source.error_code) == ("failing", "internal")
    assert source.next_read_at == clock.now + timedelta(minutes=5)


def test_settings_that_change_while_the_source_is_read_are_read_at_once(
    make_source: Callable[..., Source], web_server: WebServer, brand: Client, ana: Actor, clock: Clock
) -> None:
    web_server.answers["/feed.xml"] = _feed(_item(1, "Brightwater!"))
    source = make_source()
    with tenant(ana.agency_id):
        reading = claim_source(source.pk, now=clock.now)
        assert reading is not None
        page = fetch_page(reading)
        change_source(
            source, changes={"settings": {"url": web_server.url_of("/b.xml")}}, by=ana, now=clock.now
        )
        assert len(record_page(reading, page, now=clock.now).mentions) == 1
        late = Source.objects.get()
        assert (late.cursor, late.next_read_at, late.lease_until) == ({}, clock.now, None)
        assert Alarm.objects.get(kind="source.read").due_at == clock.now
        assert claim_source(source.pk, now=clock.now) is not None
