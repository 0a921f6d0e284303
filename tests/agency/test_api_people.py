"""Who is who over the API: the caller, the agency, its members and keys."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from agency.actor import Actor
from agency.models import ApiKey, Membership
from tests.fixtures import Api, Clock


def test_a_member_learns_who_they_are(page: Callable[[Actor], object], ben: Actor) -> None:
    me = page(ben).get("/api/v1/me/").json()  # type: ignore[attr-defined]
    assert (me["actor"]["kind"], me["actor"]["name"], me["role"]) == ("member", "Ben", "responder")
    assert me["rights"] == ["read", "respond"]


def test_a_key_learns_its_rights_and_has_no_role(api: Callable[..., Api], ana: Actor) -> None:
    me = api(ana, "audit").get("/api/v1/me/").json()
    assert (me["actor"]["kind"], me["role"], me["rights"]) == ("key", None, ["audit"])
    assert me["agency"]["name"] == "Northlight"


def test_an_owner_changes_the_agency(api: Callable[..., Api], ana: Actor) -> None:
    key = api(ana)
    changed = key.patch("/api/v1/agency/", {"undo_seconds": 120, "time_zone": "Europe/Vilnius"})
    assert changed.status_code == 200
    assert key.get("/api/v1/agency/").json()["time_zone"] == "Europe/Vilnius"
    assert changed.json()["name"] == "Northlight"


def test_an_unknown_zone_is_a_fault_of_its_field(api: Callable[..., Api], ana: Actor) -> None:
    refused = api(ana).patch("/api/v1/agency/", {"time_zone": "Mars/Olympus"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/time_zone"


def test_a_manager_does_not_change_the_agency(api: Callable[..., Api], mara: Actor) -> None:
    refused = api(mara).patch("/api/v1/agency/", {"name": "Mara's"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_a_member_is_invited_promoted_and_removed(api: Callable[..., Api], ana: Actor) -> None:
    key = api(ana)
    invited = key.post(
        "/api/v1/members/", {"email": "Una@Northlight.example", "name": "Una", "role": "analyst"}
    )
    assert (invited.status_code, invited.json()["email"]) == (201, "una@northlight.example")
    address = f"/api/v1/members/{invited.json()['id']}/"
    assert key.patch(address, {"role": "manager"}).json()["role"] == "manager"
    assert key.delete(address).status_code == 204
    assert key.get(address).status_code == 404
    assert [member["name"] for member in key.get("/api/v1/members/").json()["results"]] == ["Ana"]


def test_the_last_owner_stays(api: Callable[..., Api], ana: Actor) -> None:
    key = api(ana)
    assert key.delete(f"/api/v1/members/{ana.id}/").status_code == 409
    assert key.patch(f"/api/v1/members/{ana.id}/", {"role": "analyst"}).status_code == 409
    assert Membership.objects.get(user__name="Ana").role == "owner"


def test_a_key_is_shown_once_works_and_is_revoked(api: Callable[..., Api], ana: Actor) -> None:
    key = api(ana)
    made = key.post("/api/v1/keys/", {"name": "Reports", "rights": ["read"]})
    assert made.status_code == 201
    reports = Api(made.json()["token"])
    assert reports.get("/api/v1/me/").json()["actor"]["name"] == "Reports"
    listed = key.get("/api/v1/keys/").json()["results"]
    assert {"Reports", "Ana's key"} == {row["name"] for row in listed}
    assert not any("token" in row or "digest" in row for row in listed)
    assert key.delete(f"/api/v1/keys/{made.json()['id']}/").status_code == 204
    assert reports.get("/api/v1/me/").status_code == 401


def test_a_key_can_end_by_itself(api: Callable[..., Api], ana: Actor, clock: Clock) -> None:
    made = api(ana).post(
        "/api/v1/keys/", {"name": "Audit", "rights": ["read"], "expires_at": "2026-03-06T21:04:00+02:00"}
    )
    assert made.json()["expires_at"] == "2026-03-06T19:04:00Z"
    week = Api(made.json()["token"])
    assert week.get("/api/v1/me/").status_code == 200
    clock.advance(hours=2)
    assert week.get("/api/v1/me/").status_code == 401


def test_odd_ends_of_a_key_are_refused(api: Callable[..., Api], ana: Actor) -> None:
    key = api(ana)
    for odd in ("0513-10-31T14:30:59+19:11", "2030-01-01T00:00:00", "0001-01-01T00:00:00+10:00", 5, "soon"):
        refused = key.post("/api/v1/keys/", {"name": "Odd", "rights": ["read"], "expires_at": odd})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == "/expires_at"
    assert ApiKey.objects.count() == 1


def test_another_agencys_members_and_keys_look_absent(
    api: Callable[..., Api], ana: Actor, cleo: Actor
) -> None:
    theirs, key = api(cleo), api(ana)
    assert theirs.get(f"/api/v1/members/{ana.id}/").status_code == 404
    foreign = ApiKey.objects.get(agency_id=ana.agency_id).pk
    answers = [theirs.delete(f"/api/v1/keys/{pk}/") for pk in (foreign, uuid4())]
    told = [{**answer.json(), "request_id": ""} for answer in answers]
    assert told[0] == told[1]
    assert key.get("/api/v1/me/").status_code == 200


def test_a_key_makes_no_member_who_may_more_than_itself(
    api: Callable[..., Api], ana: Actor, ivo: Actor
) -> None:
    key = api(ana, "read", "team")
    eve = {"email": "eve@x.example", "name": "Eve"}
    assert key.post("/api/v1/members/", {**eve, "role": "owner"}).status_code == 403
    assert key.patch(f"/api/v1/members/{ivo.id}/", {"role": "owner"}).status_code == 403
    assert key.post("/api/v1/members/", {**eve, "role": "analyst"}).status_code == 201


def test_a_key_that_ends_makes_none_that_goes_on(api: Callable[..., Api], ana: Actor, clock: Clock) -> None:
    until = (clock.now + timedelta(hours=1)).isoformat()
    body = {"name": "K", "rights": ["read", "keys"], "expires_at": until}
    key = Api(api(ana).post("/api/v1/keys/", body).json()["token"])
    assert key.post("/api/v1/keys/", {"name": "K", "rights": ["read", "keys"]}).status_code == 400
    assert key.post("/api/v1/keys/", body).status_code == 201
