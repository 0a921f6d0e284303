"""The approver's pages: what a link shows and takes, and how little any other link says."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from agency.actions.notices import send_notice
from agency.actor import Actor
from agency.models import AuditEntry, Notice
from agency.tenancy import tenant
from clients.actions.contacts import add_contact, change_contact, remove_contact
from clients.models import Client, Contact
from mentions.models import Mention
from tests.pages import fields, find_form, follow, submit, tree, words
from workflows.actions.decisions import decide
from workflows.actions.links import make_link
from workflows.actions.moves import claim_mention
from workflows.actions.requests import recall_request, request_approval
from workflows.actions.responses import draft_reply
from workflows.models import Approval, Decision, Version

pytestmark = pytest.mark.django_db
REPLY = "We are sorry, Pauls. From Monday we are open until ten."


@pytest.fixture
def approval(mention: Mention, ben: Actor, dora: Contact, clock: Any) -> Approval:
    with tenant(ben.agency_id):
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        draft_reply(mention.pk, text=REPLY, by=ben, seen=None, now=clock.now)
        return request_approval(mention.pk, by=ben, seen=None, now=clock.now)


def link_for(approval: Approval, contact: Contact, now: Any) -> str:
    with tenant(approval.agency_id):
        return make_link(approval, contact, now=now).removeprefix("http://127.0.0.1:8000")


@pytest.fixture
def link(approval: Approval, dora: Contact, clock: Any) -> str:
    return link_for(approval, dora, clock.now)


@pytest.fixture
def phone() -> Browser:
    """A browser that nobody has signed in, which checks what real ones would have to send."""
    return Browser(enforce_csrf_checks=True)


@pytest.fixture
def inga(brand: Client, ana: Actor, clock: Any) -> Contact:
    with tenant(ana.agency_id):
        return add_contact(
            client=brand,
            name="Inga",
            email="inga@brightwater.example",
            parts=["approver"],
            by=ana,
            now=clock.now,
        )


def decisions(approval: Approval) -> list[tuple[str, str]]:
    with tenant(approval.agency_id):
        return list(Decision.objects.order_by("at", "id").values_list("verdict", "state"))


@contextmanager
def nothing_written() -> Iterator[None]:
    with CaptureQueriesContext(connection) as asked:
        yield
    written = [
        q["sql"]
        for q in asked
        if re.match(r"\s*(INSERT|UPDATE|DELETE|MERGE|TRUNCATE)", q["sql"], re.IGNORECASE)
    ]
    assert not written


def test_the_page_shows_what_was_said_what_we_answer_and_until_when(
    phone: Browser, link: str, mention: Mention
) -> None:
    shown = phone.get(link)
    assert shown.status_code == 200
    text = words(shown)
    assert mention.post.text in text
    assert REPLY in text
    assert "Pauls Zariņš" in text
    assert "First post about Brightwater" in text
    assert "23:04" in words(shown, ".needed")  # four hours after 19:04 in Riga
    assert "Europe/Riga" in words(shown, ".needed")


def test_times_are_told_in_the_contacts_own_zone(
    phone: Browser, approval: Approval, dora: Contact, clock: Any
) -> None:
    with tenant(approval.agency_id):
        Contact.objects.filter(pk=dora.pk).update(time_zone="America/New_York")
    shown = phone.get(link_for(approval, dora, clock.now))
    assert "16:04" in words(shown, ".needed")


def test_nothing_is_chosen_for_the_approver(phone: Browser, link: str) -> None:
    form = find_form(phone.get(link))
    assert "verdict" not in fields(form)
    assert not form.css("input[type=radio][checked]")


def test_looking_writes_nothing_and_needs_no_cookie(phone: Browser, link: str) -> None:
    with nothing_written():
        for look in (phone.get, phone.head, phone.options):
            answer = look(link)
            assert answer.status_code == 200
            assert not answer.cookies
        for button in ("undo/", "fresh/"):
            assert phone.get(link + button).status_code == 303


def test_the_link_is_kept_from_caches_searches_and_other_sites(phone: Browser, link: str) -> None:
    for address in (link, "/approve/" + "x" * 43 + "/"):
        shown = phone.get(address)
        assert shown["Referrer-Policy"] == "no-referrer"
        assert shown["Cache-Control"] == "no-store"
        assert "noindex" in shown["X-Robots-Tag"]
        assert not re.search(r'(?:src|href)="(?:https?:)?//(?!forum\.example)', shown.content.decode())


def test_pressing_send_without_a_choice_decides_nothing(
    phone: Browser, link: str, approval: Approval
) -> None:
    answer = submit(phone, phone.get(link))
    assert answer.status_code == 422
    assert "Choose what should happen with this reply." in words(answer)
    assert phone.post(link, {}).status_code == 422
    assert decisions(approval) == []


def test_an_approval_is_pinned_to_the_text_and_can_be_undone_for_a_minute(
    phone: Browser, link: str, approval: Approval, clock: Any
) -> None:
    done = follow(phone, submit(phone, phone.get(link), verdict="approve"))
    assert "You approved the reply" in words(done)
    assert REPLY in words(done)
    assert "1 min left" in words(done) or "60 s left" in words(done)
    with tenant(approval.agency_id):
        decision = Decision.objects.get()
        assert decision.digest == approval.version.digest
        assert decision.address == "127.0.0.1"
    clock.advance(seconds=30)
    back = follow(phone, submit(phone, phone.get(link), button="Undo my decision"))
    assert "Your decision is taken back." in words(back)
    assert find_form(back).css("input[type=radio]")
    assert decisions(approval) == [("approve", "undone")]


def test_after_the_minute_there_is_nothing_to_press_and_a_late_press_says_so(
    phone: Browser, link: str, approval: Approval, clock: Any
) -> None:
    done = follow(phone, submit(phone, phone.get(link), verdict="approve"))
    clock.advance(seconds=61)
    later = phone.get(link)
    assert "You approved the reply" in words(later)
    assert not tree(later).css("form")
    late = submit(phone, done, button="Undo my decision")
    assert late.status_code == 409
    assert "Your decision is in effect." in words(late, "[role=alert]")
    assert decisions(approval) == [("approve", "pending")]


def test_approving_with_edits_makes_the_contacts_own_version(
    phone: Browser, link: str, approval: Approval
) -> None:
    done = follow(
        phone, submit(phone, phone.get(link), verdict="edit", text="Sorry, Pauls. Monday, until ten.")
    )
    assert "with your edits" in words(done)
    assert tree(done).css("del")
    with tenant(approval.agency_id):
        version = Version.objects.order_by("-number").first()
        assert version is not None
        assert (version.text, version.author_name, version.number) == (
            "Sorry, Pauls. Monday, until ten.",
            "Dora",
            2,
        )


def test_edits_that_change_nothing_are_an_approval(phone: Browser, link: str, approval: Approval) -> None:
    done = follow(phone, submit(phone, phone.get(link), verdict="edit"))
    assert "You approved the reply The reply" in words(done)
    assert decisions(approval) == [("approve", "pending")]


def test_another_decision_from_another_tab_is_told_that_it_does_not_count(
    phone: Browser, link: str, approval: Approval
) -> None:
    first, second = phone.get(link), phone.get(link)
    follow(phone, submit(phone, first, verdict="approve"))
    assert "was not counted" not in words(submit(phone, first, verdict="approve"))
    late = submit(phone, second, verdict="change", comment="No")
    assert (late.status_code, "was not counted" in words(late)) == (409, True)
    assert decisions(approval) == [("approve", "pending")]


def test_edits_that_are_refused_are_not_lost(phone: Browser, link: str, approval: Approval) -> None:
    empty = submit(phone, phone.get(link), verdict="edit", text="  ")
    assert empty.status_code == 422
    assert "Write the reply first." in words(empty)
    long = submit(phone, phone.get(link), verdict="edit", text="ā" * 5001)
    assert "5,001" in words(long)
    assert fields(find_form(long))["text"] == "ā" * 5001
    assert fields(find_form(long))["verdict"] == "edit"
    assert decisions(approval) == []


def test_asking_for_a_change_needs_a_reason_or_a_word(phone: Browser, link: str, approval: Approval) -> None:
    shown = phone.get(link)
    bare = submit(phone, shown, verdict="change")
    assert bare.status_code == 422
    assert "Say what should change, or choose a reason." in words(bare)
    done = follow(
        phone,
        submit(phone, bare, verdict="change", reasons=["tone", "legal"], comment="No promises, please."),
    )
    assert "You asked for a change" in words(done)
    assert "The tone isn't right" in words(done)
    assert "No promises, please." in words(done)
    assert decisions(approval) == [("change", "pending")]


def test_a_reason_that_is_not_ours_is_refused(phone: Browser, link: str, approval: Approval) -> None:
    answer = submit(phone, phone.get(link), verdict="change", reasons=["<script>"])
    assert answer.status_code == 422
    assert decisions(approval) == []


def test_the_second_approver_is_told_who_was_quicker(
    phone: Browser, approval: Approval, link: str, inga: Contact, clock: Any
) -> None:
    hers = link_for(approval, inga, clock.now)
    shown = phone.get(hers)
    follow(phone, submit(phone, phone.get(link), verdict="approve"))
    answer = submit(phone, shown, verdict="change", comment="Wait!")
    assert answer.status_code == 409
    assert "Dora has already approved it" in words(answer)
    assert "Dora has already approved it" in words(phone.get(hers))
    follow(phone, phone.post(hers + "undo/"))  # hers undoes nothing of Dora's
    assert decisions(approval) == [("approve", "pending")]


def test_a_decision_about_another_text_is_not_counted_and_the_difference_is_shown(
    phone: Browser, link: str, approval: Approval, ben: Actor, clock: Any
) -> None:
    with tenant(approval.agency_id):
        first = approval.version
        other = Version(
            response=first.response,
            number=7,
            text=REPLY + " Really.",
            target_url="",
            post_hash=first.post_hash,
            lane=first.lane,
            digest="d" * 64,
            author_kind="member",
            author_name="Ben",
            created_at=clock.now,
        )
        other.save(force_insert=True)
        shown = phone.get(link)
        Approval.objects.filter(pk=approval.pk).update(version=other)
    answer = submit(phone, shown, verdict="edit", text="My own words")
    assert answer.status_code == 409
    assert "changed while you read it" in words(answer)
    assert "Really" in words(answer, "ins")
    assert "My own words" in words(answer)
    assert decisions(approval) == []


def test_a_request_that_was_taken_back_says_no_more_than_any_wrong_link(
    phone: Browser, link: str, mention: Mention, ben: Actor, clock: Any
) -> None:
    shown = phone.get(link)
    with tenant(ben.agency_id):
        recall_request(mention.pk, by=ben, seen=None, now=clock.now)
    answer = submit(phone, shown, verdict="edit", text="All that I typed on the bus")
    assert answer.status_code == 404
    assert "This link doesn't work any more" in words(answer)
    assert "All that I typed on the bus" in words(answer)
    assert "Brightwater" not in answer.content.decode().replace("brightwater.example", "")
    assert "What you had written" not in words(submit(phone, shown, verdict="approve"))


def alike(response: Any) -> str:
    """The page without what differs for every request: the link itself and the time."""
    return re.sub(r'data-now="\d+"|nonce="[^"]+"|/approve/[^/"]*/', "", response.content.decode())


def test_unknown_expired_revoked_and_left_behind_links_look_alike(
    phone: Browser, approval: Approval, link: str, dora: Contact, inga: Contact, ana: Actor, clock: Any
) -> None:
    left = link_for(approval, inga, clock.now)
    with tenant(ana.agency_id):
        remove_contact(inga, by=ana, now=clock.now)
    unknown = phone.get("/approve/" + "A" * 43 + "/")
    assert unknown.status_code == 404
    answers = [
        phone.get(left),
        phone.get("/approve/x/"),
        phone.get("/approve/%00%FF/"),
        phone.get("/approve/" + "a" * 900 + "/"),
    ]
    clock.advance(days=8)
    answers.append(phone.get(link))
    for answer in answers:
        assert answer.status_code == 404
        assert alike(answer) == alike(unknown)


def test_a_fresh_link_goes_to_the_registered_address_and_to_no_other(
    phone: Browser, approval: Approval, link: str, dora: Contact, clock: Any
) -> None:
    with tenant(approval.agency_id):
        before = Notice.objects.filter(kind="approval.request").count()
    clock.advance(days=3)
    expired = phone.get(link)
    assert expired.status_code == 404
    sent = submit(phone, expired, button="Send me a fresh link", to="thief@elsewhere.example")
    assert sent.status_code == 200
    again = submit(phone, expired, button="Send me a fresh link")
    unknown = phone.post("/approve/" + "A" * 43 + "/fresh/")
    assert alike(sent) == alike(again) == alike(unknown)
    with tenant(approval.agency_id):
        asked = list(Notice.objects.filter(kind="approval.request").order_by("-created_at", "-id"))
        assert len(asked) == before + 1  # the second press came too soon
        assert (asked[0].to, asked[0].recipient_id) == ("dora@brightwater.example", dora.pk)
        assert AuditEntry.objects.filter(action="approval.link_asked", actor_name="Dora").count() == 1


def test_no_fresh_link_comes_for_what_is_decided_or_taken_back(
    phone: Browser, approval: Approval, link: str, mention: Mention, ben: Actor, dora: Contact, clock: Any
) -> None:
    clock.advance(minutes=10)
    with tenant(approval.agency_id):
        decide(
            approval.pk, contact=dora, verdict="approve", read_digest=approval.version.digest, now=clock.now
        )
        before = Notice.objects.count()
    phone.post(link + "fresh/")
    with tenant(approval.agency_id):
        assert Notice.objects.count() == before
        recall_request(mention.pk, by=ben, seen=None, now=clock.now)
    clock.advance(minutes=10)
    assert phone.post(link + "fresh/").status_code == 200
    with tenant(approval.agency_id):
        assert Notice.objects.filter(kind="approval.request").count() == 1


def test_the_receipt_link_shows_the_decision_too(
    phone: Browser, approval: Approval, link: str, dora: Contact, clock: Any
) -> None:
    follow(phone, submit(phone, phone.get(link), verdict="approve"))
    assert "You approved the reply" in words(phone.get(link_for(approval, dora, clock.now)))


def test_a_member_s_session_adds_nothing_to_a_link(
    page: Callable[[Actor], Browser], cleo: Actor, link: str
) -> None:
    shown = page(cleo).get(link)
    assert shown.status_code == 200
    assert "Southdown" not in shown.content.decode()
    assert "cleo" not in shown.content.decode().lower()


def test_hostile_words_are_shown_as_words(phone: Browser, link: str) -> None:
    done = follow(
        phone,
        submit(phone, phone.get(link), verdict="change", comment="<script>alert(1)</script>\u202e{% now %}"),
    )
    assert "<script>alert" not in done.content.decode()
    assert "\u202e" not in done.content.decode()
    assert "<script>alert(1)</script>{% now %}" in words(done)


@pytest.mark.parametrize("changes", [{"parts": ["alerts"]}, {"email": "somebody.else@brightwater.example"}])
def test_a_link_ends_with_what_it_was_given_for(
    link: str, dora: Contact, ana: Actor, phone: Browser, clock: Any, changes: dict[str, Any]
) -> None:
    """A contact who approves no longer, and the mailbox of an address that was corrected."""
    assert phone.get(link).status_code == 200
    with tenant(ana.agency_id):
        change_contact(dora, changes=changes, by=ana, now=clock.now)
    assert phone.get(link).status_code == 404


def test_a_request_goes_to_the_address_of_now_or_nowhere(
    approval: Approval, dora: Contact, ana: Actor, clock: Any
) -> None:
    with tenant(ana.agency_id):
        change_contact(dora, changes={"email": "somebody.else@brightwater.example"}, by=ana, now=clock.now)
        notice = Notice.objects.get(kind="approval.request")
    send_notice(approval.agency_id, notice.pk, clock=lambda: clock.now)
    assert mail.outbox == []
