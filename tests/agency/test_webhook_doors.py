"""Webhooks over the API and on the pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from agency.actor import Actor
from agency.models import WebhookEndpoint
from agency.sealed import opened
from agency.tasks import webhooks as tasks
from agency.tenancy import tenant
from clients.models import Client
from tests.agency.hooks import Hooks, read
from tests.fixtures import Api, Clock
from tests.making import commit_checks
from tests.web_server import Answer, WebServer

DOCS = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"


@pytest.fixture
def hooks(ana: Actor, clock: Clock, web_server: WebServer, monkeypatch: pytest.MonkeyPatch) -> Hooks:
    made = Hooks(ana, clock, web_server)
    monkeypatch.setattr(
        tasks, "ring_after_commit", lambda task, *ids: made.rings.append(tuple(map(str, ids)))
    )
    return made


def test_a_program_sets_up_a_webhook_and_reads_what_became_of_each_delivery(
    hooks: Hooks, brand: Client, ana: Actor, api: Callable[..., Api]
) -> None:
    program = api(ana)
    hooks.server.answers["/hook"] = Answer(status=500, body=b"Out of order", headers={"Set-Cookie": "s3cr3t"})
    given = {"name": "Warehouse", "url": hooks.server.url_of("/hook?token=s3cr3t"), "types": ["member.added"]}
    made = program.post("/api/v1/webhooks/", given)
    assert (made.status_code, made.json()["secret"][:6], made.headers["ETag"]) == (201, "whsec_", '"1"')
    path = f"/api/v1/webhooks/{made.json()['id']}/"
    shown = program.get(path)
    assert (shown.json()["origin"], "s3cr3t" in shown.text) == (hooks.server.url, False)
    hooks.tell()
    commit_checks()  # its number
    hooks.send()
    (line,) = program.get(f"{path}deliveries/?state=pending&type=member.added").json()["results"]
    assert program.get(f"{path}deliveries/?state=delivered,failed").json()["results"] == []
    whole = program.get(f"/api/v1/deliveries/{line['id']}/").json()
    assert (whole["body"]["type"], whole["log"][0]["status"]) == ("member.added", 500)
    assert whole["log"][0]["response_body"] == "Out of order"
    assert whole["log"][0]["response_headers"]["set-cookie"] == "…"
    hooks.server.answers["/hook"] = Answer()
    again = program.post(f"/api/v1/deliveries/{line['id']}/replay/")
    assert (again.status_code, again.json()["replayed"]) == (202, 1)
    hooks.send()
    assert program.get(f"/api/v1/deliveries/{line['id']}/").json()["state"] == "delivered"
    assert program.get(f"{path}replay/").status_code == 404
    asked = {"since": "2026-03-01T00:00:00Z", "which": "all"}
    hooks.clock.advance(seconds=1)
    assert program.post(f"{path}replay/", asked).status_code == 202
    assert program.get(f"{path}replay/").json()["state"] == "running"
    assert program.delete(f"{path}replay/").json()["state"] == "stopped"
    assert program.delete(f"{path}replay/").json()["code"] == "cant_replay"
    assert program.delete(path).status_code == 204
    assert program.get(path).status_code == 404


def test_a_program_tries_rotates_disables_and_changes_a_webhook(
    hooks: Hooks, brand: Client, ana: Actor, api: Callable[..., Api]
) -> None:
    program, endpoint = api(ana), hooks.add()
    path = f"/api/v1/webhooks/{endpoint.pk}/"
    tried = program.post(f"{path}test/").json()
    assert (tried["ok"], tried["status"], tried["error"]) == (True, 204, None)
    assert program.get(f"/api/v1/deliveries/{tried['delivery']}/").json()["type"] == "webhook.test"
    rotated = program.post(f"{path}rotate/", {"overlap_seconds": 3600}).json()
    assert rotated["old_secret_until"] == "2026-03-06T18:04:00Z"
    assert program.post(f"{path}disable/").json()["disabled_by"] == "Ana's key"
    assert program.post(f"{path}enable/").json()["disabled_at"] is None
    changed = program.patch(path, {"clients": [str(brand.pk)], "types": []}, **{"if-match": '"4"'})
    assert (changed.status_code, changed.json()["clients"]) == (200, [str(brand.pk)])
    stale = program.patch(path, {"name": "x"}, **{"if-match": '"4"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "webhook_moved_on")
    for bad, pointer in (
        ({"url": "http://10.0.0.1/"}, "/url"),
        ({"types": ["no.such"]}, "/types"),
        ({"clients": []}, "/clients"),
        ({"name": ""}, "/name"),
    ):
        refused = program.patch(path, bad)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
    for _ in range(4):
        program.post(f"{path}test/")
    assert program.post(f"{path}test/").status_code == 429


def test_webhooks_are_for_who_may_make_keys(
    hooks: Hooks, mara: Actor, cleo: Actor, api: Callable[..., Api], page: Callable[[Actor], Browser]
) -> None:
    endpoint = hooks.add()
    assert api(mara).get("/api/v1/webhooks/").status_code == 403
    assert page(mara).get("/webhooks/").status_code == 403
    assert api(cleo).get(f"/api/v1/webhooks/{endpoint.pk}/").status_code == 404
    assert page(cleo).get(f"/webhooks/{endpoint.pk}/").status_code == 404


def test_an_owner_does_all_of_it_on_the_pages(
    hooks: Hooks, ana: Actor, brand: Client, page: Callable[[Actor], Browser]
) -> None:
    browser = page(ana)
    assert "No webhooks yet" in browser.get("/webhooks/").content.decode()
    assert "mention.created" in browser.get("/webhooks/add/").content.decode()
    given = {"name": "Warehouse", "url": hooks.server.url_of("/hook"), "types": ["member.added"]}
    assert browser.post("/webhooks/add/", {**given, "url": "nonsense"}).status_code == 422
    hooks.server.answers["/hook"] = Answer(body=b"thank you")
    made = browser.post("/webhooks/add/", given)
    assert ("whsec_" in made.content.decode(), made["Cache-Control"]) == (True, "private, no-store")
    with tenant(ana.agency_id):
        endpoint = WebhookEndpoint.objects.get()
        hooks.secrets[endpoint.pk] = opened(endpoint, "secret")
    home = f"/webhooks/{endpoint.pk}/"
    hooks.tell()
    hooks.send()
    assert read(hooks.came[0], hooks.secrets[endpoint.pk])["type"] == "member.added"
    listed = browser.get(f"{home}?state=delivered").content.decode()
    (delivery,) = hooks.deliveries()
    assert f"/deliveries/{delivery.pk}/" in listed
    shown = browser.get(f"/deliveries/{delivery.pk}/").content.decode()
    assert all(said in shown for said in ("webhook-signature", "thank you", "&quot;role&quot;", "Send again"))
    assert browser.post(f"/deliveries/{delivery.pk}/replay/").status_code == 303
    tried = browser.post(f"{home}test/", follow=True).content.decode()
    assert "The test arrived: it answered 200" in tried
    assert "whsec_" in browser.post(f"{home}rotate/", {"overlap": "24"}).content.decode()
    assert browser.post(f"{home}edit/", {"name": "Lake", "url": ""}).status_code == 303
    assert "Lake" in browser.get("/webhooks/").content.decode()
    browser.post(f"{home}disable/")
    assert "Disabled" in browser.get(home).content.decode()
    missed = browser.post(f"{home}enable/")
    assert f"{home}replay/?since=2026-03-06T17:04:00Z" in missed["Location"]
    hooks.clock.advance(minutes=1)
    asked = {"since": "2026-03-06T00:00", "until": "", "which": "all"}
    assert browser.post(f"{home}replay/", asked).status_code == 303
    assert "A replay is under way" in browser.get(home).content.decode()
    assert browser.post(f"{home}replay/stop/").status_code == 303
    browser.post(f"{home}delete/")
    assert "No webhooks yet" in browser.get("/webhooks/").content.decode()


def test_the_snippet_in_the_documentation_verifies_what_comes(hooks: Hooks) -> None:
    endpoint = hooks.add()
    hooks.tell()
    hooks.clock.now = hooks.clock.now.astimezone()
    hooks.send()
    (request,) = hooks.came
    code = DOCS.read_text().partition("```python\n")[2].partition("```")[0]
    told: dict[str, Any] = {}
    exec(compile(code, str(DOCS), "exec"), told)  # noqa: S102  (our own documentation)
    secret, now = hooks.secrets[endpoint.pk], hooks.clock.now.timestamp()
    event = told["verified"](request.body, request.headers, secret, now=now)
    assert event["type"] == "member.added"
    changed = {**request.headers, "webhook-id": "another"}
    for body, headers, at in (
        (request.body + b" ", request.headers, now),
        (request.body, changed, now),
        (request.body, request.headers, now + 301),
    ):
        with pytest.raises(ValueError, match=r"signature|old"):
            told["verified"](body, headers, secret, now=at)
