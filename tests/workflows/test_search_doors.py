"""Searching in the inbox and over the API: what one finds, what is said where nothing is found, and what it costs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from agency.actor import Actor
from agency.models import Membership
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client
from mentions.actions.search import fill_missing
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import make_mention
from tests.pages import tree, words
from workflows.actions.moves import claim_mention, dismiss_mention

pytestmark = pytest.mark.django_db
Page = Callable[[Actor], Browser]
Found = list[Mention]


@pytest.fixture
def four(brand: Client, ben: Actor, ana: Actor, clock: Clock) -> list[Mention]:
    """New, claimed and dismissed ones that say café, oldest first, and one that doesn't."""
    with tenant(brand.agency_id):
        made = [
            make_mention(brand, now=clock.advance(minutes=1), text=text, author=author)
            for text, author in (
                ("The café was closed", "New"),
                ("A CAFE in Riga", "Claimed"),
                ("Cafés everywhere", "Dismissed"),
                ("Tea, please", "Other"),
            )
        ]
        claim_mention(made[1].pk, by=ben, seen=None, now=clock.now)
        dismiss_mention(made[2].pk, reason="spam", by=ana, seen=None, now=clock.now)
        fill_missing()
    return made


def authors(response: Any) -> list[str]:
    return [link.text().strip() for link in tree(response).css(".row__author")]


def chips(response: Any) -> dict[str, str]:
    return {
        " ".join(chip.text().split()): chip.attributes["href"] or "" for chip in tree(response).css(".chip")
    }


# The page ------------------------------------------------------------------------------------------------------


def test_a_search_shows_every_state_newest_first_and_says_so(ivo: Actor, four: Found, page: Page) -> None:
    shown = page(ivo).get("/?q=cafe")
    assert authors(shown) == ["Dismissed", "Claimed", "New"]
    assert "Mentions with “cafe” in every state, newest first." in words(shown)
    assert tree(shown).css_first(".results__said a").attributes["href"] == "?"
    assert [mark.text() for mark in tree(shown).css(".row__text mark")] == [
        "Cafés",
        "CAFE",
        "café",
    ]


def test_a_search_goes_with_the_other_filters_and_stays_in_the_addresses(
    ivo: Actor, ben: Actor, four: Found, page: Page
) -> None:
    browser = page(ivo)
    shown = browser.get("/?q=cafe&priority=normal")
    links = chips(shown)
    assert list(links) == [
        *("All", "Open", "New", "Claimed", "Awaiting client", "Approved", "Responded", "Dismissed"),
    ]
    assert authors(browser.get("/" + links["Open"])) == ["Claimed", "New"]
    assert authors(browser.get("/" + links["Dismissed"])) == ["Dismissed"]
    assert authors(browser.get("/" + links["All"])) == ["Dismissed", "Claimed", "New"]
    assert authors(browser.get(f"/?q=cafe&assignee={ben.id}")) == ["Claimed"]
    assert authors(browser.get(f"/?q=cafe&client={four[0].client_id}&state=new")) == ["New"]
    # The form that is sent without JavaScript holds what is chosen.
    form = tree(browser.get("/?q=cafe&state=claimed")).css_first("form.filters")
    held = {node.attributes["name"]: node.attributes.get("value") for node in form.css("input")}
    assert held == {"q": "cafe", "state": "claimed", "language": None}


def test_where_nothing_is_found_the_page_says_what_to_do(ivo: Actor, four: Found, page: Page) -> None:
    browser = page(ivo)
    nothing = browser.get('/?q=<b>"espresso"')
    assert 'No mention contains “<b>"espresso"”' in words(nothing)
    assert "<b>&quot;" not in nothing.content.decode().replace("&lt;b&gt;&quot;", "")
    assert "Search everything" not in words(nothing)
    narrowed = browser.get("/?q=tea&state=claimed")
    assert "No mention with “tea” fits the filters" in words(narrowed)
    (everything,) = [
        link.attributes["href"] for link in tree(narrowed).css(".empty a") if "everything" in link.text()
    ]
    assert authors(browser.get(f"/{everything}")) == ["Other"]
    assert "There is no word in this to search for" in words(browser.get("/?q=!!!"))


def test_an_empty_search_is_the_inbox(ivo: Actor, four: Found, page: Page) -> None:
    browser = page(ivo)
    for query in ("q=", "q=%20%00%20", "q=&state=open"):
        assert authors(browser.get(f"/?{query}")) == ["New", "Other", "Claimed"], query


@pytest.mark.parametrize("typed", ["cafe " * 2000, "x" * 5000, "caf%00e", "cafe\\'", "'cafe | &", "-" * 300])
def test_whatever_is_typed_the_page_answers(ivo: Actor, four: Found, page: Page, typed: str) -> None:
    assert page(ivo).get("/", {"q": typed}).status_code == 200


def test_htmx_gets_the_rows_of_a_search_alone(ivo: Actor, four: Found, page: Page) -> None:
    part = page(ivo).get("/?q=tea", headers={"HX-Request": "true"})
    assert authors(part) == ["Other"]
    assert "<html" not in part.content.decode()
    assert tree(part).css_first("#results").attributes["hx-get"] == "/?q=tea"


def test_a_long_search_goes_on_and_misses_nothing(
    ivo: Actor, brand: Client, page: Page, clock: Clock
) -> None:
    with tenant(ivo.agency_id):
        for number in range(52):
            make_mention(brand, now=clock.advance(seconds=1), author=f"A{number}")
        fill_missing()
    browser = page(ivo)
    first = browser.get("/?q=brightwater&state=open")
    older = tree(first).css_first(".pager a")
    assert "Older" in older.text()
    second = browser.get(older.attributes["href"] or "")
    assert authors(first) + authors(second) == [f"A{number}" for number in reversed(range(52))]
    assert "Newest" in words(second, ".pager")


def test_another_agency_finds_nothing_of_it(cleo: Actor, four: Found, page: Page) -> None:
    shown = page(cleo).get("/?q=cafe")
    assert authors(shown) == []
    assert "No mention contains “cafe”" in words(shown)


def test_who_works_for_some_clients_finds_only_theirs(
    ana: Actor, ivo: Actor, four: Found, page: Page, api: Callable[..., Api], clock: Clock
) -> None:
    with tenant(ana.agency_id):
        fennel = create_client(name="Fennel", time_zone="UTC", language="en", by=ana, now=clock.now)
        theirs = make_mention(fennel, now=clock.now, text="Fennel café", author="Theirs")
        fill_missing()
    key = api(ivo)
    Membership.objects.filter(pk=ivo.id).update(client_ids=[fennel.pk])
    browser = page(ivo)
    assert authors(browser.get("/?q=cafe")) == ["Theirs"]
    assert authors(browser.get(f"/?q=cafe&client={four[0].client_id}")) == [
        "Theirs"
    ]  # a client unknown to them
    assert "No mention contains “tea”" in words(browser.get("/?q=tea"))
    assert ids(key.get("/api/v1/mentions/?q=cafe&limit=1")) == [str(theirs.pk)]
    assert ids(key.get(f"/api/v1/mentions/?q=cafe&client={four[0].client_id}")) == []


# The API -------------------------------------------------------------------------------------------------------


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_the_api_searches_all_states_or_those_named(api: Callable[..., Api], ivo: Actor, four: Found) -> None:
    key = api(ivo)
    new, claimed, dismissed, other = (str(mention.pk) for mention in four)
    expected = {
        "q=cafe": [dismissed, claimed, new],
        "q=caf%C3%A9&order=newest": [dismissed, claimed, new],
        "q=%22cafe%22": [claimed, new],
        "q=cafe+-closed": [dismissed, claimed],
        "q=riga+OR+tea": [other, claimed],
        "q=cafe&state=new,claimed": [claimed, new],
        "q=cafe&assignee=me": [],
        "q=forum.example": [other, dismissed, claimed, new],
        "q=espresso": [],
    }
    assert {query: ids(key.get(f"/api/v1/mentions/?{query}")) for query in expected} == expected


def test_pages_of_a_search_follow_each_other_while_mentions_come(
    api: Callable[..., Api], ivo: Actor, brand: Client, clock: Clock
) -> None:
    with tenant(ivo.agency_id):
        before = [str(make_mention(brand, now=clock.advance(seconds=1)).pk) for _ in range(5)]
        fill_missing()
    key = api(ivo)
    first = key.get("/api/v1/mentions/?q=closed&limit=2")
    with tenant(ivo.agency_id):
        make_mention(brand, now=clock.advance(seconds=1))
        fill_missing()
    found, following = ids(first), first.json()["next"]
    while following:
        answer = key.get(following.removeprefix("http://testserver"))
        found += ids(answer)
        following = answer.json()["next"]
    assert found == before[::-1]


def test_a_page_of_a_search_takes_one_query(
    api: Callable[..., Api], ivo: Actor, four: Found, brand: Client, clock: Clock
) -> None:
    key = api(ivo)
    key.get("/api/v1/mentions/")  # the first use of a key in a minute is noted

    def queries(asked: str) -> int:
        with CaptureQueriesContext(connection) as taken:
            assert ids(key.get(f"/api/v1/mentions/?{asked}"))
        return len([query for query in taken if "plan_cache_mode" not in query["sql"]])

    plain = queries("limit=200")
    with tenant(ivo.agency_id):
        for _ in range(30):
            make_mention(brand, now=clock.now)
        fill_missing()
    for asked in ("q=cafe", "q=closed&limit=200", "q=closed&limit=2", "q=closed&state=new&limit=2"):
        assert queries(asked) == plain, asked


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("q=", "/q"),
        ("q=!!!", "/q"),
        ("q=%00", "/q"),
        (f"q={'x' * 201}", "/q"),
        ("q=a&q=b", "/q"),
        ("q=cafe&order=urgency", "/order"),
        ("q=cafe&cursor=WyJ1MDE5NSIsInUwMTk1Il0", "/cursor"),
    ],
)
def test_a_search_that_can_not_be_is_named(
    api: Callable[..., Api], ivo: Actor, query: str, pointer: str
) -> None:
    refused = api(ivo).get(f"/api/v1/mentions/?{query}")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


def test_an_excerpt_is_taken_from_around_the_first_find(
    api: Callable[..., Api], ivo: Actor, brand: Client, clock: Clock
) -> None:
    with tenant(ivo.agency_id):
        make_mention(brand, now=clock.now, text=f"{'word ' * 300}and the Café was closed {'word ' * 300}")
        fill_missing()
    excerpt = api(ivo).get("/api/v1/mentions/?q=cafe").json()["results"][0]["post"]["excerpt"]
    assert excerpt.startswith("… word") and "Café was closed" in excerpt  # noqa: PT018
    assert len(excerpt) <= 400
