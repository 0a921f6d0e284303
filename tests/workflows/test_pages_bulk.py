"""The inbox's further filters, and what is done with several mentions at once: without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from agency.actor import Actor
from agency.tenancy import tenant
from clients.models import Client
from mentions.models import Mention, Post
from tests.fixtures import Clock
from tests.making import make_mention
from tests.pages import tree, words
from workflows.actions.moves import claim_mention

pytestmark = pytest.mark.django_db
Page = Callable[[Actor], Browser]
BULK = "/mentions/bulk/"


def authors(response: Any) -> list[str]:
    return [link.text().strip() for link in tree(response).css(".row__author")]


def picks(response: Any) -> list[str]:
    return [box.attributes["value"] or "" for box in tree(response).css("input[name=pick]")]


@pytest.fixture
def three(brand: Client, ben: Actor, clock: Clock) -> list[Mention]:
    with tenant(brand.agency_id):
        made = [make_mention(brand, now=clock.advance(minutes=1), author=f"A{n}") for n in range(3)]
        claim_mention(made[2].pk, by=ben, seen=1, now=clock.now)
        Post.objects.filter(pk=made[0].post_id).update(sentiment="negative", language="en-GB")
    return made


def test_each_further_filter_narrows_the_list(
    ivo: Actor, three: list[Mention], page: Page, clock: Clock
) -> None:
    browser = page(ivo)
    expected = {
        "assignee=none": ["A0", "A1"],
        "turn=agency": ["A0", "A1", "A2"],
        "turn=client": [],
        "sentiment=negative": ["A0"],
        "language=EN": ["A0"],
        "deadline=broken": [],
        "posted=day": ["A0", "A1", "A2"],
        "order=newest": ["A2", "A1", "A0"],
        "order=published": ["A2", "A1", "A0"],
        "q=&sentiment=unknown&assignee=none": ["A1"],
        "sentiment=angry&turn=ours&language=&source=x": ["A0", "A1", "A2"],
    }
    assert {query: authors(browser.get(f"/?{query}")) for query in expected} == expected
    clock.advance(hours=12)
    assert authors(browser.get("/?deadline=overdue")) == ["A0", "A1", "A2"]
    shown = tree(browser.get("/?sentiment=negative&order=newest")).css_first(".filters__more")
    assert "open" in shown.attributes
    assert shown.css_first("summary b").text() == "2"
    assert "open" not in tree(browser.get("/")).css_first(".filters__more").attributes


def test_several_are_claimed_at_once_and_what_was_not_is_said(
    ben: Actor, ana: Actor, three: list[Mention], page: Page, clock: Clock
) -> None:
    browser = page(ben)
    shown = browser.get("/?priority=normal")
    chosen = picks(shown)
    assert len(chosen) == 3
    assert tree(shown).css_first("#bulk input[name=here]").attributes["value"] == "priority=normal"
    with tenant(ana.agency_id):
        claim_mention(three[1].pk, by=ana, seen=1, now=clock.now)
    done = browser.post(BULK, {"pick": chosen, "do": "claim", "here": "priority=normal&after=x"}, follow=True)
    assert done.redirect_chain == [("/?priority=normal", 303)]
    said = words(done, ".flash")
    assert "1 mention claimed." in said
    assert "2 mentions not claimed." in said
    assert "A1: Ana claimed it just now." in said


def test_several_are_handed_on_or_dismissed_at_once(
    ana: Actor, ben: Actor, three: list[Mention], page: Page
) -> None:
    browser = page(ana)
    both = [f"{three[0].pk}:1", f"{three[1].pk}:1"]
    assert "2 mentions dismissed." in words(
        browser.post(BULK, {"pick": both, "do": "dismiss", "reason": "spam"}, follow=True), ".flash"
    )
    handed = browser.post(
        BULK, {"pick": [f"{three[2].pk}:2"], "do": "assign", "assignee": str(ana.id)}, follow=True
    )
    assert "1 mention handed on." in words(handed, ".flash")
    with tenant(ana.agency_id):
        assert Mention.objects.get(pk=three[2].pk).assignee_id == ana.id
        assert Mention.objects.filter(state="dismissed", dismiss_reason="spam").count() == 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"do": "claim"}, "Select some mentions first"),
        ({"do": "claim", "pick": ["x"]}, "That selection can't be read."),
        ({"do": "dismiss", "pick": ["0195677c-0a54-7000-8d2f-0f3c9a6b1e06:1"]}, "Choose a reason first"),
        (
            {"do": "assign", "pick": ["0195677c-0a54-7000-8d2f-0f3c9a6b1e06:1"]},
            "Choose whom they are handed to",
        ),
        ({"do": "shred", "pick": ["0195677c-0a54-7000-8d2f-0f3c9a6b1e06:1"]}, "Press one of the buttons"),
        ({"do": "claim", "pick": ["0195677c-0a54-7000-8d2f-0f3c9a6b1e06:1"]}, "1 mention not claimed."),
    ],
    ids=["none", "nonsense", "no reason", "nobody", "no such thing", "absent"],
)
def test_what_is_missing_is_said(ben: Actor, page: Page, data: dict[str, Any], sentence: str) -> None:
    assert sentence in words(page(ben).post(BULK, data, follow=True), ".flash")


def test_who_only_reads_is_offered_no_boxes(ivo: Actor, three: list[Mention], page: Page) -> None:
    browser = page(ivo)
    assert picks(browser.get("/")) == []
    assert browser.post(BULK, {"pick": f"{three[0].pk}:1", "do": "claim"}).status_code == 403


def test_what_is_closed_has_no_box(ana: Actor, three: list[Mention], page: Page) -> None:
    browser = page(ana)
    browser.post(BULK, {"pick": f"{three[0].pk}:1", "do": "dismiss", "reason": "spam"})
    shown = browser.get("/?state=dismissed")
    assert (authors(shown), picks(shown), tree(shown).css_first("#bulk")) == (["A0"], [], None)
