"""Clients and what belongs to them, over the API."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from agency.actor import Actor
from clients.models import Client, Contact
from tests.fixtures import Api

MINUTES = {"claim": 60, "respond": 600, "decide": 300}
TARGETS: dict[str, Any] = dict.fromkeys(("urgent", "high", "normal", "low"), MINUTES)


def names(answer: Any) -> list[str]:
    return [row["name"] for row in answer.json()["results"]]


def test_a_client_is_taken_on_changed_archived_and_restored(api: Callable[..., Api], mara: Actor) -> None:
    key = api(mara)
    made = key.post("/api/v1/clients/", {"name": "  Acorn\u200b Bikes ", "time_zone": "Europe/Riga"})
    assert (made.status_code, made.json()["name"], made.json()["language"]) == (201, "Acorn Bikes", "en")
    address = f"/api/v1/clients/{made.json()['id']}/"
    assert key.patch(address, {"language": "lv"}).json()["language"] == "lv"
    assert key.post(f"{address}archive/").json()["archived_at"] == "2026-03-06T17:04:00Z"
    assert (names(key.get("/api/v1/clients/")), names(key.get("/api/v1/clients/?archived=true"))) == (
        [],
        ["Acorn Bikes"],
    )
    assert key.post(f"{address}restore/").json()["archived_at"] is None


def test_clients_are_paged_by_name_without_losing_one(api: Callable[..., Api], mara: Actor) -> None:
    key = api(mara)
    for name in ("Delta", "alpha", "Čau", "Beta", "Echo"):
        key.post("/api/v1/clients/", {"name": name})
    found, following = [], "/api/v1/clients/?limit=2"
    while following:
        answer = key.get(following.removeprefix("http://testserver"))
        found += names(answer)
        following = answer.json()["next"]
    assert sorted(found) == sorted({"Delta", "alpha", "Čau", "Beta", "Echo"})
    assert found == names(key.get("/api/v1/clients/"))


def test_a_name_that_is_taken_is_the_fields_fault(
    api: Callable[..., Api], mara: Actor, brand: Client
) -> None:
    refused = api(mara).post("/api/v1/clients/", {"name": "brightwater"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/name")


def test_a_responder_reads_clients_and_changes_none(
    api: Callable[..., Api], ben: Actor, brand: Client
) -> None:
    key = api(ben)
    assert names(key.get("/api/v1/clients/")) == ["Brightwater"]
    assert key.patch(f"/api/v1/clients/{brand.pk}/", {"name": "Mine"}).status_code == 403
    assert key.post(f"/api/v1/clients/{brand.pk}/archive/").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["", "query/", "approval-policy/", "sla-policy/", "archive/", "restore/"],
    ids=lambda p: p or "itself",
)
def test_another_agencys_client_looks_absent(
    api: Callable[..., Api], cleo: Actor, brand: Client, path: str
) -> None:
    key = api(cleo)
    method = "POST" if path in {"archive/", "restore/"} else "GET"
    answers = [key.call(method, f"/api/v1/clients/{pk}/{path}", {}) for pk in (brand.pk, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    first, second = ({**answer.json(), "request_id": ""} for answer in answers)
    assert first == second


def test_whether_the_client_is_asked_is_set_in_versions(
    api: Callable[..., Api], mara: Actor, brand: Client
) -> None:
    key, address = api(mara), f"/api/v1/clients/{brand.pk}/approval-policy/"
    assert key.get(address).json()["asks"] == "client"
    changed = key.replace(address, {"asks": "nobody"}).json()
    assert (changed["asks"], changed["version"], changed["created_by"]) == ("nobody", 2, "Mara's key")
    assert key.replace(address, {"asks": "perhaps"}).json()["errors"][0]["pointer"] == "/asks"


def test_a_client_is_promised_the_default_until_it_has_its_own(
    api: Callable[..., Api], mara: Actor, brand: Client
) -> None:
    key, address = api(mara), f"/api/v1/clients/{brand.pk}/sla-policy/"
    default = key.get("/api/v1/sla-policy/").json()
    assert default["client"] is None
    assert key.get(address).json() == default
    own = key.replace(address, {"targets": TARGETS, "warn_at": [80]}).json()
    low = {**MINUTES, "publish": 3600}
    assert (own["client"]["name"], own["targets"]["low"], own["warn_at"]) == ("Brightwater", low, [80])
    assert key.get(address).json() == own
    assert key.get("/api/v1/sla-policy/").json() == default
    assert key.replace("/api/v1/sla-policy/", {"targets": TARGETS}).json()["version"] == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"targets": {**TARGETS, "low": {**MINUTES, "claim": 0}}}, "/targets/low/claim"),
        ({"targets": {**TARGETS, "low": {**MINUTES, "claim": 2**62}}}, "/targets/low/claim"),
        ({"targets": {**TARGETS, "low": {**MINUTES, "claim": "60"}}}, "/targets/low/claim"),
        ({"targets": {**TARGETS, "low": {**MINUTES, "publish": 0}}}, "/targets/low/publish"),
        ({"targets": {**TARGETS, "low": {**MINUTES, "later": 5}}}, "/targets/low/later"),
        ({"targets": {"low": MINUTES}}, "/targets/urgent"),
        ({"targets": TARGETS, "warn_at": [90, 50]}, "/warn_at"),
        ({"targets": TARGETS, "warn_at": [100]}, "/warn_at/0"),
    ],
)
def test_promises_that_cannot_be_kept_are_refused(
    api: Callable[..., Api], mara: Actor, body: dict[str, Any], pointer: str
) -> None:
    refused = api(mara).replace("/api/v1/sla-policy/", body)
    assert refused.status_code == 400
    assert pointer in {error["pointer"] for error in refused.json()["errors"]}


def test_a_contact_is_added_changed_and_removed(api: Callable[..., Api], mara: Actor, brand: Client) -> None:
    key = api(mara)
    body = {"client": str(brand.pk), "name": "Dora", "email": "Dora@Brightwater.example"}
    added = key.post("/api/v1/contacts/", body)
    assert (added.status_code, added.json()["parts"], added.json()["client"]["name"]) == (
        201,
        ["approver"],
        "Brightwater",
    )
    address = f"/api/v1/contacts/{added.json()['id']}/"
    assert key.patch(address, {"parts": ["viewer"]}).json()["email"] == "dora@brightwater.example"
    assert key.post("/api/v1/contacts/", body).json()["errors"][0]["pointer"] == "/email"
    assert names(key.get(f"/api/v1/contacts/?client={brand.pk}")) == ["Dora"]
    assert names(key.get(f"/api/v1/contacts/?client={uuid4()}")) == []
    assert key.delete(address).status_code == 204
    assert key.get(address).status_code == 404


def test_a_contact_belongs_to_a_client_of_ones_own(
    api: Callable[..., Api], cleo: Actor, brand: Client, dora: Contact
) -> None:
    key = api(cleo)
    body = {"name": "Eve", "email": "eve@example.org"}
    for client in (str(brand.pk), str(uuid4()), "x", 5, str(brand.pk).replace("-", "")):
        refused = key.post("/api/v1/contacts/", {**body, "client": client})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/client")
    assert key.get(f"/api/v1/contacts/{dora.pk}/").status_code == 404
    assert names(key.get(f"/api/v1/contacts/?client={brand.pk}")) == []


def test_the_playbook_is_kept(api: Callable[..., Api], mara: Actor, brand: Client) -> None:
    key = api(mara)
    assert "Thank you" in names(key.get("/api/v1/templates/"))
    body = {"client": str(brand.pk), "name": "Hours", "kind": "other", "text": "Hi {author},\nfrom eight."}
    added = key.post("/api/v1/templates/", body)
    assert (added.status_code, added.json()["text"]) == (201, "Hi {author},\nfrom eight.")
    address = f"/api/v1/templates/{added.json()['id']}/"
    assert key.patch(address, {"text": "Hi {name}"}).json()["errors"][0]["pointer"] == "/text"
    assert key.patch(address, {"name": "Opening hours"}).json()["name"] == "Opening hours"
    assert "Opening hours" in names(key.get(f"/api/v1/templates/?client={brand.pk}"))
    assert key.delete(address).status_code == 204
    assert key.get(address).status_code == 404


@pytest.mark.parametrize("slot", ["{author:>999999999}", "{author!r}", "{me:d}", "{author:{client}}"])
def test_a_slot_is_a_name_and_nothing_more(api: Callable[..., Api], mara: Actor, slot: str) -> None:
    body = {"name": "Hours", "kind": "other", "text": f"Hi {slot}"}
    refused = api(mara).post("/api/v1/templates/", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/text")
