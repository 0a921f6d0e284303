"""Rotas as people arrange them: on the pages and over the API, with what is refused, and who is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client as Browser

from agency.actions.alarms import sweep
from agency.actions.limits import limit_member
from agency.actions.members import remove_member
from agency.actor import Actor
from agency.models import AuditEntry, Event, Membership
from agency.tenancy import tenant
from clients.models import Client, RotaOverride
from clients.queries.clients import known_clients
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import send_mails
from tests.pages import follow, submit, words
from workflows.actions.moves import set_priority

pytestmark = pytest.mark.django_db


OFFICE = {"opens": "09:00", "closes": "17:00"}


def layer(*members: Actor, **changes: Any) -> dict[str, Any]:
    return {
        "members": [str(m.id) for m in members],
        "since": "2026-03-02",
        "at": "09:00",
        "turn_days": 7,
    } | changes


def body(*layers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"name": "Evenings", "time_zone": "Europe/Riga", "layers": list(layers)} | changes


@pytest.fixture
def rota(api: Callable[..., Api], ana: Actor, ben: Actor, mara: Actor) -> dict[str, Any]:
    """Ben until Monday, then Mara."""
    made = api(ana).post("/api/v1/rotas/", body(layer(ben, mara)))
    assert made.status_code == 201, made.json()
    return dict(made.json())


def faults(answer: Any) -> dict[str, str]:
    assert answer.status_code == 400, answer.content
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


def test_a_program_asks_who_is_on_call_until_when_and_who_is_next(
    api: Callable[..., Api], ivo: Actor, rota: dict[str, Any], brand: Client
) -> None:
    for address in ("/api/v1/on-call/", f"/api/v1/on-call/?client={brand.pk}"):
        told = api(ivo).get(address).json()
        assert (told["rota"]["name"], told["member"]["name"]) == ("Evenings", "Ben")
        assert (told["until"], told["next"]["member"]["name"]) == ("2026-03-09T07:00:00Z", "Mara")
        assert told["gaps"] == []
    assert "client" in faults(api(ivo).get(f"/api/v1/on-call/?client={uuid4()}")).popitem()[0]


def test_a_client_with_a_rota_of_its_own_is_covered_by_it(
    api: Callable[..., Api], ana: Actor, rota: dict[str, Any], brand: Client
) -> None:
    key = api(ana)
    own = key.post("/api/v1/rotas/", body(layer(ana), name="Brightwater's", client=str(brand.pk)))
    assert own.json()["client"]["name"] == "Brightwater"
    assert key.get(f"/api/v1/on-call/?client={brand.pk}").json()["member"]["name"] == "Ana"
    assert key.get("/api/v1/on-call/").json()["member"]["name"] == "Ben"
    twice = key.post("/api/v1/rotas/", body(layer(ana), client=str(brand.pk)))
    assert (twice.status_code, twice.json()["code"]) == (409, "has_rota")
    assert [row["name"] for row in key.get("/api/v1/rotas/").json()["results"]] == [
        "Brightwater's",
        "Evenings",
    ]
    assert key.delete(f"/api/v1/rotas/{own.json()['id']}/").status_code == 204
    assert key.get(f"/api/v1/on-call/?client={brand.pk}").json()["member"]["name"] == "Ben"


def test_what_cannot_be_a_rota_is_refused_with_its_field(
    api: Callable[..., Api], ana: Actor, ben: Actor, ivo: Actor, cleo: Actor, brand: Client, clock: Clock
) -> None:
    key = api(ana)
    ask = lambda *layers, **changes: faults(key.post("/api/v1/rotas/", body(*layers, **changes)))  # noqa: E731
    assert ask() == {"/layers": "A rota needs at least one layer of people."}
    assert "names" not in ask(layer())["/layers/0/members"]
    assert ask(layer(ben), time_zone="Europe/Nowhere")["/time_zone"].startswith("Choose a time zone")
    assert ask(layer(ben, ben)) == {"/layers/0/members": "Name everybody once."}
    assert "only reads" in ask(layer(ivo))["/layers/0/members"]
    assert "no such member" in ask(layer(cleo))["/layers/0/members"]
    assert "/layers/0/turn_days" in ask(layer(ben, turn_days=0))
    assert "/layers/0/since" in ask(layer(ben, since="2026-02-30"))
    week = {"monday": [{"opens": "18:00", "closes": "18:00"}]}
    assert "Monday" in ask(layer(ben, week=week))["/layers/0/week"]
    assert ask(layer(ben, week={}))["/layers/0/week"] == "Choose at least one stretch of time."
    with tenant(ana.agency_id):
        remove_member(Membership.objects.get(pk=ben.id), by=ana, now=clock.now)
    assert ask(layer(ben))["/layers/0/members"] == "Ben has left the agency. Choose somebody else."


def test_an_override_holds_for_its_time_and_may_be_ended(
    api: Callable[..., Api], ana: Actor, ben: Actor, rota: dict[str, Any], clock: Clock
) -> None:
    key, address = api(ana), f"/api/v1/rotas/{rota['id']}/overrides/"
    asked = {"member": str(ana.id), "starts_at": "2026-03-06T18:00:00Z", "ends_at": "2026-03-06T20:00:00Z"}
    made = key.post(address, asked)
    assert made.status_code == 201
    clock.advance(hours=1)
    assert key.get("/api/v1/on-call/").json()["member"]["name"] == "Ana"
    assert key.delete(f"/api/v1/overrides/{made.json()['id']}/").status_code == 204
    assert key.get("/api/v1/on-call/").json()["member"]["name"] == "Ben"
    assert key.delete(f"/api/v1/overrides/{made.json()['id']}/").status_code == 409
    with tenant(ana.agency_id):
        actions = set(AuditEntry.objects.filter(action__startswith="rota.").values_list("action", flat=True))
    assert actions == {"rota.added", "rota.overridden", "rota.override_ended"}


def test_an_override_that_is_reversed_over_or_by_nobody_is_refused(
    api: Callable[..., Api], ana: Actor, ivo: Actor, rota: dict[str, Any]
) -> None:
    address, ask = f"/api/v1/rotas/{rota['id']}/overrides/", api(ana).post
    span = {"starts_at": "2026-03-07T08:00:00Z", "ends_at": "2026-03-07T18:00:00Z"}
    reversed_one = {"starts_at": span["ends_at"], "ends_at": span["starts_at"]}
    assert "before it begins" in faults(ask(address, {"member": str(ana.id), **reversed_one}))["/ends_at"]
    past = {"starts_at": "2026-03-01T08:00:00Z", "ends_at": "2026-03-02T08:00:00Z"}
    assert "over already" in faults(ask(address, {"member": str(ana.id), **past}))["/ends_at"]
    assert "only reads" in faults(ask(address, {"member": str(ivo.id), **span}))["/member"]
    assert "no such member" in faults(ask(address, {"member": str(uuid4()), **span}))["/member"]


def test_a_responder_takes_over_and_gives_their_own_turn_away_but_nobody_elses(
    api: Callable[..., Api], ana: Actor, ben: Actor, mara: Actor, rota: dict[str, Any]
) -> None:
    address = f"/api/v1/rotas/{rota['id']}/overrides/"
    own = {"starts_at": "2026-03-07T08:00:00Z", "ends_at": "2026-03-07T18:00:00Z"}
    maras = {"starts_at": "2026-03-10T08:00:00Z", "ends_at": "2026-03-10T18:00:00Z"}
    assert api(ben).post(address, {"member": str(ana.id), **own}).status_code == 201
    assert api(ben).post(address, {"member": str(ben.id), **maras}).status_code == 201
    refused = api(ben).post(
        address,
        {"member": str(ana.id), "starts_at": "2026-03-11T08:00:00Z", "ends_at": "2026-03-11T18:00:00Z"},
    )
    assert refused.status_code == 403
    assert api(mara).post(address, {"member": str(ana.id), **maras}).status_code == 201


def test_handing_over_now_tells_both_with_what_is_urgent(
    page: Callable[[Actor], Browser],
    ana: Actor,
    ben: Actor,
    mara: Actor,
    rota: dict[str, Any],
    mention: Mention,
    clock: Clock,
) -> None:
    sweep(now=clock.now)
    with tenant(ana.agency_id):
        set_priority(mention.pk, priority="urgent", by=ana, seen=None, now=clock.now)
    browser = page(mara)
    shown = browser.get("/on-call/")
    assert "Ben All clients without a rota of their own · until Mon 9 Mar, 9:00 · then Mara" in words(shown)
    asked = browser.get(f"/on-call/rotas/{rota['id']}/take-over/")
    assert "On call now is Ben. You take over, until Mon 09 Mar, 09:00" in words(asked)
    after = follow(browser, submit(browser, asked, button="Hand over to me"))
    assert "You are on call." in words(after)
    assert "Mara takes over" in words(after)
    sweep(now=clock.now)
    send_mails(ana.agency_id, now=clock.now)
    told = {sent.to[0]: sent for sent in mail.outbox if "call for all clients" in sent.subject}
    assert told["mara@northlight.example"].subject == "You are on call for all clients"
    assert "Brightwater was closed again" in told["mara@northlight.example"].body
    assert "Mara is on call now" in told["ben@northlight.example"].body
    with tenant(ana.agency_id):
        last = Event.objects.filter(type="on_call.changed").order_by("-at", "-id")[0]
    assert last.data == {"from": str(ben.id), "to": str(mara.id)}
    assert browser.post(f"/on-call/rotas/{rota['id']}/take-over/").status_code == 409


def test_the_next_hand_over_is_told_when_it_comes_and_once(
    ana: Actor, ben: Actor, mara: Actor, rota: dict[str, Any], clock: Clock
) -> None:
    sweep(now=clock.now)
    clock.now = clock.now.replace(day=9, hour=7, minute=0)
    sweep(now=clock.now - timedelta(microseconds=1))
    sweep(now=clock.now)
    sweep(now=clock.now + timedelta(hours=7))
    with tenant(ana.agency_id):
        events = Event.objects.filter(type="on_call.changed").order_by("at", "id")
        assert [(event.data["to"], event.at) for event in events][1:] == [(str(mara.id), clock.now)]


def test_who_left_is_stood_in_for_and_the_page_says_so(
    page: Callable[[Actor], Browser], ana: Actor, ben: Actor, mara: Actor, rota: dict[str, Any], clock: Clock
) -> None:
    with tenant(ana.agency_id):
        remove_member(Membership.objects.get(pk=ben.id), by=ana, now=clock.now)
    shown = words(page(ana).get("/on-call/"))
    assert "Ben has left: Mara stands in." in shown
    edited = page(ana).get(f"/on-call/rotas/{rota['id']}/")
    assert "Ben (left)" in words(edited)


def test_somebody_limited_away_from_a_client_is_not_on_call_for_it(
    api: Callable[..., Api], ana: Actor, ben: Actor, rota: dict[str, Any], brand: Client, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        from_other = known_clients(ana)
        other = [pk for pk in from_other if pk != brand.pk] or [uuid4()]
        Membership.objects.filter(pk=ben.id).update(client_ids=other)
    told = api(ana).get(f"/api/v1/on-call/?client={brand.pk}").json()
    assert (told["member"]["name"], told["gaps"][0]["missing"][0]["name"]) == ("Mara", "Ben")


def test_a_rota_is_set_up_and_changed_on_the_pages(
    page: Callable[[Actor], Browser], ana: Actor, ben: Actor, mara: Actor
) -> None:
    browser = page(ana)
    empty = browser.get("/on-call/")
    assert "Nobody is on call" in words(empty)
    form = browser.get("/on-call/rotas/add/")
    filled = {
        "name": "Nights",
        "layers/0/members": [str(ben.id), str(mara.id)],
        "layers/0/week": "Mon-Fri 18:00-09:00\nSat-Sun 00:00-24:00",
        "layers/1/members": [str(ana.id)],
    }
    wrong = submit(browser, form, button="Set it up", **{**filled, "layers/0/week": "Blursday 9-5"})
    assert (wrong.status_code, "“Blursday” isn't a day." in words(wrong)) == (422, True)
    nobody = submit(browser, form, button="Set it up", **{**filled, "layers/0/members": []})
    assert (nobody.status_code, "name at least one" in words(nobody)) == (422, True)
    made = submit(browser, form, button="Set it up", **filled)
    made = follow(browser, made)
    assert "Ben All clients without a rota of their own" in words(made)
    assert (
        "Layer 1: Ben, Mara. Hand-over every week on Mondays at 09:00 (Europe/Riga). Only Mon-Fri 18:00–09:00; Sat-Sun"
        in words(made)
    )
    with tenant(ana.agency_id):
        assert RotaOverride.objects.count() == 0


def test_readers_look_and_change_nothing(
    page: Callable[[Actor], Browser], api: Callable[..., Api], ivo: Actor, ben: Actor, rota: dict[str, Any]
) -> None:
    shown = words(page(ivo).get("/on-call/"))
    assert "Take over now" not in shown
    assert page(ivo).get(f"/on-call/rotas/{rota['id']}/take-over/").status_code == 403
    assert page(ben).get(f"/on-call/rotas/{rota['id']}/").status_code == 403
    assert api(ben).put(f"/api/v1/rotas/{rota['id']}/", body(layer(ben))).status_code == 403


def test_a_manager_of_some_clients_changes_their_rotas_only(
    api: Callable[..., Api], ana: Actor, mara: Actor, rota: dict[str, Any], brand: Client, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        membership = Membership.objects.select_related("user").get(pk=mara.id)
        limit_member(membership, clients=[brand.pk], known=known_clients(ana), by=ana, now=clock.now)
    key = Api(
        api(ana)
        .post(
            "/api/v1/keys/",
            {"name": "k", "rights": ["read", "respond", "manage"], "clients": [str(brand.pk)]},
        )
        .json()["token"]
    )
    assert key.put(f"/api/v1/rotas/{rota['id']}/", body(layer(ana))).status_code == 403
    assert key.post("/api/v1/rotas/", body(layer(ana), client=str(brand.pk))).status_code == 201


def test_members_say_when_they_work(
    page: Callable[[Actor], Browser], api: Callable[..., Api], ben: Actor
) -> None:
    key = api(ben)
    assert key.get("/api/v1/me/hours/").json() == {"time_zone": None, "week": None, "calendar": None}
    browser = page(ben)
    form = browser.get("/settings/hours/")
    empty = submit(browser, form, button="Save", how="week", week="")
    assert (empty.status_code, "at least one line" in words(empty)) == (422, True)
    assert submit(browser, form, button="Save", how="week", week="Mon-Fri 09:00-17:00").status_code == 303
    told = key.get("/api/v1/me/hours/").json()
    assert (told["time_zone"], told["week"]["monday"], told["week"]["sunday"]) == (
        "Europe/Riga",
        [OFFICE],
        [],
    )
    assert "Mon-Fri 09:00–17:00" in browser.get("/settings/hours/").content.decode()
    assert (
        "time_zone"
        in faults(key.put("/api/v1/me/hours/", {"time_zone": "X/Y", "week": {"monday": [OFFICE]}})).popitem()[
            0
        ]
    )
    assert key.delete("/api/v1/me/hours/").status_code == 204
    assert key.get("/api/v1/me/hours/").json()["week"] is None
