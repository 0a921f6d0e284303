"""What is written later in a conversation, over real feeds: it joins, reopens, or answers a mention."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import pytest
from django.test import Client as Browser

from agency.actor import Actor
from agency.models import AuditEntry, Event, Membership, Notice
from agency.tenancy import tenant
from clients.actions.policies import set_approval_policy
from clients.models import Client, Contact
from clients.words import ClockKind
from mentions.actions.own_accounts import set_own_accounts
from mentions.actions.sources import add_source
from mentions.models import Mention, Message, Post, Source
from mentions.words import DismissReason, State
from tests.fixtures import Clock
from tests.web_server import Answer, WebServer
from workflows.actions.collect import collect
from workflows.actions.firing import fire_clocks
from workflows.actions.links import make_link
from workflows.actions.moves import claim_mention, dismiss_mention
from workflows.actions.publications import attest_reply
from workflows.actions.requests import approve_without_client, request_approval
from workflows.actions.responses import draft_reply
from workflows.models import Approval, Publication, Transition
from workflows.models import Clock as ClockRow
from workflows.queries.ledgers import ledger_of

PAULS = ("Pauls Zariņš", "https://forum.example/users/pauls")
ZANE = ("Zane", "https://forum.example/users/zane")
OURS = ("Brightwater", "https://forum.example/users/brightwater")


@dataclass
class Thread:
    """A forum's Atom feed with RFC 4685, served by a real server."""

    web: WebServer
    clock: Clock
    source: Source
    entries: list[str] = field(default_factory=list)

    def say(
        self,
        number: int,
        text: str,
        *,
        to: int | None = None,
        by: tuple[str, str] = PAULS,
        ago: timedelta | None = timedelta(minutes=5),
        read: bool = True,
    ) -> None:
        """A post that answers another one (`to`); then the source is read."""
        answers = f'<thr:in-reply-to ref="tag:forum.example,2026:{to}" href="/posts/{to}"/>' if to else ""
        when = f"<published>{(self.clock.now - ago).isoformat()}</published>" if ago is not None else ""
        self.entries.insert(
            0,
            f"<entry><id>tag:forum.example,2026:{number}</id><title>{number}</title>"
            f'<link href="https://forum.example/posts/{number}"/>{answers}{when}'
            f"<author><name>{escape(by[0])}</name><uri>{by[1]}</uri></author>"
            f"<content>{escape(text)}</content></entry>",
        )
        if read:
            self.read()

    def read(self) -> None:
        body = (
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0">'
            f"<title>Forum</title>{''.join(self.entries)}</feed>"
        )
        self.web.answers["/forum.xml"] = Answer(
            body.encode(), headers={"Content-Type": "application/atom+xml"}
        )
        collect(self.source.agency_id, self.source.pk, clock=lambda: self.clock.now)
        with tenant(self.source.agency_id):
            Source.objects.filter(pk=self.source.pk).update(lease_until=None)


@pytest.fixture
def thread(web_server: WebServer, ana: Actor, brand: Client, clock: Clock) -> Thread:
    with tenant(ana.agency_id):
        source = add_source(
            kind="feed", name="Forum", settings={"url": web_server.url_of("/forum.xml")},
            every=timedelta(minutes=5), client=None, by=ana, now=clock.now,
        )  # fmt: skip
        set_approval_policy(client=brand, asks="nobody", by=ana, now=clock.now)
        set_own_accounts(client=brand, accounts=[OURS[1]], by=ana, now=clock.now)
    return Thread(web_server, clock, source)


@pytest.fixture
def answered(thread: Thread, ben: Actor, clock: Clock) -> Mention:
    """Found at 17:04; Ben answered at 17:14."""
    thread.say(1, "Brightwater was closed again at nine.")
    clock.advance(minutes=10)
    with tenant(ben.agency_id):
        _answer(Mention.objects.get(), ben, clock.now)
        return Mention.objects.get()


def _draft(mention: Mention, ben: Actor, now: datetime) -> None:
    claim_mention(mention.pk, by=ben, seen=None, now=now)
    draft_reply(mention.pk, text="We're sorry, Pauls.", by=ben, seen=None, now=now)


def _answer(mention: Mention, ben: Actor, now: datetime) -> None:
    _draft(mention, ben, now)
    approve_without_client(mention.pk, by=ben, seen=None, now=now)
    attest_reply(mention.pk, url="https://forum.example/posts/1#r1", by=ben, seen=None, now=now)


def _clock(mention: Mention, kind: ClockKind) -> ClockRow:
    return ClockRow.objects.filter(mention=mention, kind=kind).order_by("-instance")[0]


# The author writes again -----------------------------------------------------------------------------


def test_what_the_author_adds_to_an_open_mention_joins_it(thread: Thread, clock: Clock, ana: Actor) -> None:
    thread.say(1, "Brightwater was closed again at nine.")
    thread.say(2, "And nobody picks up the phone.", to=1, ago=timedelta(minutes=4))
    thread.say(3, "Brightwater, is anybody there?", to=2, ago=timedelta(minutes=3))
    with tenant(ana.agency_id):
        mention = Mention.objects.get()
        assert mention.state == State.NEW
        joined = Message.objects.filter(mention=mention).order_by("post__published_at")
        assert [(m.by, m.effect, m.matched) for m in joined] == [
            ("author", "joined", []),
            ("author", "joined", ["Brightwater"]),
        ]
        assert Post.objects.get(title="3").in_reply_to.endswith("/posts/2")


def test_what_others_write_there_is_a_mention_of_its_own_or_nothing(thread: Thread, ana: Actor) -> None:
    thread.say(1, "Brightwater was closed again at nine.")
    thread.say(2, "So it was.", to=1, by=ZANE)
    thread.say(3, "Brightwater never opens before ten.", to=1, by=ZANE)
    with tenant(ana.agency_id):
        assert sorted(Mention.objects.values_list("post__title", flat=True)) == ["1", "3"]
        assert not Post.objects.filter(title="2").exists()


def test_a_message_after_the_answer_reopens_the_mention_for_whoever_had_it(
    thread: Thread, answered: Mention, ben: Actor, clock: Clock
) -> None:
    clock.advance(minutes=30)
    thread.say(2, "That doesn't help me.", to=1)
    with tenant(ben.agency_id):
        mention = Mention.objects.get()
        assert (mention.state, mention.assignee_id) == (State.CLAIMED, ben.member_id)
        again = _clock(mention, ClockKind.NEXT_RESPONSE)
        assert (again.instance, again.started_at, again.stopped_at) == (1, clock.now, None)
        assert _clock(mention, ClockKind.RESPOND).stopped_at == answered.responded_at  # it never runs again
        moved = Transition.objects.order_by("-version")[0]
        assert (moved.move, moved.actor_name) == ("reopen", "Earshot")
        assert moved.note == "Pauls Zariņš wrote again: https://forum.example/posts/2"
        assert Message.objects.get().effect == "reopened"
        assert Notice.objects.filter(kind="mention.wrote", recipient_id=ben.member_id).count() == 1


def test_each_round_is_an_instance_of_its_own(
    thread: Thread, answered: Mention, ben: Actor, clock: Clock
) -> None:
    for number in (2, 3):
        clock.advance(minutes=30)
        thread.say(number, "And now?", to=number - 1)
        with tenant(ben.agency_id):
            mention = Mention.objects.get()
            clock.advance(minutes=5)
            draft_reply(mention.pk, text=f"Sorry, {number}.", by=ben, seen=None, now=clock.now)
            approve_without_client(mention.pk, by=ben, seen=None, now=clock.now)
            attest_reply(mention.pk, url=f"https://forum.example/r{number}", by=ben, seen=None, now=clock.now)
    with tenant(ben.agency_id):
        rounds = ClockRow.objects.filter(kind=ClockKind.NEXT_RESPONSE).order_by("instance")
        assert [(c.instance, c.used) for c in rounds] == [(n, timedelta(minutes=5)) for n in (1, 2)]
        assert Mention.objects.get().state == State.RESPONDED


def test_where_nobody_is_left_to_take_it_the_message_is_a_new_mention(
    thread: Thread, answered: Mention, ben: Actor, ana: Actor, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        Membership.objects.filter(pk=ben.member_id).update(left_at=clock.now)
    clock.advance(minutes=30)
    thread.say(2, "That doesn't help me.", to=1)
    clock.advance(minutes=1)
    thread.say(3, "Hello?", to=2)
    with tenant(ana.agency_id):
        states = dict(Mention.objects.values_list("post__title", "state"))
        assert states == {"1": State.RESPONDED, "2": State.NEW}
        # What comes after belongs to the newer one.
        assert Message.objects.get(post__title="3").mention.post.title == "2"
        assert _clock(Mention.objects.get(post__title="2"), ClockKind.CLAIM).started_at < clock.now


@pytest.mark.parametrize(
    ("reason", "text", "then"),
    [
        (DismissReason.NO_REPLY_NEEDED, "Thanks!", {"1": "claimed"}),
        (DismissReason.SPAM, "Buy pills!", {"1": "dismissed"}),
        (DismissReason.SPAM, "Brightwater, I mean it.", {"1": "dismissed", "2": "new"}),
    ],
)
def test_what_was_dismissed_for_good_comes_back_only_with_what_is_listened_for(
    thread: Thread, ben: Actor, clock: Clock, reason: str, text: str, then: dict[str, str]
) -> None:
    thread.say(1, "Brightwater was closed again at nine.")
    with tenant(ben.agency_id):
        mention = Mention.objects.get()
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        dismiss_mention(mention.pk, reason=reason, by=ben, seen=None, now=clock.now)
    clock.advance(minutes=30)
    thread.say(2, text, to=1)
    with tenant(ben.agency_id):
        assert dict(Mention.objects.values_list("post__title", "state")) == then


def test_an_old_message_that_is_read_late_reopens_nothing(
    thread: Thread, answered: Mention, clock: Clock
) -> None:
    clock.advance(days=3)
    thread.say(2, "And then?", to=1, ago=timedelta(days=2))
    with tenant(answered.agency_id):
        assert Mention.objects.get().state == State.RESPONDED
        assert Message.objects.get().effect == "joined"


def test_a_message_read_again_through_another_source_does_nothing_twice(
    thread: Thread, answered: Mention, ben: Actor, clock: Clock, ana: Actor
) -> None:
    clock.advance(minutes=30)
    thread.say(2, "That doesn't help me.", to=1)
    with tenant(ana.agency_id):
        other = add_source(
            kind="feed", name="Mirror", settings={"url": thread.web.url_of("/forum.xml?again")},
            every=timedelta(minutes=5), client=None, by=ana, now=clock.now,
        )  # fmt: skip
    collect(other.agency_id, other.pk, clock=lambda: clock.now)
    with tenant(ana.agency_id):
        assert (Mention.objects.count(), Message.objects.count()) == (1, 1)
        assert Transition.objects.filter(move="reopen").count() == 1


def test_a_message_to_what_is_with_the_client_warns_whoever_works_on_it(
    thread: Thread, brand: Client, dora: Contact, ana: Actor, ben: Actor, clock: Clock,
    page: Callable[[Actor], Browser],
) -> None:  # fmt: skip
    thread.say(1, "Brightwater was closed again at nine.")
    with tenant(ana.agency_id):
        set_approval_policy(client=brand, asks="client", by=ana, now=clock.now)
        mention = Mention.objects.get()
        _draft(mention, ben, clock.now)
        request_approval(mention.pk, by=ben, seen=None, now=clock.now)
    clock.advance(minutes=3)
    thread.say(2, "Never mind, it was my mistake.", to=1, ago=timedelta(minutes=1))
    with tenant(ana.agency_id):
        assert Mention.objects.get().state == State.AWAITING_CLIENT
        assert Notice.objects.filter(kind="mention.wrote").count() == 1
        approval = Approval.objects.get()
        token = make_link(approval, dora, now=clock.now).rstrip("/").rpartition("/")[2]
    shown = page(ben).get(f"/mentions/{mention.pk}/").content.decode()
    assert "Never mind, it was my mistake." in shown
    assert "after the reply was written" in shown
    asked = Browser().get(f"/approve/{token}/").content.decode()
    assert "Never mind, it was my mistake." in asked


# The client answers by itself ------------------------------------------------------------------------


def test_the_clients_own_answer_counts_at_its_own_time(thread: Thread, ana: Actor, clock: Clock) -> None:
    thread.say(1, "Brightwater was closed again at nine.")
    found_at, said_at = clock.now, clock.advance(minutes=20)
    clock.advance(hours=9)  # far beyond what was promised, and nobody swept
    thread.say(2, "Sorry! We open at eight from now on.", to=1, by=OURS, ago=clock.now - said_at)
    with tenant(ana.agency_id):
        mention = Mention.objects.get()
        assert (mention.state, mention.external, mention.responded_at) == (State.RESPONDED, True, said_at)
        assert (mention.answer_url, mention.breached) == ("https://forum.example/posts/2", False)
        for kind in (ClockKind.CLAIM, ClockKind.RESPOND):
            row = _clock(mention, kind)
            assert (row.stopped_at, row.used, row.breached_at) == (said_at, said_at - found_at, None)
        moved = Transition.objects.get()
        assert (moved.move, moved.note, moved.actor_name) == (
            "answer", "https://forum.example/posts/2", "Earshot",
        )  # fmt: skip
        assert Message.objects.get().effect == "answered"
        assert Event.objects.filter(type="mention.answered").count() == 1
        ledger = ledger_of(mention, now=clock.now)
        assert (ledger.end, ledger.closed) == (said_at, True)


def test_a_breach_that_was_established_stands(thread: Thread, ana: Actor, clock: Clock) -> None:
    thread.say(1, "Brightwater was closed again at nine.")
    with tenant(ana.agency_id):
        row = _clock(Mention.objects.get(), ClockKind.RESPOND)
        due = row.due_at
        assert due is not None
    said_at = clock.advance(minutes=1)
    clock.now = due + timedelta(minutes=1)
    with tenant(ana.agency_id):
        fire_clocks(list(ClockRow.objects.values_list("pk", flat=True)), clock.now)
    thread.say(2, "Sorry!", to=1, by=OURS, ago=clock.now - said_at)
    with tenant(ana.agency_id):
        mention = Mention.objects.get()
        assert (mention.state, mention.breached) == (State.RESPONDED, True)
        assert _clock(mention, ClockKind.RESPOND).breached_at == due


def test_an_answer_that_is_read_before_the_post_answers_it_when_that_comes(
    thread: Thread, ana: Actor, clock: Clock
) -> None:
    thread.say(2, "Sorry! We open at eight.", to=1, by=OURS, ago=timedelta(minutes=2))
    with tenant(ana.agency_id):
        assert Mention.objects.count() == 0
    clock.advance(minutes=10)
    thread.say(1, "Brightwater was closed again at nine.", ago=timedelta(minutes=30))
    with tenant(ana.agency_id):
        mention = Mention.objects.get()
        assert (mention.state, mention.external) == (State.RESPONDED, True)
        assert mention.responded_at == clock.now - timedelta(minutes=12)


@pytest.mark.parametrize("ago", [None, timedelta(hours=-3), timedelta(hours=3)])
def test_a_time_that_cannot_be_is_held_to_what_can(
    thread: Thread, ana: Actor, clock: Clock, ago: timedelta | None
) -> None:
    thread.say(1, "Brightwater was closed again at nine.", ago=timedelta(hours=1))
    clock.advance(minutes=5)
    thread.say(2, "Sorry!", to=1, by=OURS, ago=ago)
    with tenant(ana.agency_id):
        mention = Mention.objects.get()
        expected = mention.published_at if ago and ago > timedelta(0) else clock.now
        assert (mention.state, mention.responded_at) == (State.RESPONDED, expected)
        assert "The time is when" in Transition.objects.get().note


def test_a_clients_own_posts_are_no_mentions_of_it(thread: Thread, ana: Actor, clock: Clock) -> None:
    thread.say(1, "Brightwater opens a new shop!", by=OURS)
    thread.say(2, "Brightwater says hello.", to=1, by=OURS)
    with tenant(ana.agency_id):
        assert Mention.objects.count() == 0


def test_an_answer_to_somebody_else_waits_for_a_person(thread: Thread, ana: Actor, clock: Clock) -> None:
    thread.say(1, "Brightwater was closed again at nine.")
    thread.say(2, "It was open when I came.", to=1, by=ZANE)
    thread.say(3, "Thank you, Zane!", to=2, by=OURS, ago=timedelta(minutes=1))
    with tenant(ana.agency_id):
        assert Mention.objects.get().state == State.NEW
        message = Message.objects.get()
        assert (message.by, message.direct, message.effect) == ("client", False, "noted")
        assert AuditEntry.objects.filter(action="mention.client_wrote").count() == 1


def test_an_answer_to_what_the_author_added_is_an_answer(thread: Thread, ana: Actor) -> None:
    thread.say(1, "Brightwater was closed again at nine.")
    thread.say(2, "Hello?", to=1, ago=timedelta(minutes=3))
    thread.say(3, "One moment …", to=2, by=OURS, ago=timedelta(minutes=2), read=False)
    thread.say(4, "… we open at eight.", to=3, by=OURS, ago=timedelta(minutes=1))
    with tenant(ana.agency_id):
        mention = Mention.objects.get()
        assert (mention.state, mention.answer_url) == (State.RESPONDED, "https://forum.example/posts/3")


def test_what_was_written_after_the_clients_answer_reopens_from_when_it_was_received(
    thread: Thread, ben: Actor, clock: Clock
) -> None:
    thread.say(1, "Brightwater was closed again at nine.")
    with tenant(ben.agency_id):
        claim_mention(Mention.objects.get().pk, by=ben, seen=None, now=clock.now)
    received = clock.advance(minutes=10)
    thread.say(3, "Still closed!", to=1, ago=timedelta(minutes=1))
    clock.advance(minutes=10)
    thread.say(2, "Sorry!", to=1, by=OURS, ago=timedelta(minutes=15))
    with tenant(ben.agency_id):
        mention = Mention.objects.get()
        assert (mention.state, mention.external) == (State.CLAIMED, False)
        again = _clock(mention, ClockKind.NEXT_RESPONSE)
        assert (again.started_at, again.stopped_at) == (received, None)
        assert [t.move for t in Transition.objects.order_by("version")] == ["claim", "answer", "reopen"]


def test_nobody_is_answered_twice_where_our_reply_is_on_its_way(
    thread: Thread, ben: Actor, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    thread.say(1, "Brightwater was closed again at nine.")
    with tenant(ben.agency_id):
        mention = Mention.objects.get()
        _draft(mention, ben, clock.now)
        approve_without_client(mention.pk, by=ben, seen=None, now=clock.now)
    clock.advance(minutes=2)
    thread.say(2, "Sorry!", to=1, by=OURS, ago=timedelta(minutes=1))
    with tenant(ben.agency_id):
        mention = Mention.objects.get()
        assert mention.state == State.APPROVED
        assert Message.objects.get().effect == "noted"
        assert Notice.objects.filter(kind="mention.wrote").count() == 1
    browser = page(ben)
    shown = browser.get(f"/mentions/{mention.pk}/").content.decode()
    assert "wrote here itself" in shown
    sent = {"version": mention.version, "url": "https://forum.example/posts/2", "at": "2026-03-06T19:05"}
    assert browser.post(f"/mentions/{mention.pk}/move/answered/", sent).status_code == 303
    with tenant(ben.agency_id):
        mention = Mention.objects.get()
        assert (mention.state, mention.external) == (State.RESPONDED, True)
        assert mention.responded_at == datetime(2026, 3, 6, 17, 5, tzinfo=UTC)
        assert Publication.objects.get().state == Publication.State.WITHDRAWN
        assert AuditEntry.objects.filter(action="reply.answered_elsewhere", actor_name="Ben").count() == 1
