"""What lists and moves cost in queries: the same whatever their size, their filters, and who asks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.actor import Actor
from agency.models import ApiKey, Membership
from agency.tenancy import tenant
from clients.models import Client
from mentions.actions.search import fill_missing
from tests.fixtures import Api, Clock
from tests.making import make_mention
from workflows.actions.moves import claim_mention, dismiss_mention, release_mention, reopen_mention

ID = "0195677c-0a54-7000-8d2f-0f3c9a6b1e06"
AT = "2026-03-06T17:00:00Z"
FILTERS = (
    "",
    "q=brightwater",
    "order=newest",
    "order=published",
    "state=new,dismissed",
    "priority=urgent,normal",
    "turn=agency",
    "overdue=true",
    "overdue=false",
    "breached=false",
    "late_found=false",
    "assignee=none",
    f"client={ID}",
    f"source={ID}",
    f"author={ID}",
    "platform=feed",
    "language=en",
    "sentiment=unknown",
    "fields=id,post.excerpt",
    *(
        f"{name}_{side}={AT}"
        for name in ("published", "recorded", "responded", "due")
        for side in ("since", "until")
    ),
    f"q=brightwater&source={ID}&overdue=false&sentiment=unknown",
)
# What goes before the list itself: who asks, and entering their agency.
BEFORE = ("agency_apikey", "set_config", "SAVEPOINT")


def asked(call: Callable[[], Any], rows: int | None = None) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        answer = call()
    assert answer.status_code == 200, answer.content
    if rows is not None:
        assert len(answer.json()["results"]) == rows
    return [q["sql"] for q in queries.captured_queries if not any(word in q["sql"] for word in BEFORE)]


@pytest.fixture
def keys(
    api: Callable[..., Api], ana: Actor, mara: Actor, ben: Actor, ivo: Actor, brand: Client
) -> dict[str, Api]:
    """By who asks; all have been here a moment ago."""
    found = {actor.name: api(actor) for actor in (ana, mara, ben, ivo)}
    found["limited key"] = api(ana)
    ApiKey.objects.filter(prefix=found["limited key"].token.split("_")[1]).update(client_ids=[brand.pk])
    Membership.objects.filter(pk=ben.id).update(client_ids=[brand.pk])
    for key in found.values():
        key.get("/api/v1/mentions/")
    return found


def test_a_page_takes_two_queries_at_most_whatever_is_asked_and_by_whom(
    keys: dict[str, Api], brand: Client, clock: Clock
) -> None:
    address, counts = "/api/v1/mentions/?limit=200", {}
    for size, more in ((0, 0), (1, 1), (60, 59)):
        with tenant(brand.agency_id):
            for _ in range(more):
                make_mention(brand, now=clock.now)
            fill_missing()
        for name, key in keys.items():
            rows = asked(lambda key=key: key.get(address), rows=size)
            assert len(rows) == 1, (name, rows)
            for query in FILTERS if size == 60 or name == "limited key" else ():
                counts[name, size, query] = len(
                    asked(lambda key=key, query=query: key.get(f"{address}&{query}"))
                )
    assert {found: count for found, count in counts.items() if count > 2} == {}


def test_a_count_takes_two_queries_at_most(keys: dict[str, Api], brand: Client, clock: Clock) -> None:
    with tenant(brand.agency_id):
        for _ in range(3):
            make_mention(brand, now=clock.now)
    for key in keys.values():
        for query in ("", "state=new", "overdue=true"):
            assert len(asked(lambda key=key, query=query: key.get(f"/api/v1/mentions/count/?{query}"))) <= 2


def test_a_move_takes_the_same_number_however_long_the_story(
    api: Callable[..., Api], ana: Actor, brand: Client, clock: Clock
) -> None:
    """One that has just come, against one that was dismissed and reopened, claimed and given back many times."""
    with tenant(brand.agency_id):
        young, old = (make_mention(brand, now=clock.now).pk for _ in range(2))
        for _ in range(6):
            now = clock.advance(minutes=10)
            claim_mention(old, by=ana, seen=None, now=now)
            dismiss_mention(old, reason="spam", by=ana, seen=None, now=now)
            reopen_mention(old, by=ana, seen=None, now=now)
            release_mention(old, by=ana, seen=None, now=now + timedelta(minutes=1))
    key = api(ana)
    taken: dict[str, list[int]] = {}
    for pk in (young, old):
        version = key.get(f"/api/v1/mentions/{pk}/").json()["version"]
        for move, more in (
            ("claim", {}),
            ("priority", {"priority": "urgent"}),
            ("assign", {"assignee": str(ana.id)}),
            ("release", {}),
            ("dismiss", {"reason": "spam"}),
            ("reopen", {}),
        ):
            address, body = f"/api/v1/mentions/{pk}/{move}/", {"version": version, **more}
            taken.setdefault(move, []).append(
                len(asked(lambda address=address, body=body: key.post(address, body)))
            )
            version = key.get(f"/api/v1/mentions/{pk}/?fields=version").json()["version"]
    # Its lock, its clocks, all that is written, and the row that it is answered with. What the agency promises is known by
    # the second one.
    assert taken["claim"][1] <= 4
    # An old story has clocks of one kind more, whose hours are read with one query more at most.
    assert {move: counts for move, counts in taken.items() if counts[1] > counts[0] + 1} == {}
