"""The main job, from a feed on the web to a reply on the web, by the actions alone."""

import re
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from django.core import mail

from agency.actions.alarms import sweep
from agency.actions.notices import send_notice
from agency.actor import Actor
from agency.models import Alarm
from agency.tenancy import tenant
from clients.models import Client, Contact
from mentions.actions.sources import add_source
from mentions.models import Mention, Source
from tests.fixtures import Clock
from tests.web_server import Answer, Request, WebServer
from workflows.actions.collect import collect
from workflows.actions.decisions import decide
from workflows.actions.moves import claim_mention
from workflows.actions.publications import publish
from workflows.actions.requests import request_approval
from workflows.actions.responses import draft_reply
from workflows.ledger import sentence
from workflows.models import Publication
from workflows.queries.approvals import find_link
from workflows.queries.ledgers import ledger_of

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Riga forum</title>
<item><guid>https://forum.example/1</guid><link>https://forum.example/1</link><title>Coffee</title>
<description>Brightwater was closed again at nine.</description><author>pauls@forum.example (Pauls)</author>
<pubDate>Fri, 06 Mar 2026 16:50:00 GMT</pubDate></item>
<item><guid>https://forum.example/2</guid><link>https://forum.example/2</link><title>Bikes</title>
<description>Nothing about coffee.</description><pubDate>Fri, 06 Mar 2026 16:55:00 GMT</pubDate></item>
</channel></rss>"""


@pytest.fixture
def platform(web_server: WebServer) -> WebServer:
    """A site with a feed that takes replies."""
    taken: dict[str, str] = {}

    def replies(request: Request) -> Answer:
        if request.method == "POST":
            taken[orjson.loads(request.body)["key"]] = "r1"
        body = orjson.dumps({"id": "r1", "url": "https://forum.example/1#r1"})
        return Answer(body, 201, {"Content-Type": "application/json"})

    web_server.answers["/feed.xml"] = Answer(
        FEED, headers={"Content-Type": "application/rss+xml", "ETag": '"1"'}
    )
    web_server.answers["/replies"] = replies
    return web_server


@pytest.fixture
def source(platform: WebServer, ana: Actor, brand: Client, clock: Clock) -> Source:
    with tenant(ana.agency_id):
        return add_source(
            kind="loopback",
            name="Riga forum",
            settings={"url": platform.url_of("/feed.xml"), "reply_url": platform.url_of("/replies")},
            every=timedelta(minutes=5),
            client=None,
            by=ana,
            now=clock.now,
        )


@pytest.fixture
def deliver() -> Callable[[Clock], int]:
    """Send every mail that waits, as the worker does."""

    def sent(clock: Clock) -> int:
        waiting = Alarm.objects.filter(kind="notice.send").values_list("agency_id", "subject_id")
        for agency_id, notice_id in list(waiting):
            send_notice(agency_id, notice_id, clock=lambda: clock.now)
        return len(waiting)

    return sent


def test_a_post_becomes_an_approved_reply_on_its_platform(
    source: Source, platform: WebServer, ana: Actor, ben: Actor, dora: Contact, clock: Clock,
    deliver: Callable[[Clock], int],
) -> None:  # fmt: skip
    agency_id = ana.agency_id
    assert collect(agency_id, source.pk, clock=lambda: clock.now) == 1
    with tenant(agency_id):
        mention = Mention.objects.get()
        assert mention.due_kind == "claim"
        clock.advance(minutes=10)
        claim_mention(mention.pk, by=ben, seen=1, now=clock.now)
        clock.advance(minutes=8)
        version = draft_reply(mention.pk, text="We're sorry, Pauls.", by=ben, seen=2, now=clock.now)
        approval = request_approval(mention.pk, by=ben, seen=2, now=clock.now)
    deliver(clock)
    message = next(m for m in mail.outbox if m.to == ["dora@brightwater.example"])
    token = re.search(r"/approve/([^/\s]+)/", str(message.body))
    assert token is not None
    found = find_link(token[1], now=clock.now)
    assert found is not None
    assert (found.agency_id, found.approval_id, found.contact_id) == (agency_id, approval.pk, dora.pk)
    clock.advance(minutes=30)
    with tenant(agency_id):
        decide(approval.pk, contact=dora, verdict="approve", read_digest=version.digest, now=clock.now)
    assert sweep(now=clock.advance(seconds=59)).failed == 0
    with tenant(agency_id):
        assert Mention.objects.get().state == "awaiting_client"  # it can still be undone
    assert sweep(now=clock.advance(seconds=1)).failed == 0
    with tenant(agency_id):
        assert Mention.objects.get().state == "approved"
        publication = Publication.objects.get()
    clock.advance(seconds=30)
    publish(agency_id, publication.pk, clock=lambda: clock.now)

    posted = [request for request in platform.requests if request.method == "POST"]
    assert [orjson.loads(request.body)["text"] for request in posted] == ["We're sorry, Pauls."]
    with tenant(agency_id):
        mention = Mention.objects.get()
        assert (mention.state, mention.answer_url) == ("responded", "https://forum.example/1#r1")
        book = ledger_of(mention, now=clock.now)
    assert sum(book.totals.values(), timedelta()) == mention.responded_at - mention.published_at
    assert sentence(book) == "1 h 04: 14 min before we saw it, 18 min us, 31 min you, 1 min sending"
    assert not Alarm.objects.exclude(kind__in=["source.read", "notice.send", "agency.housekeeping"]).exists()


def test_reading_the_same_feed_again_brings_nothing_twice(
    source: Source, platform: WebServer, ana: Actor, clock: Clock
) -> None:
    assert collect(ana.agency_id, source.pk, clock=lambda: clock.now) == 1
    assert collect(ana.agency_id, source.pk, clock=lambda: clock.now) == 0
    assert platform.requests[1].headers["if-none-match"] == '"1"'
