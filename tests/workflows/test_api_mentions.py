"""Mentions over the API: the list, and one with everything around it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.actor import Actor
from agency.tenancy import tenant
from clients.models import Client
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import make_mention
from workflows.actions.moves import claim_mention, dismiss_mention, set_priority


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


@pytest.fixture
def three(brand: Client, ana: Actor, ben: Actor, clock: Clock) -> list[str]:
    """A new one, an urgent one that Ben works on, and a dismissed one, in the order that they came."""
    made = []
    with tenant(ana.agency_id):
        for _ in range(3):
            clock.advance(minutes=1)
            made.append(make_mention(brand, now=clock.now).pk)
        claim_mention(made[1], by=ben, seen=1, now=clock.now)
        set_priority(made[1], priority="urgent", by=ben, seen=2, now=clock.now)
        dismiss_mention(made[2], reason="spam", by=ana, seen=1, now=clock.now)
    return [str(pk) for pk in made]


def test_the_list_shows_open_work_by_urgency(api: Callable[..., Api], ivo: Actor, three: list[str]) -> None:
    new, urgent, _ = three
    answer = api(ivo).get("/api/v1/mentions/")
    assert ids(answer) == [urgent, new]
    row = answer.json()["results"][0]
    assert (row["client"]["name"], row["assignee"]["name"], row["due_kind"]) == (
        "Brightwater",
        "Ben",
        "respond",
    )
    assert row["post"]["excerpt"].startswith("Brightwater was closed")


def test_the_list_is_filtered_by_what_is_asked(
    api: Callable[..., Api], ivo: Actor, ben: Actor, brand: Client, three: list[str]
) -> None:
    new, urgent, dismissed = three
    key = api(ivo)
    expected = {
        "state=new": [new],
        "state=new,dismissed": [dismissed, new],
        "state=dismissed&state=new": [dismissed, new],
        "state=responded": [],
        "priority=urgent": [urgent],
        f"assignee={ben.id}": [urgent],
        "assignee=me": [],
        f"client={brand.pk}&order=newest": [urgent, new],
        f"client={uuid4()}": [],
        f"source={uuid4()}": [],
    }
    assert {query: ids(key.get(f"/api/v1/mentions/?{query}")) for query in expected} == expected
    assert ids(api(ben).get("/api/v1/mentions/?assignee=me")) == [urgent]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("state=open", "/state/0"),
        ("state=new&order=oldest", "/order"),
        ("state=dismissed&order=urgency", "/order"),
        ("priority=highest", "/priority/0"),
        ("assignee=you", "/assignee/0"),
        ("client=Brightwater", "/client/0"),
        ("stat=new", "/stat"),
        ("cursor=WyJ1MDE5NSIsInUwMTk1Il0", "/cursor"),
    ],
)
def test_a_wrong_filter_is_named(api: Callable[..., Api], ivo: Actor, query: str, pointer: str) -> None:
    refused = api(ivo).get(f"/api/v1/mentions/?{query}")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


def test_pages_follow_each_other_while_mentions_come(
    api: Callable[..., Api], ivo: Actor, brand: Client, clock: Clock
) -> None:
    with tenant(ivo.agency_id):
        before = [str(make_mention(brand, now=clock.advance(seconds=1)).pk) for _ in range(5)]
    key = api(ivo)
    first = key.get("/api/v1/mentions/?limit=2&order=newest")
    with tenant(ivo.agency_id):
        make_mention(brand, now=clock.advance(seconds=1))
    found, following = ids(first), first.json()["next"]
    while following:
        answer = key.get(following.removeprefix("http://testserver"))
        found += ids(answer)
        following = answer.json()["next"]
    assert found == before[::-1]


def test_a_list_takes_one_query_whatever_its_size(
    api: Callable[..., Api], ivo: Actor, brand: Client, clock: Clock
) -> None:
    key = api(ivo)
    key.get("/api/v1/mentions/")  # the first use of a key in a minute is noted

    def queries(rows: int) -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(ids(key.get("/api/v1/mentions/?limit=200"))) == rows
        return [query["sql"] for query in asked.captured_queries]

    with tenant(ivo.agency_id):
        make_mention(brand, now=clock.now)
    one = queries(1)
    with tenant(ivo.agency_id):
        for _ in range(59):
            make_mention(brand, now=clock.now)
    sixty = queries(60)
    assert len(sixty) == len(one)
    work = [
        sql
        for sql in sixty
        if "set_config" not in sql and "agency_apikey" not in sql and "SAVEPOINT" not in sql
    ]
    assert len(work) == 1


def test_one_mention_comes_with_everything_around_it(
    api: Callable[..., Api], ben: Actor, mention: Mention, clock: Clock
) -> None:
    clock.advance(minutes=10)
    whole = api(ben).get(f"/api/v1/mentions/{mention.pk}/").json()
    assert whole["post"]["author"]["name"] == "Pauls Zariņš"
    assert [(c["kind"], c["state"], c["used"]) for c in whole["clocks"]] == [
        ("claim", "running", 600),
        ("respond", "running", 600),
    ]
    assert whole["ledger"]["sentence"] == "30 min: 20 min before we saw it, 10 min us"
    assert sum(whole["ledger"]["totals"].values()) == whole["ledger"]["whole"] == 1800
    assert (whole["response"], whole["approval"], whole["publication"]) == (None, None, None)
    assert [happening["what"] for happening in whole["history"]] == ["recorded"]
    assert whole["actions"] == ["claim", "priority", "dismiss", "answered"]


def test_who_only_reads_is_offered_nothing(api: Callable[..., Api], ivo: Actor, mention: Mention) -> None:
    key = api(ivo)
    whole = key.get(f"/api/v1/mentions/{mention.pk}/").json()
    assert whole["actions"] == []
    assert key.post(f"/api/v1/mentions/{mention.pk}/claim/", {"version": 1}).status_code == 403


def test_another_agencys_mention_looks_absent(api: Callable[..., Api], cleo: Actor, mention: Mention) -> None:
    key = api(cleo)
    calls = [
        ("GET", ""),
        *(("POST", f"{name}/") for name in ("claim", "release", "submit", "recall", "send-again")),
    ]
    for method, path in calls:
        answers = [
            key.call(method, f"/api/v1/mentions/{pk}/{path}", {"version": 1}) for pk in (mention.pk, uuid4())
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        first, second = ({**answer.json(), "request_id": ""} for answer in answers)
        assert first == second
    assert ids(key.get("/api/v1/mentions/")) == []
    assert ids(key.get(f"/api/v1/mentions/?client={mention.client_id}")) == []
