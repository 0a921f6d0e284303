"""The feed of events and the activity log, over the API."""

from collections.abc import Callable

from agency.actor import Actor
from clients.models import Client
from mentions.models import Mention
from tests.fixtures import Api


def test_events_are_read_on_from_the_last_one(api: Callable[..., Api], ben: Actor, mention: Mention) -> None:
    key = api(ben)
    key.post(f"/api/v1/mentions/{mention.pk}/claim/", {"version": 1})
    found, address = [], "/api/v1/events/?limit=2"
    while address:
        answer = key.get(address.removeprefix("http://testserver")).json()
        found += answer["results"]
        address = answer["next"]
    assert [event["type"] for event in found][-2:] == ["mention.created", "mention.claimed"]
    assert found[-1]["subject"] == {"type": "mention", "id": str(mention.pk)}
    assert key.get(f"/api/v1/events/?after={found[-1]['id']}").json() == {"results": [], "next": None}
    claims = key.get("/api/v1/events/?type=mention.claimed,mention.released").json()["results"]
    assert claims == [found[-1]]


def test_a_wrong_place_in_the_feed_is_refused(api: Callable[..., Api], ben: Actor) -> None:
    for query, pointer in (("after=1", "/after"), ("type=Everything", "/type/0"), ("cursor=x", "/cursor")):
        refused = api(ben).get(f"/api/v1/events/?{query}")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


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
