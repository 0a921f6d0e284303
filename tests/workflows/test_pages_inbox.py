"""The inbox: the most urgent first, filtered, page by page, and a guide while there is nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from agency.actor import Actor
from agency.tenancy import tenant
from clients.models import Client
from mentions.actions.sources import add_source
from mentions.models import Mention
from tests.making import make_mention
from tests.pages import tree, words
from workflows.actions.moves import claim_mention, dismiss_mention, set_priority

pytestmark = pytest.mark.django_db
Page = Callable[[Actor], Browser]


def authors(response: Any) -> list[str]:
    return [link.text().strip() for link in tree(response).css(".row__author")]


@pytest.fixture
def three(brand: Client, ben: Actor, clock: Any) -> list[Mention]:
    with tenant(ben.agency_id):
        made = [make_mention(brand, now=clock.now, author=name) for name in ("Low", "Urgent", "Normal")]
        set_priority(made[0].pk, priority="low", by=ben, seen=None, now=clock.now)
        set_priority(made[1].pk, priority="urgent", by=ben, seen=None, now=clock.now)
    return made


def test_the_most_urgent_comes_first_with_the_time_left(ivo: Actor, three: list[Mention], page: Page) -> None:
    shown = page(ivo).get("/")
    assert authors(shown) == ["Urgent", "Normal", "Low"]
    assert "15 min left" in words(shown, ".row__due")
    assert "Brightwater" in words(shown, ".row__meta")


def test_each_filter_narrows_the_list_and_nonsense_narrows_nothing(
    ben: Actor, ivo: Actor, three: list[Mention], page: Page, clock: Any
) -> None:
    with tenant(ben.agency_id):
        claim_mention(three[0].pk, by=ben, seen=None, now=clock.now)
        dismiss_mention(three[2].pk, reason="spam", by=ben, seen=None, now=clock.now)
    browser = page(ivo)
    assert authors(browser.get("/")) == ["Urgent", "Low"]
    assert authors(browser.get("/?state=claimed")) == ["Low"]
    assert authors(browser.get("/?state=dismissed")) == ["Normal"]
    assert authors(browser.get("/?priority=urgent")) == ["Urgent"]
    assert authors(browser.get(f"/?assignee={ben.id}")) == ["Low"]
    assert authors(browser.get(f"/?client={three[0].client_id}")) == ["Urgent", "Low"]
    for nonsense in (
        "state=x",
        "client=x",
        "priority=1",
        "assignee=%00",
        "client=0190b2f0-0000-7000-8000-000000000000",
    ):
        assert authors(browser.get(f"/?{nonsense}")) == ["Urgent", "Low"]
    assert "Nothing matches" in words(browser.get("/?priority=high"))


def test_another_agency_s_client_is_not_offered_and_shows_nothing(
    cleo: Actor, three: list[Mention], page: Page
) -> None:
    shown = page(cleo).get(f"/?client={three[0].client_id}")
    assert authors(shown) == []
    assert "Brightwater" not in shown.content.decode()


def test_htmx_gets_the_rows_alone_and_caches_know_the_difference(
    ivo: Actor, three: list[Mention], page: Page
) -> None:
    browser = page(ivo)
    part = browser.get("/?priority=urgent", headers={"HX-Request": "true"})
    assert authors(part) == ["Urgent"]
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part["Vary"]
    back = browser.get("/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in back.content.decode()


def test_a_long_inbox_goes_on_and_misses_nobody(ivo: Actor, brand: Client, page: Page, clock: Any) -> None:
    with tenant(ivo.agency_id):
        for number in range(55):
            make_mention(brand, now=clock.now + timedelta(seconds=number), author=f"A{number}")
    browser = page(ivo)
    first = browser.get("/")
    older = tree(first).css_first(".pager a").attributes["href"] or ""
    second = browser.get(older)
    assert len(authors(first)) == 50
    assert authors(first) + authors(second) == [f"A{number}" for number in range(55)]
    assert "Back to the most urgent" in words(second)


def test_the_list_costs_the_same_however_long_it_is(
    ivo: Actor, brand: Client, page: Page, clock: Any
) -> None:
    def queries() -> int:
        browser = page(ivo)
        with CaptureQueriesContext(connection) as asked:
            browser.get("/")
        return len(asked)

    with tenant(ivo.agency_id):
        make_mention(brand, now=clock.now)
    before = queries()
    with tenant(ivo.agency_id):
        for _ in range(30):
            make_mention(brand, now=clock.now)
    assert queries() == before


def test_a_new_agency_is_guided_step_by_step(ana: Actor, page: Page) -> None:
    shown = page(ana).get("/")
    assert "Good to have you here, Ana" in words(shown)
    primary = [link.attributes["href"] for link in tree(shown).css(".steps .btn--primary")]
    assert primary == ["/clients/add/"]


def test_the_guide_goes_on_where_one_stands_and_ends_when_it_listens(
    ana: Actor, ivo: Actor, brand: Client, page: Page, clock: Any
) -> None:
    guide = page(ana).get("/")
    assert [link.attributes["href"] for link in tree(guide).css(".steps .btn--primary")] == ["/sources/add/"]
    assert "All caught up" in words(page(ivo).get("/"))  # a reader can't set anything up
    with tenant(ana.agency_id):
        add_source(
            kind="feed",
            name="Forum",
            settings={"url": "https://forum.example/feed"},
            every=timedelta(minutes=15),
            client=None,
            by=ana,
            now=clock.now,
        )
    assert "All caught up" in words(page(ana).get("/"))
