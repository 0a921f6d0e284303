"""The feed of events and the activity log, over the API."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.actions.limits import limit_member
from agency.actor import Actor
from agency.event_types import event_types
from agency.models import Event, Membership
from agency.queries import feed
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client
from clients.queries.clients import known_clients
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import commit_checks, make_mention
from workflows.actions.housekeeping import clear_traces


def _all(key: Api, address: str) -> list[Any]:
    found = []
    while address:
        answer = key.get(address.removeprefix("http://testserver")).json()
        found += answer["results"]
        address = answer["next"]
    return found


def test_events_are_read_on_from_the_last_one(api: Callable[..., Api], ben: Actor, mention: Mention) -> None:
    key = api(ben)
    key.post(f"/api/v1/mentions/{mention.pk}/claim/", {"version": 1})
    commit_checks()
    found = _all(key, "/api/v1/events/?limit=2")
    numbers = [event["data"]["number"] for event in found]
    assert numbers == list(range(1, len(found) + 1))
    assert [event["type"] for event in found if event["type"].startswith("mention.")] == [
        "mention.created",
        "mention.claimed",
    ]
    claim = found[-1]
    assert claim["data"] | {"id": "", "version": 0} == {
        "id": "",
        "number": numbers[-1],
        "subject": {"type": "mention", "id": str(mention.pk)},
        "client": str(mention.client_id),
        "from": "new",
        "to": "claimed",
        "version": 0,
    }
    nothing = {"results": [], "next": None, "last": numbers[-1]}
    assert key.get(f"/api/v1/events/?after={numbers[-1]}").json() == nothing
    for wanted, expected in (
        ("type=mention.claimed,mention.released", [claim]),
        (f"subject={mention.pk}&type=mention.claimed", [claim]),
        (f"client={mention.client_id}&after={numbers[-2]}", [claim]),
        ("since=2026-03-06T17:04:00Z&type=mention.claimed", [claim]),
        ("since=2026-03-06T17:04:01Z", []),
    ):
        answer = key.get(f"/api/v1/events/?{wanted}").json()
        # Whoever leaves much out advances all the same.
        assert (answer["results"], answer["next"], answer["last"]) == (expected, None, numbers[-1])


def test_a_page_of_events_is_one_question_whatever_is_asked(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key = api(ben)
    commit_checks()
    key.get("/api/v1/events/")
    for wanted in ("limit=1", "limit=200&type=mention.created", f"subject={mention.pk}", "after=1"):
        with CaptureQueriesContext(connection) as asked:
            key.get(f"/api/v1/events/?{wanted}")
        assert len([one for one in asked if "feedplace" in one["sql"]]) == 1
        assert not [one for one in asked if 'FROM "agency_event"' in one["sql"]]


def test_filters_that_leave_much_out_look_at_a_part_of_the_feed_at_a_time(
    api: Callable[..., Api], ana: Actor, mention: Mention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "WINDOW", 3)
    key = api(ana)
    commit_checks()
    whole = [event for event in _all(key, "/api/v1/events/") if event["type"] == "mention.created"]
    page = key.get("/api/v1/events/?type=mention.created").json()
    assert (page["results"], page["last"]) == ([], 3)
    assert _all(key, page["next"]) == whole != []


def test_what_was_deleted_for_its_age_is_told_and_where_to_go_on(
    api: Callable[..., Api], ana: Actor, mention: Mention, clock: Clock
) -> None:
    key = api(ana)
    commit_checks()
    last = key.get("/api/v1/events/").json()["last"]
    clock.advance(days=91)
    key.patch("/api/v1/agency/", {"name": "Northern Light"})
    commit_checks()
    with tenant(ana.agency_id):
        clear_traces(now=clock.now)
        key_made = Event.objects.filter(type="key.made").count()
    gone = key.get(f"/api/v1/events/?after={last - 1}")
    assert (gone.status_code, gone.json()["code"]) == (410, "events_gone")
    assert f"after={last}." in gone.json()["detail"]
    assert key_made == 0
    for query in (f"?after={last}", ""):
        left = key.get(f"/api/v1/events/{query}").json()
        assert [event["type"] for event in left["results"]] == ["agency.changed"]
    assert key.get(f"/api/v1/events/?after={left['last'] + 1}").status_code == 410


def test_a_member_of_one_client_reads_its_events_alone(
    api: Callable[..., Api], ana: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        other = create_client(name="Southwater", time_zone="UTC", language="en", by=ana, now=clock.now)
        make_mention(other, now=clock.now)
        membership = Membership.objects.select_related("user").get(pk=ben.id)
        limit_member(membership, clients=[other.pk], known=known_clients(ana), by=ana, now=clock.now)
    key = api(actor_of_member(membership))
    commit_checks()
    for path in ("/api/v1/events/?limit=3", "/api/v1/events/?subject=" + str(other.pk)):
        assert {event["data"]["client"] for event in _all(key, path)} == {str(other.pk)}
    everything = api(ana)
    commit_checks()
    assert len({event["data"]["client"] for event in _all(everything, "/api/v1/events/")}) == 3


def test_a_wrong_place_in_the_feed_is_refused(api: Callable[..., Api], ben: Actor) -> None:
    for query, pointer in (
        ("after=x", "/after"),
        ("after=-1", "/after"),
        ("after=9007199254740992", "/after"),
        ("type=Everything", "/type/0"),
        ("cursor=x", "/cursor"),
        ("client=x", "/client"),
        ("since=yesterday", "/since"),
    ):
        refused = api(ben).get(f"/api/v1/events/?{query}")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


def test_all_types_of_events_are_listed_with_an_example(api: Callable[..., Api], ivo: Actor) -> None:
    listed = api(ivo).get("/api/v1/event-types/").json()["results"]
    assert [one["name"] for one in listed] == sorted(event_types())
    assert all(one["example"]["type"] == one["name"] for one in listed)


# Where no process keeps streams open, a stream is what has happened since ----------------------------------------


def _said(answer: Any) -> list[tuple[str, str, Any]]:
    """(event, id, data) of each message."""
    found = []
    for block in answer.content.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields.get("event", "message"), fields.get("id", ""), orjson.loads(fields["data"])))
    return found


def test_a_stream_that_isnt_kept_open_tells_what_happened_since_and_ends(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key = api(ben)
    commit_checks()
    first = key.get("/api/v1/events/stream/", Accept="text/event-stream")
    assert (first.status_code, first["Content-Type"]) == (200, "text/event-stream")
    assert b"retry: 3000" in first.content
    ((event, start, data),) = _said(first)
    assert (event, data) == ("open", {"number": int(start)})
    key.post(f"/api/v1/mentions/{mention.pk}/claim/", {"version": 1})
    commit_checks()
    for again in ({"Last-Event-ID": start}, {"Last-Event-ID": start, "X-Nothing": "1"}):
        told = _said(key.get("/api/v1/events/stream/?after=0", **again))
        assert [event for event, *_ in told] == ["open", "message"]
        ((_, number, data),) = told[1:]
        (claim,) = key.get(f"/api/v1/events/?after={start}").json()["results"]
        assert data == {"id": claim["data"]["id"], "number": int(number)}
    assert len(_said(key.get(f"/api/v1/events/stream/?after={start}&type=mention.released"))) == 1
    # What was none of theirs is behind them, too: with thousands of others' events they would never get past them.
    other = key.get(f"/api/v1/events/stream/?after={start}&type=mention.released").content.decode()
    assert other.endswith(f"\n\nid: {number}\n\n")
    for wrong in ("x", "-1", "9" * 17, "１"):
        assert key.get("/api/v1/events/stream/", **{"Last-Event-ID": wrong}).status_code == 400
    assert key.get("/api/v1/events/stream/?after=999").status_code == 410
    assert Api("").get("/api/v1/events/stream/").status_code == 401


def test_the_activity_log_is_newest_first_and_not_for_responders(
    api: Callable[..., Api], mara: Actor, ben: Actor, brand: Client
) -> None:
    key = api(mara)
    key.patch(f"/api/v1/clients/{brand.pk}/", {"name": "Brightwaters"})
    entries = key.get(f"/api/v1/audit/?subject={brand.pk}&limit=1").json()
    assert entries["results"][0]["details"] == {"name": ["Brightwater", "Brightwaters"]}
    assert entries["results"][0]["actor"]["name"] == "Mara's key"
    following = key.get(entries["next"].removeprefix("http://testserver")).json()
    assert [entry["action"] for entry in following["results"]] == ["client.created"]
    assert api(ben).get("/api/v1/audit/").status_code == 403


def test_another_agency_sees_nothing_of_it(
    api: Callable[..., Api], cleo: Actor, brand: Client, mention: Mention
) -> None:
    key = api(cleo)
    for path in ("events/?limit=200", "audit/?limit=200"):
        assert "Brightwater" not in key.get(f"/api/v1/{path}").content.decode()
    assert key.get(f"/api/v1/audit/?subject={brand.pk}").json()["results"] == []
