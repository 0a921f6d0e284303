"""The viewer's page: what a link shows of one client, and how little any other link says."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from agency.actor import Actor
from agency.models import AuditEntry, Notice
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.contacts import add_contact, change_contact, remove_contact
from clients.actions.policies import set_approval_policy
from clients.actions.view_links import make_view_link
from clients.models import Client, Contact, ViewLink
from mentions.actions.listening import set_query
from mentions.actions.sources import add_source
from mentions.models import Mention, Post
from tests.contracts.world import make_world
from tests.making import make_mention
from tests.pages import follow, submit, tree, words
from workflows.actions.decisions import decide, put_into_effect
from workflows.actions.firing import fire_clocks
from workflows.actions.links import make_link
from workflows.actions.moves import claim_mention, dismiss_mention, reopen_mention
from workflows.actions.publications import attest_reply
from workflows.actions.requests import approve_without_client, note_delivery, request_approval
from workflows.actions.responses import draft_reply
from workflows.models import Clock, Publication
from workflows.queries import results

pytestmark = pytest.mark.django_db
REPLY = "We are sorry, Pauls. From Monday we are open until ten."


@pytest.fixture
def vera(brand: Client, ana: Actor, clock: Any) -> Contact:
    """Views for Brightwater."""
    with tenant(ana.agency_id):
        return add_contact(
            client=brand,
            name="Vera",
            email="vera@brightwater.example",
            parts=["viewer"],
            by=ana,
            now=clock.now,
        )


def link_for(contact: Contact, now: Any) -> str:
    with tenant(contact.agency_id):
        return make_view_link(contact, now=now).removeprefix("http://127.0.0.1:8000")


@pytest.fixture
def link(vera: Contact, clock: Any) -> str:
    return link_for(vera, clock.now)


@pytest.fixture
def phone() -> Browser:
    """A browser that nobody has signed in, which checks what real ones would have to send."""
    return Browser(enforce_csrf_checks=True)


def answer(mention: Mention, by: Actor, dora: Contact, clock: Any, text: str = REPLY) -> None:
    """Claimed at once, asked 10 minutes later, approved after 20 more, posted by hand 5 minutes after that."""
    with tenant(by.agency_id):
        claim_mention(mention.pk, by=by, seen=None, now=clock.now)
        version = draft_reply(mention.pk, text=text, by=by, seen=None, now=clock.now)
        now = clock.advance(minutes=10)
        approval = request_approval(mention.pk, by=by, seen=None, now=now)
        note_delivery(approval.pk, now=now)
        now = clock.advance(minutes=20)
        decision = decide(approval.pk, contact=dora, verdict="approve", read_digest=version.digest, now=now)
        put_into_effect([decision.pk], now + timedelta(minutes=1))
        url = "https://forum.example/replies/1"
        attest_reply(mention.pk, url=url, by=by, seen=None, now=clock.advance(minutes=5))


@pytest.fixture
def answered(mention: Mention, ben: Actor, dora: Contact, clock: Any) -> Mention:
    answer(mention, ben, dora, clock)
    return mention


def figures(response: Any) -> list[int]:
    """Found, answered, open, closed without an answer."""
    return [int(node.text()) for node in tree(response).css(".figures dd")]


def test_the_page_shows_what_was_said_and_answered_and_by_whom_approved(
    phone: Browser, link: str, answered: Mention
) -> None:
    shown = phone.get(link)
    assert shown.status_code == 200
    text = words(shown)
    for said in (
        answered.post.text,
        REPLY,
        "Pauls Zariņš",
        "approved by Dora",
        "Vera, this is what Northlight",
    ):
        assert said in text
    for address in (answered.post.url, "https://forum.example/replies/1"):
        assert f'href="{address}"' in shown.content.decode()
    assert "19:39" in text  # posted by hand 35 minutes after 19:04 in Riga
    assert figures(shown) == [1, 1, 0, 0]


def test_a_post_that_another_clients_source_found_is_shown_without_it(
    phone: Browser, link: str, answered: Mention, ana: Actor, clock: Any
) -> None:
    with tenant(ana.agency_id):
        other = create_client(name="Harbour Books", time_zone="UTC", language="en", by=ana, now=clock.now)
        source = add_source(
            kind="feed",
            name="Harbour crisis watch",
            settings={"url": "https://town.example/feed.xml"},
            every=timedelta(minutes=5),
            client=other,
            by=ana,
            now=clock.now,
        )
        Post.objects.filter(pk=answered.post_id).update(source=source)
    shown = phone.get(link)
    assert (shown.status_code, "Harbour" in shown.content.decode()) == (200, False)
    assert answered.post.text in words(shown)


def test_the_time_to_answer_is_told_with_whose_it_was(phone: Browser, link: str, answered: Mention) -> None:
    text = words(phone.get(link))
    assert "Half of the answers were public within 55 min of the post." in text
    # Posted 20 minutes before it was found; ours until it was asked, and again from the approval to the posting.
    assert "55 min: 20 min before we saw it, 14 min Northlight, 21 min you" in text


def test_promises_are_counted_once_their_clocks_have_ended(
    phone: Browser, link: str, answered: Mention, brand: Client, clock: Any
) -> None:
    with tenant(brand.agency_id):
        late = make_mention(brand, now=clock.now, text="Brightwater again")
        fire_clocks(
            list(Clock.objects.filter(mention=late).values_list("pk", flat=True)), clock.advance(days=2)
        )
    kept = [" ".join(node.text(separator=" ").split()) for node in tree(phone.get(link)).css(".promises li")]
    assert kept == [
        "Somebody took it on in time 50 % 1 of 2",
        "Answered in time 50 % 1 of 2",
        "You decided in time 100 % 1 of 1",
    ]


def test_nothing_of_drafts_notes_or_the_staff_is_shown(
    phone: Browser, link: str, answered: Mention, brand: Client, ben: Actor, clock: Any
) -> None:
    with tenant(brand.agency_id):
        second = make_mention(brand, now=clock.now, text="Brightwater, a secret rant")
        claim_mention(second.pk, by=ben, seen=None, now=clock.now)
        draft_reply(second.pk, text="A half-baked draft", by=ben, seen=None, now=clock.now)
        third = make_mention(brand, now=clock.now, text="Brightwater spam")
        dismiss_mention(third.pk, reason="spam", note="An inner note", by=ben, seen=None, now=clock.now)
    shown = phone.get(link)
    assert figures(shown) == [3, 1, 1, 1]
    for hidden in ("half-baked", "inner note", "secret rant", "Ben", "spam", "/mentions/"):
        assert hidden not in shown.content.decode()


def test_a_period_is_chosen_and_anything_else_is_the_usual_one(
    phone: Browser, link: str, answered: Mention, clock: Any
) -> None:
    clock.advance(days=10)
    assert figures(phone.get(f"{link}?days=7")) == [0, 0, 0, 0]
    assert "No reply was published in the last 7 days." in words(phone.get(f"{link}?days=7"))
    for asked in ("", "?days=30", "?days=90", "?days=31", "?days=x", "?days=-1", "?days=%00", "?days=٣٠"):
        assert figures(phone.get(link + asked)) == [1, 1, 0, 0]
    clock.advance(days=25)
    assert figures(phone.get(link)) == [0, 0, 0, 0]
    chosen = tree(phone.get(f"{link}?days=90")).css("[aria-current]")
    assert [node.text() for node in chosen] == ["Last 90 days"]


def test_a_reply_that_needed_nobody_says_so(
    phone: Browser, link: str, mention: Mention, brand: Client, ben: Actor, ana: Actor, clock: Any
) -> None:
    with tenant(ana.agency_id):
        set_approval_policy(client=brand, asks="nobody", by=ana, now=clock.now)
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        draft_reply(mention.pk, text=REPLY, by=ben, seen=None, now=clock.now)
        approve_without_client(mention.pk, by=ben, seen=None, now=clock.now)
        attest_reply(mention.pk, url="https://forum.example/r", by=ben, seen=None, now=clock.now)
    assert "sent without asking, as agreed" in words(phone.get(link))


def test_an_answer_that_was_answered_again_took_as_long_as_the_first(
    phone: Browser, link: str, answered: Mention, ben: Actor, dora: Contact, clock: Any
) -> None:
    clock.advance(days=1)
    with tenant(ben.agency_id):
        reopen_mention(answered.pk, by=ben, seen=None, now=clock.now)
        version = draft_reply(answered.pk, text="Once more", by=ben, seen=None, now=clock.now)
        approval = request_approval(answered.pk, by=ben, seen=None, now=clock.now)
        decision = decide(
            approval.pk, contact=dora, verdict="approve", read_digest=version.digest, now=clock.now
        )
        put_into_effect([decision.pk], clock.advance(minutes=2))
        attest_reply(answered.pk, url="https://forum.example/r2", by=ben, seen=None, now=clock.now)
    shown = phone.get(link)
    assert "within 55 min of the post" in words(shown)
    assert words(shown, ".reply__text") == f"Once more {REPLY}"


def test_replies_are_shown_in_pages_and_a_wrong_cursor_begins_anew(
    phone: Browser, link: str, brand: Client, ben: Actor, dora: Contact, clock: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(results, "ROWS", 2)
    for number in range(3):
        with tenant(brand.agency_id):
            mention = make_mention(brand, now=clock.now, text=f"Brightwater number {number}")
        answer(mention, ben, dora, clock, text=f"Reply {number}")
    first = phone.get(f"{link}?days=7")
    assert words(first, ".reply__text") == "Reply 2 Reply 1"
    older = tree(first).css_first(".pager a").attributes["href"] or ""
    assert words(phone.get(older), ".reply__text") == "Reply 0"
    for wrong in ("x", "%00", "WyJ1Il0", "a" * 3000):
        again = follow(phone, phone.get(f"{link}?days=7&after={wrong}"))
        assert words(again, ".reply__text") == "Reply 2 Reply 1"


def test_the_page_costs_the_same_however_much_was_answered(
    phone: Browser, link: str, brand: Client, ben: Actor, dora: Contact, clock: Any
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert phone.get(link).status_code == 200
        return len(queries)

    counts = []
    for number in range(3):
        with tenant(brand.agency_id):
            mention = make_mention(brand, now=clock.now, text=f"Brightwater number {number}")
        answer(mention, ben, dora, clock)
        counts.append(asked())
    assert counts[0] == counts[1] == counts[2] <= 20


def test_looking_writes_nothing_and_needs_no_cookie(phone: Browser, link: str, answered: Mention) -> None:
    with CaptureQueriesContext(connection) as asked:
        for look in (phone.get, phone.head, phone.options):
            shown = look(link)
            assert shown.status_code == 200
            assert not shown.cookies
        assert phone.get(f"{link}fresh/").status_code == 303
    assert not [q["sql"] for q in asked if re.match(r"\s*(INSERT|UPDATE|DELETE)", q["sql"], re.IGNORECASE)]
    assert phone.post(link, {"days": "7"}).status_code == 405


def test_the_link_is_kept_from_caches_searches_and_other_sites(phone: Browser, link: str) -> None:
    for address in (link, "/see/" + "x" * 43 + "/"):
        shown = phone.get(address)
        assert shown["Referrer-Policy"] == "no-referrer"
        assert shown["Cache-Control"] == "no-store"
        assert "noindex" in shown["X-Robots-Tag"]


def alike(response: Any) -> str:
    """The page without what differs for every request: the link itself and the time."""
    return re.sub(r'data-now="\d+"|nonce="[^"]+"|/see/[^/"]*/', "", response.content.decode())


def test_unknown_expired_revoked_and_foreign_links_look_alike(
    phone: Browser, link: str, vera: Contact, brand: Client, ana: Actor, dora: Contact, clock: Any
) -> None:
    unknown = phone.get("/see/" + "A" * 43 + "/")
    assert unknown.status_code == 404
    with tenant(ana.agency_id):
        other = create_client(name="Zest", time_zone="UTC", language="en", by=ana, now=clock.now)
        # A link that names a contact of another client leads nowhere, whoever made it.
        crossed = link_for(vera, clock.now)
        ViewLink.objects.filter(contact=vera).order_by("-created_at", "-id")[:1]
        newest = ViewLink.objects.filter(contact_id=vera.pk).order_by("-id").first()
        assert newest is not None
        ViewLink.objects.filter(pk=newest.pk).update(client_id=other.pk)
        approver = link_for(dora, clock.now)  # who approves sees no results
        uta = add_contact(
            client=brand, name="Uta", email="uta@b.example", parts=["viewer"], by=ana, now=clock.now
        )
        left = link_for(uta, clock.now)
        remove_contact(uta, by=ana, now=clock.now)
    answers = [
        phone.get(address)
        for address in (crossed, approver, left, "/see/x/", "/see/%00%FF/", "/see/" + "a" * 900 + "/")
    ]
    answers.append(phone.get(link.replace("/see/", "/see/0")))
    clock.advance(days=91)
    answers.append(phone.get(link))
    for wrong in answers:
        assert wrong.status_code == 404
        assert alike(wrong) == alike(unknown)


def test_an_approval_link_is_no_viewers_link_nor_the_other_way_round(
    phone: Browser, link: str, vera: Contact
) -> None:
    assert phone.get(link.replace("/see/", "/approve/")).status_code == 404


@pytest.mark.parametrize("how", ["left", "part", "address"])
def test_a_link_ends_at_once_with_what_it_was_given_for(
    phone: Browser, link: str, vera: Contact, ana: Actor, clock: Any, how: str
) -> None:
    assert phone.get(link).status_code == 200
    with tenant(ana.agency_id):
        # Behind the back of the action that also revokes: the page itself looks.
        changes = {
            "left": {"left_at": clock.now},
            "part": {"parts": ["approver", "alerts"]},
            "address": {"email": "v@b.example"},
        }
        Contact.objects.filter(pk=vera.pk).update(**changes[how])
    assert phone.get(link).status_code == 404
    phone.post(f"{link}fresh/")
    with tenant(ana.agency_id):
        assert not Notice.objects.filter(kind="contact.view_link").exists()


def test_a_fresh_link_goes_to_the_registered_address_and_seldom(
    phone: Browser, link: str, vera: Contact, clock: Any
) -> None:
    clock.advance(days=91)
    expired = phone.get(link)
    sent = submit(phone, expired, button="Send me a fresh link", to="thief@elsewhere.example")
    assert sent.status_code == 200
    again = submit(phone, expired, button="Send me a fresh link")
    unknown = phone.post("/see/" + "A" * 43 + "/fresh/")
    assert alike(sent) == alike(again) == alike(unknown)
    with tenant(vera.agency_id):
        (asked,) = Notice.objects.filter(kind="contact.view_link")
        assert (asked.to, asked.recipient_id) == ("vera@brightwater.example", vera.pk)
        assert AuditEntry.objects.filter(action="contact.link_asked", actor_name="Vera").count() == 1


def test_a_revoked_link_gets_no_fresh_one(
    phone: Browser, link: str, vera: Contact, ana: Actor, clock: Any
) -> None:
    with tenant(ana.agency_id):
        for parts in (["alerts"], ["viewer"]):
            change_contact(vera, changes={"parts": parts}, by=ana, now=clock.now)
    assert phone.post(f"{link}fresh/").status_code == 200
    with tenant(ana.agency_id):
        assert not Notice.objects.filter(kind="contact.view_link").exists()


def test_a_member_s_session_adds_nothing_to_a_link(
    page: Callable[[Actor], Browser], cleo: Actor, link: str
) -> None:
    shown = page(cleo).get(link)
    assert shown.status_code == 200
    assert "Southdown" not in shown.content.decode()


def test_hostile_words_are_shown_as_words(
    phone: Browser, link: str, brand: Client, ben: Actor, dora: Contact, clock: Any
) -> None:
    with tenant(brand.agency_id):
        mention = make_mention(
            brand, now=clock.now, text="Brightwater <script>alert(1)</script>", author="<b>Al</b>"
        )
        mention.post.url = "javascript:alert(1)"
        mention.post.save()
    answer(mention, ben, dora, clock, text="<img src=x onerror=alert(2)>")
    shown = phone.get(link).content.decode()
    assert not re.search(r"<script>alert|<img src=x|<b>Al|javascript:", shown)
    assert "&lt;script&gt;alert(1)" in shown


def test_a_viewer_sees_no_other_client_of_the_agency_and_no_other_agency(
    phone: Browser, link: str, answered: Mention, clock: Any
) -> None:
    world = make_world("xanadu", now=clock.now)
    clock.advance(hours=2)
    links = {"Brightwater": link}
    with tenant(world.agency_id):
        for part in (world.one, world.two):
            contact = Contact.objects.get(pk=part.ids["contact_id"])
            change_contact(contact, changes={"parts": ["viewer"]}, by=world.owner, now=clock.now)
            links[part.mark] = link_for(contact, clock.now)
    assert [figures(phone.get(address)) for address in links.values()] == [
        [1, 1, 0, 0],
        [3, 1, 2, 0],
        [3, 1, 2, 0],
    ]
    for mark, address in links.items():
        shown = phone.get(address).content.decode()
        assert mark in shown
        for other in set(links) - {mark}:
            assert other.lower() not in shown.lower()
    assert "xanadu" not in phone.get(link).content.decode()


def test_a_page_of_one_client_finds_nothing_of_another_even_if_a_query_forgets_to_ask(
    brand: Client, mention: Mention, ana: Actor, clock: Any
) -> None:
    with tenant(ana.agency_id):
        other = create_client(name="Zest", time_zone="UTC", language="en", by=ana, now=clock.now)
        set_query(client=other, any_terms=["Zest"], by=ana, now=clock.now)
    with tenant(ana.agency_id, read_only=True, clients=frozenset({other.pk})):
        for model in (Mention, Clock, Publication, Contact):
            assert not model.objects.exists()


# Looking on without deciding -----------------------------------------------------------------------------


def test_an_approver_who_only_views_by_now_reads_the_request_and_decides_nothing(
    phone: Browser, mention: Mention, ben: Actor, ana: Actor, dora: Contact, clock: Any
) -> None:
    with tenant(ben.agency_id):
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        draft_reply(mention.pk, text=REPLY, by=ben, seen=None, now=clock.now)
        approval = request_approval(mention.pk, by=ben, seen=None, now=clock.now)
        address = make_link(approval, dora, now=clock.now).removeprefix("http://127.0.0.1:8000")
    before = phone.get(address)
    with tenant(ana.agency_id):
        change_contact(dora, changes={"parts": ["viewer"]}, by=ana, now=clock.now)
    late = submit(phone, before, verdict="approve")
    assert (late.status_code, "isn't yours any more" in words(late)) == (409, True)
    shown = phone.get(address)
    assert REPLY in words(shown)
    assert not tree(shown).css("form")
    phone.post(f"{address}fresh/")
    with tenant(ana.agency_id):
        approval.refresh_from_db()
        assert approval.state == "open"
        assert Notice.objects.filter(kind="approval.request").count() == 1


def test_who_decides_no_longer_undoes_nothing_either(
    phone: Browser, mention: Mention, ben: Actor, ana: Actor, dora: Contact, clock: Any
) -> None:
    with tenant(ben.agency_id):
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        version = draft_reply(mention.pk, text=REPLY, by=ben, seen=None, now=clock.now)
        approval = request_approval(mention.pk, by=ben, seen=None, now=clock.now)
        address = make_link(approval, dora, now=clock.now).removeprefix("http://127.0.0.1:8000")
        decide(approval.pk, contact=dora, verdict="approve", read_digest=version.digest, now=clock.now)
    before = phone.get(address)
    with tenant(ana.agency_id):
        change_contact(dora, changes={"parts": ["viewer"]}, by=ana, now=clock.now)
    late = submit(phone, before, button="Undo my decision")
    assert (late.status_code, "isn't yours any more" in words(late)) == (409, True)
    assert "You approved the reply" in words(phone.get(address))
    assert not tree(phone.get(address)).css("form")
    with tenant(ana.agency_id):
        approval.refresh_from_db()
        assert approval.state == "decided"
