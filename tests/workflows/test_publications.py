"""Never twice, never silently: publishing against a platform that fails in every way it can."""

from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.models import Alarm
from agency.tenancy import tenant
from clients.actions.policies import set_approval_policy
from clients.models import Client
from mentions.actions.sources import add_source, delete_source
from mentions.models import Mention, Source
from mentions.platforms.base import Receipt
from tests.fixtures import Clock
from tests.making import make_mention
from tests.web_server import HANG_UP, Answer, Request, WebServer
from workflows.actions.moves import claim_mention
from workflows.actions.publications import (
    BeingSent,
    attest_reply,
    claim_publication,
    publish,
    record_outcome,
    send_again,
)
from workflows.actions.requests import approve_without_client, revise_reply
from workflows.actions.responses import draft_reply
from workflows.ledger import Owner
from workflows.models import Attempt, Publication
from workflows.queries.ledgers import ledger_of
from workflows.queries.mention import clocks_of

RECEIPT = orjson.dumps({"id": "r1", "url": "https://forum.example/1#r1"})
JSON = {"Content-Type": "application/json"}
FOUND = Answer(RECEIPT, 200, JSON)
LIVE = Answer(RECEIPT, 201, JSON)


@pytest.fixture
def source(web_server: WebServer, ana: Actor, brand: Client, clock: Clock) -> Source:
    with tenant(ana.agency_id):
        set_approval_policy(client=brand, asks="nobody", by=ana, now=clock.now)
        return add_source(
            kind="loopback",
            name="Forum",
            settings={"url": web_server.url_of("/feed.xml"), "reply_url": web_server.url_of("/replies")},
            every=timedelta(minutes=5),
            client=None,
            by=ana,
            now=clock.now,
        )


def _approved(brand: Client, ben: Actor, clock: Clock, source: Source | None) -> Publication:
    with tenant(ben.agency_id):
        mention = make_mention(brand, now=clock.now, source=source)
        claim_mention(mention.pk, by=ben, seen=1, now=clock.now)
        draft_reply(mention.pk, text="We're sorry.", by=ben, seen=2, now=clock.now)
        approve_without_client(mention.pk, by=ben, seen=2, now=clock.now)
        publication: Publication = Publication.objects.get()
    return publication


@pytest.fixture
def queued(source: Source, brand: Client, ben: Actor, clock: Clock) -> Publication:
    return _approved(brand, ben, clock, source)


@pytest.fixture
def send(queued: Publication, clock: Clock) -> Callable[[], str]:
    """Let the worker have a go; the publication's state."""

    def once() -> str:
        publish(queued.agency_id, queued.pk, clock=lambda: clock.now)
        with tenant(queued.agency_id):
            return str(Publication.objects.get().state)

    return once


def _posts(web_server: WebServer) -> int:
    return sum(request.method == "POST" for request in web_server.requests)


def test_a_reply_goes_out_once_and_the_mention_is_responded(
    web_server: WebServer, send: Callable[[], str], queued: Publication
) -> None:
    web_server.answers["/replies"] = LIVE
    assert [send(), send()] == ["live", "live"]
    assert _posts(web_server) == 1
    with tenant(queued.agency_id):
        mention = Mention.objects.get()
        assert (mention.state, mention.answer_url) == ("responded", "https://forum.example/1#r1")


def test_a_refusal_that_may_pass_is_tried_again_with_the_same_key(
    web_server: WebServer, send: Callable[[], str], clock: Clock
) -> None:
    web_server.answers["/replies"] = Answer(status=503)
    assert send() == "queued"
    web_server.answers["/replies"] = LIVE
    clock.advance(seconds=10)
    assert send() == "live"
    assert len({request.headers["idempotency-key"] for request in web_server.requests}) == 1


def test_a_refusal_for_good_is_told_and_gives_the_time_back(
    web_server: WebServer, send: Callable[[], str], queued: Publication, clock: Clock
) -> None:
    web_server.answers["/replies"] = Answer(status=403)
    assert send() == "failed"
    with tenant(queued.agency_id):
        mention = Mention.objects.get()
        assert mention.state == "approved"
        assert {c.kind: c.state for c in clocks_of(mention, now=clock.now)}["respond"] == "running"


def test_when_nobody_knows_it_is_read_back_and_never_sent_blindly(
    web_server: WebServer, send: Callable[[], str], clock: Clock
) -> None:
    def takes_it_and_hangs_up(request: Request) -> Answer:
        return FOUND if request.method == "GET" else HANG_UP

    web_server.answers["/replies"] = takes_it_and_hangs_up
    assert send() == "ambiguous"
    clock.advance(seconds=10)
    assert send() == "live"
    assert _posts(web_server) == 1


def test_when_the_platform_says_it_never_came_it_is_sent_again(
    web_server: WebServer, send: Callable[[], str], clock: Clock
) -> None:
    def lost(request: Request) -> Answer:
        return Answer(status=404) if request.method == "GET" else HANG_UP

    web_server.answers["/replies"] = lost
    assert send() == "ambiguous"
    clock.advance(minutes=1)
    assert send() == "queued"
    web_server.answers["/replies"] = LIVE
    clock.advance(minutes=1)
    assert send() == "live"


def test_a_worker_that_died_while_sending_leaves_a_question_not_a_second_reply(
    web_server: WebServer, send: Callable[[], str], queued: Publication, clock: Clock
) -> None:
    with tenant(queued.agency_id):
        assert claim_publication(queued.pk, now=clock.now) is not None
    web_server.answers["/replies"] = FOUND
    assert send() == "sending"  # the lease still holds
    clock.advance(minutes=2, seconds=1)
    assert send() == "live"
    assert [request.method for request in web_server.requests] == ["GET"]


def test_what_stays_unknown_is_a_persons_to_decide(
    web_server: WebServer, send: Callable[[], str], queued: Publication, ben: Actor, clock: Clock
) -> None:
    web_server.answers["/replies"] = HANG_UP
    for _ in range(20):
        send()
        clock.advance(hours=1)
    assert _posts(web_server) == 1
    with tenant(queued.agency_id):
        assert Publication.objects.get().state == "ambiguous"
        mention = Mention.objects.get()
        with pytest.raises(BeingSent):
            revise_reply(mention.pk, by=ben, seen=mention.version, now=clock.now)
        attested = attest_reply(
            mention.pk, url="https://forum.example/1#me", by=ben, seen=mention.version, now=clock.now
        )
        assert (attested.state, attested.answer_url) == ("responded", "https://forum.example/1#me")


def test_a_person_who_looked_can_have_it_sent_again(
    web_server: WebServer, send: Callable[[], str], queued: Publication, ben: Actor, clock: Clock
) -> None:
    web_server.answers["/replies"] = Answer(status=403)
    send()
    with tenant(queued.agency_id):
        send_again(queued.mention_id, by=ben, seen=None, now=clock.now)
        with pytest.raises(Conflict, match="failed, or that nobody knows"):
            send_again(queued.mention_id, by=ben, seen=None, now=clock.now)
    web_server.answers["/replies"] = LIVE
    assert send() == "live"


def test_a_text_other_than_the_approved_one_never_leaves(
    web_server: WebServer, send: Callable[[], str], queued: Publication
) -> None:
    web_server.answers["/replies"] = LIVE
    with tenant(queued.agency_id):
        Publication.objects.update(approved_digest="0" * 64)
    assert send() == "failed"
    assert web_server.requests == []


def test_the_alarm_rings_for_a_reply_whose_task_was_lost(queued: Publication, clock: Clock) -> None:
    assert sweep(now=clock.now).failed == 0
    assert sweep(now=clock.advance(seconds=30)).fired >= 1


def test_a_reply_made_by_hand_is_attested_by_name(
    brand: Client, ana: Actor, ben: Actor, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        set_approval_policy(client=brand, asks="nobody", by=ana, now=clock.now)
    by_hand = _approved(brand, ben, clock, None)
    assert by_hand.state == "by_hand"
    with tenant(ana.agency_id):
        for nonsense in ("", "javascript:alert(1)", "forum.example/1", "mailto:a@b.example"):
            with pytest.raises(Invalid, match="web address"):
                attest_reply(by_hand.mention_id, url=nonsense, by=ben, seen=3, now=clock.now)
        attest_reply(by_hand.mention_id, url=" https://forum.example/9 ", by=ben, seen=3, now=clock.now)
        settled = Publication.objects.get()
        assert (settled.state, settled.attested_by, settled.url) == ("live", "Ben", "https://forum.example/9")
        assert Attempt.objects.get().what == "attest"


def test_while_a_person_must_post_it_the_time_is_the_agencys(
    brand: Client, ana: Actor, ben: Actor, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        set_approval_policy(client=brand, asks="nobody", by=ana, now=clock.now)
    by_hand = _approved(brand, ben, clock, None)
    with tenant(ana.agency_id):
        running = {c.kind: c.state for c in clocks_of(by_hand.mention, now=clock.now)}
    assert running["respond"] == "running"


def test_when_its_source_is_deleted_what_may_be_live_stays_unknown(
    web_server: WebServer, send: Callable[[], str], queued: Publication, source: Source, ana: Actor,
    ben: Actor, clock: Clock,
) -> None:  # fmt: skip
    web_server.answers["/replies"] = HANG_UP
    assert send() == "ambiguous"
    with tenant(queued.agency_id):
        delete_source(source, by=ana, now=clock.advance(minutes=5))
    assert send() == "ambiguous"
    with tenant(queued.agency_id):
        mention = Mention.objects.get()
        with pytest.raises(BeingSent):
            revise_reply(mention.pk, by=ben, seen=mention.version, now=clock.now)
        assert {c.kind: c.state for c in clocks_of(mention, now=clock.now)}["respond"] == "running"
        assert "deleted" in Publication.objects.get().error
    assert not Alarm.objects.filter(kind="publication.send").exists()


def test_when_its_source_is_deleted_what_has_not_gone_out_failed(
    send: Callable[[], str], queued: Publication, source: Source, ana: Actor, clock: Clock
) -> None:
    with tenant(queued.agency_id):
        delete_source(source, by=ana, now=clock.now)
    assert send() == "failed"


def test_a_platform_that_never_takes_it_is_not_tried_for_ever(
    web_server: WebServer, send: Callable[[], str], queued: Publication, clock: Clock
) -> None:
    web_server.answers["/replies"] = lambda r: Answer(status=404) if r.method == "GET" else HANG_UP
    for _ in range(20):
        last = send()
        clock.advance(hours=1)
    assert last == "failed"
    with tenant(queued.agency_id):
        running = {c.kind: c.state for c in clocks_of(Mention.objects.get(), now=clock.now)}
    assert running["respond"] == "running"


def test_the_platforms_wish_to_wait_is_kept(
    web_server: WebServer, send: Callable[[], str], clock: Clock
) -> None:
    web_server.answers["/replies"] = Answer(status=429, headers={"Retry-After": "3600"})
    assert send() == "queued"
    assert Alarm.objects.get(kind="publication.send").due_at == clock.now + timedelta(hours=1)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_in_trouble_may_have_posted_so_it_is_asked_first(
    web_server: WebServer, send: Callable[[], str], clock: Clock, status: int
) -> None:
    web_server.answers["/replies"] = lambda r: FOUND if r.method == "GET" else Answer(status=status)
    assert send() == "ambiguous"
    clock.advance(seconds=10)
    assert send() == "live"
    assert _posts(web_server) == 1


def test_from_the_failure_on_the_ledger_says_the_agencys_time(
    web_server: WebServer, send: Callable[[], str], queued: Publication, clock: Clock
) -> None:
    web_server.answers["/replies"] = Answer(status=403)
    clock.advance(minutes=1)
    send()
    clock.advance(minutes=30)
    with tenant(queued.agency_id):
        book = ledger_of(Mention.objects.get(), now=clock.now)
    assert book.totals[Owner.PLATFORM] == timedelta(minutes=1)
    assert book.totals[Owner.AGENCY_ON] == timedelta(minutes=30)


def test_a_receipt_that_comes_after_the_lease_still_says_that_it_is_live(
    web_server: WebServer, send: Callable[[], str], queued: Publication, clock: Clock
) -> None:
    web_server.answers["/replies"] = lambda r: Answer(status=404) if r.method == "GET" else LIVE
    with tenant(queued.agency_id):
        slow = claim_publication(queued.pk, now=clock.now)
        assert slow is not None
    clock.advance(minutes=3)
    assert send() == "queued"  # read back, and not there yet
    with tenant(queued.agency_id):
        record_outcome(slow, Receipt("r1", "https://forum.example/1#r1", clock.now), now=clock.now)
    clock.advance(minutes=3)
    assert send() == "live"
    assert _posts(web_server) == 0
