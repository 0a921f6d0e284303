"""Every filter of the list, alone and together: the same as looking at each mention by hand."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actor import Actor
from agency.models import ApiKey
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client
from mentions.actions.search import fill_missing
from mentions.models import Mention, Post, Source
from mentions.words import END_OF_TIME
from tests.fixtures import Api, Clock
from tests.making import make_mention
from workflows.actions.moves import claim_mention, dismiss_mention

pytestmark = pytest.mark.django_db
Row = dict[str, Any]
LIST = "/api/v1/mentions/"


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def whole(key: Api, query: str) -> list[str]:
    """All pages."""
    found: list[str] = []
    following: str | None = f"http://testserver{LIST}?{query}"
    while following:
        answer = key.get(following.removeprefix("http://testserver"))
        found += ids(answer)
        following = answer.json()["next"]
    return found


# Twelve mentions that differ in everything, as rows to look at by hand.


def _source(name: str) -> Source:
    fields = {field.name for field in Source._meta.fields}
    times = {name: timedelta(minutes=15) for name in ("every",) if name in fields}
    source = Source(name=name, kind="feed", created_at=datetime(2026, 3, 1).astimezone(), **times)
    source.save(force_insert=True)
    return source


MOODS = ("positive", "negative", "", "unknown")
TONGUES = ("en", "en-GB", "LV", "")


@pytest.fixture
def dozen(brand: Client, ana: Actor, ben: Actor, clock: Clock) -> list[Row]:
    with tenant(ana.agency_id):
        fennel = create_client(name="Fennel", time_zone="UTC", language="en", by=ana, now=clock.now)
        sources = [_source("One"), _source("Other")]
        rows = []
        for number in range(12):
            now = clock.advance(minutes=1)
            client = (brand, fennel)[number % 2]
            said = ("closed early", "open late")[number // 2 % 2]
            mention = make_mention(
                client,
                now=now,
                text=said,
                author=f"A{number % 3}",
                posted=timedelta(hours=1 + 5 * number % 7),
            )
            rows.append(_vary(mention, number, sources[number // 3 % 2], (ana, ben), now))
        fill_missing()
    return rows


def _vary(mention: Mention, number: int, source: Source, people: tuple[Actor, Actor], now: datetime) -> Row:
    post = {
        "source_id": source.pk,
        "language": TONGUES[number // 2 % 4],
        "sentiment": MOODS[number // 3 % 4],
        "platform": ("feed", "loopback")[number // 4 % 2],
    }
    Post.objects.filter(pk=mention.post_id).update(**post)
    if number % 3:
        claim_mention(mention.pk, by=people[number % 2], seen=1, now=now)
    if number % 5 == 4:
        dismiss_mention(mention.pk, reason="spam", by=people[0], seen=None, now=now)
    due = None if number % 4 == 3 else now + timedelta(minutes=(number % 4 - 1) * 90)
    Mention.objects.filter(pk=mention.pk).update(
        priority=("normal", "urgent", "low")[number % 3],
        turn=("agency", "client", "platform")[number // 2 % 3],
        breached=number % 4 == 0,
        late_found=number % 6 == 5,
        corrected_sentiment="neutral" if number == 7 else "",
        due_at=due,
        urgency_at=due or END_OF_TIME,
    )
    row = Mention.objects.select_related("post").get(pk=mention.pk)
    return {
        **{name: getattr(row, name) for name in ("client_id", "state", "priority", "assignee_id", "turn")},
        **{
            name: getattr(row, name)
            for name in ("breached", "late_found", "sentiment", "due_at", "urgency_at")
        },
        **{name: getattr(row, name) for name in ("published_at", "recorded_at", "responded_at")},
        **{
            name: getattr(row.post, name)
            for name in ("source_id", "author_id", "platform", "language", "text")
        },
        "id": str(row.pk),
        "pk": row.pk,
    }


def by_hand(rows: list[Row], asked: dict[str, Any], now: datetime) -> list[str]:
    """What a list with these filters shows, in its order."""
    states = asked.get("state") or (() if "q" in asked else ("new", "claimed", "awaiting_client", "approved"))
    found = [row for row in rows if (not states or row["state"] in states) and _fits(row, asked, now)]
    closed = "q" in asked or (
        not states
        or ({"responded", "dismissed"} & set(states) and not ("turn" in asked or asked.get("overdue")))
    )
    order = asked.get("order") or ("newest" if closed else "urgency")
    field = {"urgency": "urgency_at", "newest": "recorded_at", "published": "published_at"}[order]
    found.sort(key=lambda row: (row[field], row["pk"]), reverse=order != "urgency")
    return [row["id"] for row in found]


def _fits(row: Row, asked: dict[str, Any], now: datetime) -> bool:
    is_open = row["state"] not in {"responded", "dismissed"}
    overdue = bool(is_open and row["due_at"] and row["due_at"] < now)
    tests: dict[str, Callable[[Any], bool]] = {
        "client": lambda wanted: row["client_id"] in wanted,
        "priority": lambda wanted: row["priority"] in wanted,
        "assignee": lambda wanted: (row["assignee_id"] or "none") in wanted,
        "turn": lambda wanted: is_open and row["turn"] in wanted,
        "source": lambda wanted: row["source_id"] in wanted,
        "author": lambda wanted: row["author_id"] in wanted,
        "platform": lambda wanted: row["platform"] in wanted,
        "language": lambda wanted: (
            row["language"].partition("-")[0].lower() in {tag.partition("-")[0].lower() for tag in wanted}
        ),
        "sentiment": lambda wanted: row["sentiment"] in wanted,
        "overdue": lambda wanted: overdue is wanted,
        "breached": lambda wanted: row["breached"] is wanted,
        "late_found": lambda wanted: row["late_found"] is wanted,
        "q": lambda wanted: wanted in row["text"],
    }
    for name in ("published", "recorded", "responded", "due"):
        tests[f"{name}_since"] = lambda at, held=row[f"{name}_at"]: held is not None and held >= at
        tests[f"{name}_until"] = lambda at, held=row[f"{name}_at"]: held is not None and held < at
    return all(test(asked[name]) for name, test in tests.items() if name in asked)


@st.composite
def filters(draw: st.DrawFn, rows: list[Row], now: datetime) -> dict[str, Any]:
    def some(values: Iterator[Any]) -> st.SearchStrategy[list[Any]]:
        return st.lists(st.sampled_from(sorted(set(values), key=str)), min_size=1, max_size=2, unique=True)

    times = st.integers(-200, 700).map(lambda minutes: now - timedelta(minutes=minutes))
    possible = {
        "client": some(row["client_id"] for row in rows),
        "state": some(iter(["new", "claimed", "dismissed", "responded"])),
        "priority": some(iter(["normal", "urgent", "low", "high"])),
        "assignee": some(row["assignee_id"] or "none" for row in rows),
        "turn": some(iter(["agency", "client", "platform"])),
        "source": some(row["source_id"] for row in rows),
        "author": some(row["author_id"] for row in rows),
        "platform": some(iter(["feed", "loopback"])),
        "language": some(iter(["en", "EN-us", "lv", "fr"])),
        "sentiment": some(iter(["positive", "neutral", "negative", "unknown"])),
        **{name: st.booleans() for name in ("overdue", "breached", "late_found")},
        **{
            f"{name}_{side}": times
            for name, side in product(("published", "recorded", "responded", "due"), ("since", "until"))
        },
        "q": st.sampled_from(["closed", "late"]),
    }
    names = draw(st.lists(st.sampled_from(sorted(possible)), max_size=4, unique=True))
    return {name: draw(possible[name]) for name in names}


def written(asked: dict[str, Any]) -> str:
    def word(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return value.isoformat() if isinstance(value, datetime) else str(value)

    return urlencode(
        {
            name: ",".join(map(word, value)) if isinstance(value, list) else word(value)
            for name, value in asked.items()
        }
    )


def test_any_filters_together_show_what_looking_at_each_by_hand_shows(
    api: Callable[..., Api], ivo: Actor, dozen: list[Row], clock: Clock
) -> None:
    key = api(ivo)

    @settings(max_examples=120, suppress_health_check=list(HealthCheck))
    @given(filters(dozen, clock.now), st.sampled_from(["", "newest", "published"]))
    def check(asked: dict[str, Any], order: str) -> None:
        if order and "q" not in asked:
            asked["order"] = order
        wanted = by_hand(dozen, asked, clock.now)
        assert whole(key, f"{written(asked)}&limit=5") == wanted
        asked.pop("order", None)
        counted = key.get(f"{LIST}count/?{written(asked)}").json()
        assert counted == {"count": len(wanted), "more": False}

    check()


def test_each_filter_alone_divides_the_mentions(
    api: Callable[..., Api], ivo: Actor, dozen: list[Row], clock: Clock
) -> None:
    key, every = api(ivo), "new,claimed,dismissed,responded,awaiting_client,approved"
    for name in ("overdue", "breached", "late_found"):
        yes, no = (whole(key, f"{name}={word}&state={every}") for word in ("true", "false"))
        assert sorted(yes + no) == sorted(row["id"] for row in dozen)
        assert yes, name
    nobody = whole(key, f"assignee=none&state={every}")
    assert nobody == [row["id"] for row in reversed(dozen) if row["assignee_id"] is None]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("turn=ours", "/turn/0"),
        ("sentiment=angry", "/sentiment/0"),
        ("language=e", "/language/0"),
        ("platform=myspace", "/platform/0"),
        ("overdue=1", "/overdue"),
        ("overdue=yes", "/overdue"),
        ("published_since=2026-03-06", "/published_since"),
        ("published_since=2026-03-06T10:00:00", "/published_since"),
        ("due_until=0001-01-01T00:00:00%2B14:00", "/due_until"),
        ("recorded_since=0513-10-31T14:30:59%2B19:11", "/recorded_since"),
        ("author=me", "/author/0"),
        ("assignee=%00", "/assignee/0"),
        ("client=", "/client"),
        ("client=" + ",".join(["0195677c-0a54-7000-8d2f-0f3c9a6b1e06"] * 101), "/client"),
        ("q=tea&order=published", "/order"),
        ("fields=id,post.colour", "/fields"),
        ("fields=,", "/fields"),
        ("limit=0", "/limit"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_filter_that_can_not_be_is_named(
    api: Callable[..., Api], ivo: Actor, query: str, pointer: str
) -> None:
    refused = api(ivo).get(f"{LIST}?{query}")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


def test_far_times_are_taken(api: Callable[..., Api], ivo: Actor, mention: Mention) -> None:
    key = api(ivo)
    for at in ("1900-01-01T00:00:00Z", "1913-10-31T14:30:59%2B19:11"):
        assert ids(key.get(f"{LIST}?published_since={at}")) == [str(mention.pk)]
        assert ids(key.get(f"{LIST}?q=brightwater&published_until={at}")) == []
    assert ids(key.get(f"{LIST}?recorded_since=2199-12-31T23:59:59Z")) == []


# Pages ---------------------------------------------------------------------------------------------------------


def test_walking_the_pages_while_others_work_misses_none_and_shows_none_twice(
    api: Callable[..., Api], ivo: Actor, ben: Actor, brand: Client, clock: Clock
) -> None:
    key = api(ivo)

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(["newest", "published"]),
        st.integers(1, 3),
        st.lists(st.tuples(st.sampled_from(["claim", "dismiss", "come"]), st.integers(0, 6)), max_size=5),
    )
    def check(order: str, limit: int, happens: list[tuple[str, int]]) -> None:
        with tenant(ivo.agency_id):
            Mention.objects.all().delete()
            made = [make_mention(brand, now=clock.advance(seconds=1)).pk for _ in range(7)]
        before, shown = list(made), []
        gone: set[Any] = set()
        following: str | None = f"{LIST}?order={order}&limit={limit}"
        while following:
            answer = key.get(following.removeprefix("http://testserver"))
            shown += ids(answer)
            following = answer.json()["next"]
            if happens:
                what, place = happens.pop()
                with tenant(ivo.agency_id):
                    _happen(what, before[place], brand, ben, gone, clock)
        assert len(shown) == len(set(shown))
        stayed = [str(pk) for pk in reversed(before) if pk not in gone]
        assert [pk for pk in shown if pk in set(stayed)] == stayed

    check()


def _happen(what: str, pk: UUID, brand: Client, ben: Actor, gone: set[UUID], clock: Clock) -> None:
    now = clock.advance(seconds=1)
    if what == "come":
        make_mention(brand, now=now)
    elif pk not in gone and what == "dismiss":
        dismiss_mention(pk, reason="spam", by=ben, seen=None, now=now)
        gone.add(pk)
    elif pk not in gone and Mention.objects.get(pk=pk).state == "new":
        claim_mention(pk, by=ben, seen=None, now=now)


def test_a_cursor_is_a_place_in_its_order_and_no_other(
    api: Callable[..., Api], ivo: Actor, dozen: list[Row], clock: Clock
) -> None:
    key = api(ivo)
    first = key.get(f"{LIST}?order=newest&limit=3").json()
    cursor = first["next"].partition("cursor=")[2].partition("&")[0]
    # With other filters the list goes on from that place.
    asked = {"order": "newest", "priority": ["urgent"]}
    urgent = by_hand(dozen, asked, clock.now)
    place = max(row["recorded_at"] for row in dozen if row["id"] == first["results"][-1]["id"])
    rest = [row["id"] for row in reversed(dozen) if row["id"] in urgent and row["recorded_at"] < place]
    assert ids(key.get(f"{LIST}?{written(asked)}&cursor={cursor}")) == rest
    for other in ("order=published", "order=urgency", ""):
        refused = key.get(f"{LIST}?{other}&cursor={cursor}")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/cursor")


def test_mentions_that_are_due_at_the_same_time_are_each_on_one_page(
    api: Callable[..., Api], ivo: Actor, brand: Client, clock: Clock
) -> None:
    with tenant(ivo.agency_id):
        made = sorted(str(make_mention(brand, now=clock.now).pk) for _ in range(7))
    assert whole(api(ivo), "limit=2") == made


@pytest.fixture
def queries() -> Callable[[Callable[[], Any]], list[str]]:
    """The statements that a call takes."""

    def counted(call: Callable[[], Any]) -> list[str]:
        with CaptureQueriesContext(connection) as asked:
            assert call().status_code == 200
        return [query["sql"] for query in asked.captured_queries]

    return counted


# Sparse fields -------------------------------------------------------------------------------------------------


def test_fields_name_what_is_answered_and_nothing_else_is_read(
    api: Callable[..., Api], ivo: Actor, dozen: list[Row]
) -> None:
    key = api(ivo)
    rows = key.get(f"{LIST}?fields=id,state,client.name,post.excerpt&limit=2").json()["results"]
    assert [set(row) for row in rows] == [{"id", "state", "client", "post"}] * 2
    assert rows[0]["client"] == {"name": rows[0]["client"]["name"]}
    assert set(rows[0]["post"]) == {"excerpt"}
    (row,) = key.get(f"{LIST}?fields=assignee&assignee=none&limit=1").json()["results"]
    assert row == {"assignee": None}
    every = key.get(f"{LIST}?limit=1").json()["results"][0]
    named = key.get(f"{LIST}?limit=1&fields={','.join(every)}").json()["results"][0]
    assert named == every


def test_fields_of_one_mention_are_all_that_is_read_of_it(
    api: Callable[..., Api], ben: Actor, mention: Mention, queries: Callable[[Callable[[], Any]], list[str]]
) -> None:
    key, address = api(ben), f"{LIST}{mention.pk}/"
    everything = key.get(address).json()
    assert key.get(f"{address}?fields=id,post.author.name,clocks").json() == {
        "id": str(mention.pk),
        "post": {"author": {"name": "Pauls Zariņš"}},
        "clocks": everything["clocks"],
    }
    assert key.get(f"{address}?fields=response.kind").json() == {"response": None}
    assert key.get(f"{address}?fields=post,id").headers["ETag"] == '"1"'
    few, many = (queries(lambda query=query: key.get(address + query)) for query in ("?fields=state", ""))
    assert len(few) < len(many) / 2
    refused = key.get(f"{address}?fields=post.excerpt")
    assert refused.json()["errors"][0]["detail"] == "There is no field “post.excerpt” in this answer."


def test_a_key_for_some_clients_sees_and_counts_only_those(
    api: Callable[..., Api], ana: Actor, dozen: list[Row], brand: Client
) -> None:
    key = api(ana)
    ApiKey.objects.update(client_ids=[brand.pk])
    every = "state=new,claimed,dismissed"
    mine = [row["id"] for row in reversed(dozen) if row["client_id"] == brand.pk]
    assert whole(key, every) == mine
    assert key.get(f"{LIST}count/?{every}").json() == {"count": len(mine), "more": False}
    other = next(row["client_id"] for row in dozen if row["client_id"] != brand.pk)
    assert whole(key, f"{every}&client={other},{uuid4()}") == []
    # A source that is another client's own is as if absent, by words and without.
    with tenant(ana.agency_id):
        source_id = dozen[0]["source_id"]
        assert whole(key, f"{every}&source={source_id}")
        assert whole(key, f"q=closed&source={source_id}")
        Source.objects.filter(pk=source_id).update(client_id=other)
    assert whole(key, f"{every}&source={source_id}") == whole(key, f"q=closed&source={source_id}") == []
