"""The mention's page: what is offered to whom, what is done there, and what is said when it can't be."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from agency.actor import Actor
from agency.models import AuditEntry
from agency.tenancy import tenant
from clients.actions.policies import set_approval_policy
from clients.models import Client, Contact, Template
from mentions.models import Mention
from tests.making import make_mention
from tests.pages import fields, find_form, follow, submit, tree, words
from workflows.actions.moves import claim_mention, set_priority
from workflows.actions.responses import draft_reply
from workflows.models import Approval, Version

pytestmark = pytest.mark.django_db
Page = Callable[[Actor], Browser]


def url(mention: Mention) -> str:
    return f"/mentions/{mention.pk}/"


def now_of(mention: Mention) -> Mention:
    with tenant(mention.agency_id):
        return Mention.objects.select_related("assignee__user").get(pk=mention.pk)


def buttons(response: Any) -> set[str]:
    return {" ".join(node.text().split()) for node in tree(response).css(".moves button, .moves summary")}


@pytest.fixture
def claimed(mention: Mention, ben: Actor, clock: Any) -> Mention:
    with tenant(ben.agency_id):
        return claim_mention(mention.pk, by=ben, seen=None, now=clock.now)


def test_a_new_mention_can_be_claimed_from_its_page(ben: Actor, mention: Mention, page: Page) -> None:
    browser = page(ben)
    shown = browser.get(url(mention))
    assert {"Claim", "Dismiss"} <= buttons(shown)
    after = follow(browser, submit(browser, shown, action="/move/claim/"))
    assert now_of(mention).assignee.user.name == "Ben"
    assert "It's yours." in words(after)
    assert "Ben" in words(after, ".state-line")


def test_an_analyst_reads_it_and_is_offered_nothing(ivo: Actor, mention: Mention, page: Page) -> None:
    shown = page(ivo).get(url(mention))
    assert shown.status_code == 200
    assert mention.post.text in words(shown)
    assert not tree(shown).css("main form")
    tried = page(ivo).post(url(mention) + "move/claim/", {"version": mention.version})
    assert tried.status_code == 403
    assert now_of(mention).state == "new"


def test_only_the_assignee_or_a_manager_is_offered_to_give_it_back(
    ben: Actor, mara: Actor, ana: Actor, claimed: Mention, page: Page, clock: Any
) -> None:
    assert "Give back to the queue" in buttons(page(ben).get(url(claimed)))
    assert "Give back to the queue" in buttons(page(mara).get(url(claimed)))
    with tenant(ana.agency_id):
        from_ana = Mention.objects.get(pk=claimed.pk)
    assert from_ana.assignee_id == ben.id


def test_somebody_who_was_slower_sees_what_happened_and_how_it_stands(
    ben: Actor, mara: Actor, mention: Mention, page: Page
) -> None:
    slow = page(mara)
    shown = slow.get(url(mention))
    fast = page(ben)
    submit(fast, fast.get(url(mention)), action="/move/claim/")
    answer = submit(slow, shown, action="/move/claim/")
    assert answer.status_code == 409
    assert "Ben claimed it" in words(answer, "[role=alert]")
    assert "Claimed" in words(answer, ".state-line")
    assert now_of(mention).assignee.user.name == "Ben"


def test_a_conflict_over_htmx_is_a_part_of_the_page(
    ben: Actor, mara: Actor, claimed: Mention, page: Page
) -> None:
    answer = page(mara).post(
        url(claimed) + "move/claim/", {"version": claimed.version - 1}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 409
    assert not tree(answer).css("html nav")
    assert "Ben claimed it" in answer.content.decode()


def test_a_form_that_does_not_say_what_was_seen_changes_nothing(
    ben: Actor, mention: Mention, page: Page
) -> None:
    for version in ("", "x", "-1", "9" * 30):
        answer = page(ben).post(url(mention) + "move/claim/", {"version": version})
        assert answer.status_code == 409
    assert now_of(mention).state == "new"


def test_an_unknown_move_is_nowhere(ben: Actor, mention: Mention, page: Page) -> None:
    for move in ("approve", "respond", "explode"):
        answer = page(ben).post(f"{url(mention)}move/{move}/", {"version": mention.version})
        assert answer.status_code == 404
    assert now_of(mention).state == "new"


def test_reloading_an_address_that_takes_forms_leads_to_the_page(
    ben: Actor, mention: Mention, page: Page
) -> None:
    browser = page(ben)
    for part in ("draft/", "attest/", "priority/", "move/claim/"):
        answer = browser.get(url(mention) + part)
        assert (answer.status_code, answer["Location"]) == (303, url(mention))


def test_dismissing_needs_a_reason_and_keeps_the_note(ben: Actor, mention: Mention, page: Page) -> None:
    browser = page(ben)
    shown = browser.get(url(mention))
    refused = submit(browser, shown, action="/move/dismiss/", note="Looks like a bot")
    assert refused.status_code == 422
    assert "Choose a reason." in words(refused)
    assert fields(find_form(refused, action="/move/dismiss/"))["note"] == "Looks like a bot"
    assert tree(refused).css("details[open] form[action$='/move/dismiss/']")
    after = follow(browser, submit(browser, refused, action="/move/dismiss/", reason="spam"))
    assert now_of(mention).dismiss_reason == "spam"
    assert "Looks like a bot" in words(after, ".timeline")


def test_a_draft_is_saved_as_a_version_and_shown_again(ben: Actor, claimed: Mention, page: Page) -> None:
    browser = page(ben)
    shown = browser.get(url(claimed))
    after = follow(
        browser, submit(browser, shown, action="/draft/", text="We are sorry, Pauls.", then="save")
    )
    assert fields(find_form(after, action="/draft/"))["text"] == "We are sorry, Pauls."
    assert "Version 1" in words(after)
    with tenant(claimed.agency_id):
        assert list(Version.objects.values_list("text", "author_name")) == [("We are sorry, Pauls.", "Ben")]


def test_an_empty_draft_says_so_beside_the_field(ben: Actor, claimed: Mention, page: Page) -> None:
    browser = page(ben)
    answer = submit(browser, browser.get(url(claimed)), action="/draft/", text=" \u200b ", then="save")
    assert answer.status_code == 422
    assert "Write the reply first." in words(answer, ".field__error")


def test_a_draft_that_is_too_long_is_not_lost(ben: Actor, claimed: Mention, page: Page) -> None:
    long = "a" * 5001
    browser = page(ben)
    answer = submit(browser, browser.get(url(claimed)), action="/draft/", text=long, then="save")
    assert answer.status_code == 422
    assert "at most 5,000 characters; this one has 5,001" in words(answer)
    assert fields(find_form(answer, action="/draft/"))["text"] == long


def test_a_text_that_lost_against_another_is_given_back(
    ben: Actor, mara: Actor, claimed: Mention, page: Page, clock: Any
) -> None:
    browser = page(ben)
    shown = browser.get(url(claimed))
    with tenant(mara.agency_id):
        draft_reply(claimed.pk, text="Mara's text", by=mara, seen=None, now=clock.now)
    answer = submit(browser, shown, action="/draft/", text="Ben's long work", then="save")
    assert answer.status_code == 409
    assert "Mara saved version 1 while you wrote." in words(answer, "[role=alert]")
    assert words(answer, "#lost-text") == "Ben's long work"
    assert fields(find_form(answer, action="/draft/"))["text"] == "Mara's text"


def test_a_template_is_filled_and_put_below_what_was_typed(ben: Actor, claimed: Mention, page: Page) -> None:
    with tenant(ben.agency_id):
        template = Template.objects.get(name="Thank you")
    browser = page(ben)
    shown = browser.get(url(claimed))
    answer = submit(browser, shown, action="/draft/", text="Hello!", template=template.pk, then="template")
    assert answer.status_code == 200
    text = fields(find_form(answer, action="/draft/"))["text"]
    assert text.startswith("Hello!\n\nHi Pauls Zariņš, thank you so much")
    assert "Brightwater" in text
    with tenant(ben.agency_id):
        assert not Version.objects.exists()


def test_a_template_in_the_address_fills_the_reply(ben: Actor, claimed: Mention, page: Page) -> None:
    with tenant(ben.agency_id):
        template = Template.objects.get(name="We hear you")
    shown = page(ben).get(f"{url(claimed)}?template={template.pk}")
    assert fields(find_form(shown, action="/draft/"))["text"].startswith(
        "Hi Pauls Zariņš, thank you for telling us"
    )
    assert page(ben).get(f"{url(claimed)}?template=nonsense").status_code == 200


def test_the_kind_of_the_template_stays_with_the_reply(ben: Actor, claimed: Mention, page: Page) -> None:
    with tenant(ben.agency_id):
        template = Template.objects.get(name="We hear you")
    browser = page(ben)
    submit(
        browser, browser.get(url(claimed)), action="/draft/", text="Sorry", template=template.pk, then="save"
    )
    submit(browser, browser.get(url(claimed)), action="/draft/", text="So sorry", then="save")
    with tenant(ben.agency_id):
        assert {v.response.kind for v in Version.objects.select_related("response")} == {"we_hear_you"}


def test_asking_the_client_saves_the_text_and_sends_it_to_the_approver(
    ben: Actor, claimed: Mention, dora: Contact, page: Page
) -> None:
    browser = page(ben)
    shown = browser.get(url(claimed))
    after = follow(
        browser, submit(browser, shown, action="/draft/", text="We are open again.", then="submit")
    )
    assert "The client is asked" in words(after)
    assert "Dora" in words(after, "#approval-h ~ *, .asked")
    assert now_of(claimed).state == "awaiting_client"
    assert {"Take back from the client", "Dismiss"} <= buttons(after)
    assert not tree(after).css("textarea[name=text]")
    assert words(after, "#reply-text") == "We are open again."


def test_asking_a_client_without_an_approver_keeps_the_text_and_saves_nothing(
    ben: Actor, claimed: Mention, page: Page
) -> None:
    browser = page(ben)
    answer = submit(browser, browser.get(url(claimed)), action="/draft/", text="Hello", then="submit")
    assert answer.status_code == 422
    assert "Brightwater has no approver." in words(answer, "[role=alert]")
    assert fields(find_form(answer, action="/draft/"))["text"] == "Hello"
    with tenant(ben.agency_id):
        assert not Version.objects.exists()
        assert not Approval.objects.exists()


def test_where_nobody_is_asked_the_button_approves_and_the_reply_is_posted_by_hand(
    ben: Actor, mara: Actor, claimed: Mention, brand: Client, page: Page, clock: Any
) -> None:
    with tenant(mara.agency_id):
        set_approval_policy(client=brand, asks="nobody", by=mara, now=clock.now)
    browser = page(ben)
    shown = browser.get(url(claimed))
    assert "Ask the client" not in words(shown, "#reply")
    after = follow(browser, submit(browser, shown, action="/draft/", text="Thank you!", then="clear"))
    assert now_of(claimed).state == "approved"
    refused = submit(browser, after, action="/attest/", url="javascript:alert(1)")
    assert refused.status_code == 422
    assert "beginning with https://" in words(refused, ".field__error")
    done = follow(
        browser, submit(browser, refused, action="/attest/", url="https://forum.example/posts/1#reply")
    )
    assert now_of(claimed).state == "responded"
    assert tree(done).css("a[href='https://forum.example/posts/1#reply']")
    assert "Reopen" in buttons(done)


def test_reopening_makes_it_the_opener_s_again(ana: Actor, ben: Actor, mention: Mention, page: Page) -> None:
    browser = page(ben)
    submit(browser, browser.get(url(mention)), action="/move/dismiss/", reason="spam")
    after = follow(
        browser, submit(browser, browser.get(url(mention)), action="/move/reopen/", note="It was real")
    )
    assert "It was real" in words(after, ".timeline")
    assert now_of(mention).state == "claimed"
    assert now_of(mention).assignee_id == ben.id


def test_the_assignee_hands_it_on_and_a_stranger_cannot(
    ben: Actor, mara: Actor, ana: Actor, claimed: Mention, page: Page
) -> None:
    browser = page(ben)
    follow(browser, submit(browser, browser.get(url(claimed)), action="/move/assign/", member=mara.id))
    assert now_of(claimed).assignee_id == mara.id
    assert "Hand on" not in buttons(browser.get(url(claimed)))
    answer = browser.post(
        url(claimed) + "move/assign/", {"version": now_of(claimed).version, "member": ana.id}
    )
    assert answer.status_code == 403
    assert now_of(claimed).assignee_id == mara.id


def test_a_member_of_another_agency_cannot_be_handed_anything(
    ben: Actor, cleo: Actor, claimed: Mention, page: Page
) -> None:
    answer = page(ben).post(url(claimed) + "move/assign/", {"version": claimed.version, "member": cleo.id})
    assert answer.status_code == 422
    assert now_of(claimed).assignee_id == ben.id


def test_changing_the_priority_moves_the_promises(ben: Actor, claimed: Mention, page: Page) -> None:
    browser = page(ben)
    after = follow(
        browser, submit(browser, browser.get(url(claimed)), action="/priority/", priority="urgent")
    )
    assert "Priority: urgent." in words(after)
    assert "of 1 h" in words(after, ".clocks")
    refused = browser.post(
        url(claimed) + "priority/", {"version": now_of(claimed).version, "priority": "panic"}
    )
    assert refused.status_code == 422
    assert now_of(claimed).priority == "urgent"


def test_a_text_typed_while_the_mention_changed_is_given_back(
    ben: Actor, mara: Actor, claimed: Mention, page: Page, clock: Any
) -> None:
    browser = page(ben)
    shown = browser.get(url(claimed))
    with tenant(mara.agency_id):
        set_priority(claimed.pk, priority="high", by=mara, seen=None, now=clock.now)
    answer = submit(browser, shown, action="/draft/", text="Half an hour of work", then="submit")
    assert answer.status_code == 409
    assert words(answer, "#lost-text") == "Half an hour of work"


def test_another_agency_s_mention_is_not_there(cleo: Actor, mention: Mention, page: Page) -> None:
    browser = page(cleo)
    absent = url(mention).replace(str(mention.pk), "0190b2f0-0000-7000-8000-000000000000")
    foreign, missing = browser.get(url(mention)), browser.get(absent)
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert "Brightwater" not in foreign.content.decode()
    moved = browser.post(url(mention) + "move/claim/", {"version": mention.version})
    assert moved.status_code == 404
    assert now_of(mention).state == "new"


def test_what_is_done_there_is_audited_with_the_address_it_came_from(
    ben: Actor, mention: Mention, page: Page
) -> None:
    browser = page(ben)
    submit(browser, browser.get(url(mention)), action="/move/claim/")
    with tenant(ben.agency_id):
        entry = AuditEntry.objects.get(action="mention.claimed")
    assert (entry.actor_name, entry.address) == ("Ben", "127.0.0.1")


def test_a_post_with_markup_is_text(ben: Actor, brand: Client, page: Page, clock: Any) -> None:
    with tenant(ben.agency_id):
        hostile = make_mention(
            brand,
            now=clock.now,
            text="<script>alert(1)</script> Brightwater",
            author='"><img src=x onerror=1>',
        )
    shown = page(ben).get(url(hostile))
    assert "<script>alert(1)" not in shown.content.decode()
    assert not tree(shown).css("img[src=x]")
