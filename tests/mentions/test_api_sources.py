"""What is listened for, where, and what was found, over the API."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from agency.actor import Actor
from agency.tenancy import tenant
from clients.models import Client
from mentions.models import Mention, SourceRead
from tests.fixtures import Api, Clock
from tests.web_server import Answer, WebServer
from workflows.actions.collect import collect

FEED = (
    b'<rss version="2.0"><channel><title>Forum</title><item><guid>1</guid><title>Coffee</title>'
    b"<description>Brightwater is closed.</description></item></channel></rss>"
)


def a_feed(server: WebServer, **more: Any) -> dict[str, Any]:
    server.answers["/feed.xml"] = Answer(FEED, headers={"Content-Type": "application/rss+xml"})
    return {"kind": "feed", "name": "Forum", "settings": {"url": server.url_of("/feed.xml")}, **more}


def test_listening_is_set_in_versions(api: Callable[..., Api], mara: Actor, brand: Client) -> None:
    key, address = api(mara), f"/api/v1/clients/{brand.pk}/query/"
    assert key.get(address).json()["any_terms"] == ["Brightwater", "bright water coffee"]
    set_ = key.put(address, {"any_terms": [" Bright  Water "], "none_terms": ["Brightwater Drive"]})
    assert (set_.status_code, set_.json()["version"], set_.json()["any_terms"]) == (200, 2, ["Bright Water"])
    assert key.get(address).json() == set_.json()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"any_terms": []}, "/any_terms"),
        ({"any_terms": "Brightwater"}, "/any_terms"),
        ({"any_terms": ["x" * 201]}, "/any_terms/0"),
        ({"any_terms": ["Bright"] * 501}, "/any_terms"),
        ({"any_terms": [5]}, "/any_terms/0"),
        ({"any_terms": ["Bright"], "none_terms": [""]}, "/none_terms/0"),
        ({}, "/any_terms"),
    ],
)
def test_terms_that_cannot_be_listened_for_are_refused(
    api: Callable[..., Api], mara: Actor, brand: Client, body: dict[str, Any], pointer: str
) -> None:
    refused = api(mara).put(f"/api/v1/clients/{brand.pk}/query/", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


def test_a_client_without_a_query_has_none(api: Callable[..., Api], mara: Actor) -> None:
    key = api(mara)
    client = key.post("/api/v1/clients/", {"name": "Acorn"}).json()["id"]
    assert key.get(f"/api/v1/clients/{client}/query/").status_code == 404


def test_a_source_is_read_and_says_how_it_fares(
    api: Callable[..., Api], mara: Actor, brand: Client, web_server: WebServer, clock: Clock
) -> None:
    key = api(mara)
    added = key.post("/api/v1/sources/", a_feed(web_server, every=600, client=str(brand.pk)))
    assert (added.status_code, added.json()["every"], added.json()["health"]["state"]) == (201, 600, "new")
    source = added.json()["id"]
    collect(mara.agency_id, UUID(source), clock=lambda: clock.now)
    health = key.get(f"/api/v1/sources/{source}/").json()["health"]
    assert (health["state"], health["last_good_at"]) == ("good", "2026-03-06T17:04:00Z")
    reads = key.get(f"/api/v1/sources/{source}/reads/").json()["results"]
    assert [(read["outcome"], read["mentions"]) for read in reads] == [("read", 1)]
    web_server.answers.clear()
    collect(mara.agency_id, UUID(source), clock=lambda: clock.advance(hours=1))
    health = key.get(f"/api/v1/sources/{source}/").json()["health"]
    assert (health["state"], health["error_code"], health["failures"]) == ("failing", "not_found", 1)


def test_a_source_is_paused_resumed_read_changed_and_deleted(
    api: Callable[..., Api], mara: Actor, brand: Client, web_server: WebServer
) -> None:
    key = api(mara)
    address = f"/api/v1/sources/{key.post('/api/v1/sources/', a_feed(web_server)).json()['id']}/"
    assert key.post(f"{address}pause/").json()["health"]["state"] == "paused"
    assert key.post(f"{address}read/").status_code == 409
    assert key.post(f"{address}resume/").json()["paused_at"] is None
    assert key.post(f"{address}read/").status_code == 202
    changed = key.patch(address, {"client": str(brand.pk), "every": 60}).json()
    assert (changed["client"]["name"], changed["every"]) == ("Brightwater", 60)
    assert key.patch(address, {"client": None}).json()["client"] is None
    assert [row["name"] for row in key.get("/api/v1/sources/").json()["results"]] == ["Forum"]
    assert key.get(f"/api/v1/sources/?client={brand.pk}").json()["results"] == []
    assert key.delete(address).status_code == 204
    assert key.get(address).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "telepathy"}, "/kind"),
        ({"settings": {}}, "/settings"),
        ({"settings": {"url": "file:///etc/passwd"}}, "/settings/url"),
        ({"settings": {"url": 5}}, "/settings/url"),
        ({"settings": {"url": "https://forum.example/", "a b\u0000": "x"}}, "/settings"),
        ({"settings": {"url": {"deep": ["x"]}}}, "/settings/url"),
        ({"settings": "https://forum.example/"}, "/settings"),
        ({"every": 59}, "/every"),
        ({"every": 10**12}, "/every"),
        ({"every": 60.5}, "/every"),
        ({"client": "11111111-1111-7111-8111-111111111111"}, "/client"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_field(
    api: Callable[..., Api], mara: Actor, change: dict[str, Any], pointer: str
) -> None:
    body = {"kind": "feed", "name": "Forum", "settings": {"url": "https://forum.example/feed"}, **change}
    refused = api(mara).post("/api/v1/sources/", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


def test_a_responder_changes_no_source(
    api: Callable[..., Api], mara: Actor, ben: Actor, web_server: WebServer
) -> None:
    source = api(mara).post("/api/v1/sources/", a_feed(web_server)).json()["id"]
    key = api(ben)
    assert key.get(f"/api/v1/sources/{source}/").status_code == 200
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "pause/"), ("POST", "read/")):
        assert key.call(method, f"/api/v1/sources/{source}/{path}", {}).status_code == 403


def test_a_source_has_as_many_readings_a_page_as_asked_for(
    api: Callable[..., Api], mara: Actor, web_server: WebServer, clock: Clock
) -> None:
    key = api(mara)
    source = key.post("/api/v1/sources/", a_feed(web_server)).json()["id"]
    with tenant(mara.agency_id):
        for _ in range(5):
            at = clock.advance(minutes=1)
            SourceRead(source_id=source, started_at=at, finished_at=at, outcome="unchanged").save()
    first = key.get(f"/api/v1/sources/{source}/reads/?limit=3").json()
    second = key.get(first["next"].removeprefix("http://testserver")).json()
    starts = [read["started_at"] for read in first["results"] + second["results"]]
    assert len(starts) == 5
    assert starts == sorted(starts, reverse=True)
    assert second["next"] is None


def test_a_post_is_shown_to_its_agency_alone(
    api: Callable[..., Api], ivo: Actor, cleo: Actor, mention: Mention
) -> None:
    post = api(ivo).get(f"/api/v1/posts/{mention.post_id}/").json()
    assert (post["author"]["name"], post["platform"]) == ("Pauls Zariņš", "feed")
    assert api(cleo).get(f"/api/v1/posts/{mention.post_id}/").status_code == 404
    assert api(ivo).get(f"/api/v1/posts/{uuid4()}/").status_code == 404
