"""Idempotency-Key: a call that is sent again does nothing twice, and is answered as the first time."""

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.actions import idempotency
from agency.actions.channels import add_channel
from agency.actions.keys import revoke_key
from agency.actions.limits import limit_member
from agency.actions.rotation import rotate_all
from agency.actor import Actor
from agency.models import ApiKey, Membership, StoredAnswer
from agency.tenancy import tenant
from clients.actions.clients import archive_client
from clients.models import Client
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.web_server import Answer, WebServer
from workflows.actions.erasing import erase
from workflows.actions.erasures import request_erasure
from workflows.actions.housekeeping import clear_traces
from workflows.models import Transition

KEY = "Idempotency-Key"
CLIENTS = "/api/v1/clients/"
ACORN = {"name": "Acorn", "time_zone": "UTC", "language": "en"}


@pytest.fixture
def second_session() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
        yield session


def once(key: str) -> dict[str, str]:
    return {KEY: key}


def number_of(agency_id: Any, name: str = "Acorn") -> int:
    with tenant(agency_id):
        return Client.objects.filter(name=name).count()


def test_a_call_that_is_sent_again_is_answered_as_before_and_does_nothing(
    api: Callable[..., Api], ana: Actor
) -> None:
    key = api(ana)
    first = key.post(CLIENTS, ACORN, **once("one"))
    again = key.post(CLIENTS, ACORN, **once("one"))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("Content-Type", "Location"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert number_of(ana.agency_id) == 1
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]


def test_an_answer_without_a_body_and_one_with_an_etag_are_given_again(
    api: Callable[..., Api], mara: Actor, mention: Mention, brand: Client
) -> None:
    key, address = api(mara), f"/api/v1/clients/{brand.pk}/ladder/"
    ladder = key.get(address).json()
    body = {name: ladder[name] for name in ("steps", "rungs", "again", "tells_contacts")}
    made = [key.put(address, body, **once("set"), **{"If-Match": '"0"'}) for _ in range(2)]
    assert [answer.headers["ETag"] for answer in made] == ['"1"', '"1"']
    gone = [key.delete(address, **once("reset"), **{"If-Match": '"1"'}) for _ in range(2)]
    assert [(a.status_code, a.content, a.headers.get("Content-Type")) for a in gone] == [(204, b"", None)] * 2
    assert gone[1].headers["Idempotent-Replayed"] == "true"


def test_another_call_with_the_same_key_is_refused(
    api: Callable[..., Api], ana: Actor, brand: Client
) -> None:
    key = api(ana)
    assert key.post(CLIENTS, ACORN, **once("one")).status_code == 201
    others = [
        key.post(CLIENTS, {**ACORN, "name": "Birch"}, **once("one")),
        key.post("/api/v1/templates/", {"name": "Hi", "text": "Hi", "kind": "other"}, **once("one")),
        key.patch(f"{CLIENTS}{brand.pk}/", ACORN, **once("one")),
        key.post(f"{CLIENTS}?a=1", ACORN),
    ]
    assert [(a.status_code, a.json()["code"]) for a in others[:3]] == [(422, "idempotency_key_reused")] * 3
    assert others[3].status_code == 400
    assert number_of(ana.agency_id, "Birch") == 0


def test_another_version_in_if_match_makes_another_call(
    api: Callable[..., Api], mara: Actor, brand: Client
) -> None:
    key, address = api(mara), f"/api/v1/clients/{brand.pk}/ladder/"
    ladder = key.get(address).json()
    body = {name: ladder[name] for name in ("steps", "rungs", "again", "tells_contacts")}
    assert key.put(address, body, **once("one"), **{"If-Match": '"0"'}).status_code == 200
    for headers in ({"If-Match": '"1"'}, {}):
        other = key.put(address, body, **once("one"), **headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused"), headers
        assert "If-Match" in other.json()["detail"]


def test_an_erasure_takes_what_answers_told_and_leaves_that_they_were_given(
    api: Callable[..., Api], ana: Actor, cleo: Actor, mention: Mention, clock: Clock
) -> None:
    caller, elsewhere, address = api(ana), api(cleo), f"/api/v1/mentions/{mention.pk}/claim/"
    assert "Brightwater" in caller.post(address, {"version": 1}, **once("one")).content.decode()
    elsewhere.post(CLIENTS, ACORN, **once("one"))
    with tenant(ana.agency_id):
        client = Client.objects.get(pk=mention.client_id)
        archive_client(client, by=ana, now=clock.now)
        erasure = request_erasure(
            kind="client", about_id=client.pk, confirm=client.name, reason="asked", by=ana, now=clock.now
        )
    assert erase(ana.agency_id, erasure.pk, clock=lambda: clock.now)
    again = caller.post(address, {"version": 1}, **once("one"))
    assert (again.status_code, again.json()["code"]) == (409, "answer_not_kept")
    assert "Brightwater" not in again.content.decode()
    with tenant(ana.agency_id):
        assert [row.answer for row in StoredAnswer.objects.all()] == [""]
    assert elsewhere.post(CLIENTS, ACORN, **once("one")).headers["Idempotent-Replayed"] == "true"


def test_keys_are_a_callers_own(api: Callable[..., Api], ana: Actor, mara: Actor, cleo: Actor) -> None:
    for caller in (ana, mara, cleo):
        made = api(caller).post(CLIENTS, {**ACORN, "name": f"Of {caller.name}"}, **once("one"))
        assert (made.status_code, "Idempotent-Replayed" in made.headers) == (201, False)


def test_a_refused_call_is_kept_nowhere_and_runs_anew(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key, address = api(ben), f"/api/v1/mentions/{mention.pk}/release/"
    assert key.post(address, {"version": 1}, **once("one")).status_code == 403
    with tenant(ben.agency_id):
        assert not StoredAnswer.objects.exists()
    key.post(f"/api/v1/mentions/{mention.pk}/claim/", {"version": 1})
    assert key.post(address, {"version": 1}, **once("one")).status_code == 409
    assert key.post(address, {"version": 2}, **once("one")).status_code == 200
    assert key.post(address, {"version": 2}, **once("one")).json()["version"] == 3


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "empty"),
        ("x" * 256, "long"),
        ("a b", "a space"),
        ("\x00", "NUL"),
        ("ü", "not ASCII"),
        ("a\x7f", "DEL"),
    ],
    ids=lambda value: value if len(value) > 3 and value.isprintable() and len(value) < 20 else "key",
)
def test_a_key_that_is_none_is_refused(api: Callable[..., Api], ana: Actor, key: str, why: str) -> None:
    answer = api(ana).post(CLIENTS, ACORN, **once(key))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_header"), why
    assert "255" in answer.json()["detail"]


@pytest.mark.parametrize("key", ["x", "~" * 255, '"4f1c9d0e"', "!,;="])
def test_every_visible_character_makes_a_key(api: Callable[..., Api], ana: Actor, key: str) -> None:
    caller = api(ana)
    assert caller.post(CLIENTS, ACORN, **once(key)).status_code == 201
    assert caller.post(CLIENTS, ACORN, **once(key)).headers["Idempotent-Replayed"] == "true"


def test_a_call_whose_key_is_under_way_is_told_to_wait(
    api: Callable[..., Api], ana: Actor, committed: None, second_session: Any
) -> None:
    caller = api(ana)
    prefix = caller.token.split("_")[1]
    key = ApiKey.objects.get(prefix=prefix)
    by = Actor(kind=ana.kind, agency_id=ana.agency_id, id=key.pk, name="")
    lock = idempotency.Call(by, hashlib.sha256(b"one").hexdigest(), "").lock
    second_session.execute("SELECT pg_advisory_lock(%s)", [lock])
    answer = caller.post(CLIENTS, ACORN, **once("one"))
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
    assert answer.headers["Retry-After"] == "1"
    assert caller.post(CLIENTS, {**ACORN, "name": "Birch"}, **once("two")).status_code == 201
    second_session.execute("SELECT pg_advisory_unlock(%s)", [lock])
    assert caller.post(CLIENTS, ACORN, **once("one")).status_code == 201


def test_who_got_the_lock_after_it_looked_looks_once_more(
    api: Callable[..., Api], ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the other call had committed between the look and the lock: the name is taken by then."""
    caller = api(ana)
    first = caller.post(CLIENTS, ACORN, **once("one"))
    really, looks = idempotency._look, []

    def look(call: idempotency.Call) -> Any:
        looks.append(call)
        return (True, *[None] * 6) if len(looks) == 1 else really(call)

    monkeypatch.setattr(idempotency, "_look", look)
    again = caller.post(CLIENTS, ACORN, **once("one"))
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.content == first.content


def test_who_looked_too_early_is_rolled_back(
    api: Callable[..., Api], ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the other call had committed between the look and the lock."""
    caller = api(ana)
    caller.post(CLIENTS, ACORN, **once("one"))
    monkeypatch.setattr("agency.api.idempotency.answer_again", lambda call: None)
    answer = caller.post(CLIENTS, {**ACORN, "name": "Birch"}, **once("one"))
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
    assert number_of(ana.agency_id, "Birch") == 0


def over(agency_id: Any) -> None:
    with tenant(agency_id):
        StoredAnswer.objects.update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))


def test_a_key_is_free_again_after_a_day(api: Callable[..., Api], ana: Actor) -> None:
    caller = api(ana)
    caller.post(CLIENTS, ACORN, **once("one"))
    with tenant(ana.agency_id):
        stored = StoredAnswer.objects.get()
    assert stored.expires_at - stored.began_at == timedelta(hours=24)
    over(ana.agency_id)
    other = caller.post(CLIENTS, {**ACORN, "name": "Birch"}, **once("one"))
    assert (other.status_code, "Idempotent-Replayed" in other.headers) == (201, False)
    with tenant(ana.agency_id):
        assert StoredAnswer.objects.count() == 1


def test_housekeeping_deletes_what_is_over(api: Callable[..., Api], ana: Actor, clock: Clock) -> None:
    caller = api(ana)
    caller.post(CLIENTS, ACORN, **once("old"))
    over(ana.agency_id)
    caller.post(CLIENTS, {**ACORN, "name": "Birch"}, **once("new"))
    with tenant(ana.agency_id):
        clear_traces(now=clock.now)
        assert StoredAnswer.objects.count() == 1


def test_a_secret_that_is_shown_once_is_sealed_and_given_again_to_the_same_caller(
    api: Callable[..., Api], ana: Actor, settings: Any
) -> None:
    caller, body = api(ana), {"name": "Reports", "rights": ["read"]}
    token = caller.post("/api/v1/keys/", body, **once("one")).json()["token"]
    with tenant(ana.agency_id):
        stored = StoredAnswer.objects.get()
    assert token not in stored.answer
    assert stored.answer.startswith("v1.")
    settings.VAULT_KEYS = ["another long secret that is typed only for this test", *settings.VAULT_KEYS]
    rotate_all(change=True)
    with tenant(ana.agency_id):
        assert StoredAnswer.objects.get().answer != stored.answer
    assert caller.post("/api/v1/keys/", body, **once("one")).json()["token"] == token


def test_an_answer_that_does_not_open_any_more_says_that_it_was_done(
    api: Callable[..., Api], ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = api(ana)
    monkeypatch.setattr(idempotency, "MOST", 10)
    assert caller.post(CLIENTS, ACORN, **once("one")).status_code == 201
    answer = caller.post(CLIENTS, ACORN, **once("one"))
    assert (answer.status_code, answer.json()["code"]) == (409, "answer_not_kept")
    assert number_of(ana.agency_id) == 1


def test_who_lost_the_right_or_the_key_gets_no_stored_answer(
    api: Callable[..., Api], ana: Actor, mara: Actor, clock: Clock
) -> None:
    caller = api(mara)
    caller.post(CLIENTS, ACORN, **once("one"))
    Membership.objects.filter(pk=mara.id).update(role="analyst")
    assert caller.post(CLIENTS, ACORN, **once("one")).status_code == 403
    Membership.objects.filter(pk=mara.id).update(role="manager")
    assert caller.post(CLIENTS, ACORN, **once("one")).status_code == 201
    with tenant(ana.agency_id):
        revoke_key(ApiKey.objects.get(prefix=caller.token.split("_")[1]), by=ana, now=clock.now)
    assert caller.post(CLIENTS, ACORN, **once("one")).status_code == 401


def test_who_works_for_fewer_clients_than_then_gets_no_stored_answer(
    api: Callable[..., Api], ana: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    caller, address = api(ben), f"/api/v1/mentions/{mention.pk}/claim/"
    assert caller.post(address, {"version": 1}, **once("one")).status_code == 200
    with tenant(ana.agency_id):
        other = Client.objects.create(name="Other", time_zone="UTC", language="en", created_at=clock.now)
        membership = Membership.objects.get(pk=ben.id)
        known = {other.pk: "Other", mention.client_id: "Brightwater"}
        limit_member(membership, clients=[other.pk], known=known, by=ana, now=clock.now)
    refused = caller.post(address, {"version": 1}, **once("one"))
    assert refused.status_code == 403
    assert "Brightwater" not in refused.content.decode()


def test_a_test_message_goes_out_once(
    api: Callable[..., Api], ana: Actor, clock: Clock, web_server: WebServer
) -> None:
    caller = api(ana)
    with tenant(ana.agency_id):
        room, _ = add_channel(
            kind="webhook", name="Desk", takes="all", address=web_server.url + "/hook", room=True, by=ana,
            now=clock.now,
        )  # fmt: skip
    web_server.answers["/hook"] = Answer(b"ok")
    address = f"/api/v1/rooms/{room.pk}/test/"
    first, again = (caller.post(address, **once("one")) for _ in range(2))
    assert first.json()["ok"], first.json()
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert len(web_server.requests) == 1
    with tenant(ana.agency_id):
        StoredAnswer.objects.update(status=None)
    assert caller.post(address, **once("one")).json()["code"] == "idempotency_key_in_use"
    with tenant(ana.agency_id):
        StoredAnswer.objects.update(began_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert caller.post(address, **once("one")).json()["code"] == "outcome_unknown"
    assert len(web_server.requests) == 1


def test_a_key_costs_three_statements_the_first_time_and_none_without(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    caller, address = api(ben), f"/api/v1/mentions/{mention.pk}/priority/"
    body = {"version": 1, "priority": "normal"}  # changes nothing
    caller.post(address, body)
    with CaptureQueriesContext(connection) as plain:
        caller.post(address, body)
    with CaptureQueriesContext(connection) as keyed:
        caller.post(address, body, **once("one"))
    assert len(keyed) - len(plain) == 3
    assert not any("storedanswer" in query["sql"] for query in plain)


def test_a_member_in_the_browser_may_send_again_too(
    page: Callable[[Actor], Any], ben: Actor, mention: Mention
) -> None:
    browser, address = page(ben), f"/api/v1/mentions/{mention.pk}/claim/"
    answers = [
        browser.post(address, {"version": 1}, "application/json", headers=once("one")) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    with tenant(ben.agency_id):
        assert Transition.objects.filter(mention=mention).count() == 1
