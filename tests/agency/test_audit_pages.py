"""The activity log as people and programs find things in it, and take it away."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from django.test import Client as Browser

from agency.actions.audit import erase_told
from agency.actor import Actor
from agency.models import AuditEntry, Membership
from agency.tenancy import tenant
from clients.actions.clients import change_client, create_client
from clients.models import Client, Contact
from tests.fixtures import Api, Clock
from tests.making import commit_checks
from tests.pages import words

Page = Callable[[Actor], Browser]


@pytest.fixture
def renamed(brand: Client, dora: Contact, mara: Actor, clock: Clock) -> Client:
    """A day later, Mara gives the brand a name that is a formula."""
    with tenant(brand.agency_id):
        by = replace(mara, address="192.0.2.7")
        return change_client(brand, changes={"name": "=Brightwaters"}, by=by, now=clock.advance(days=1))


def lines(page: Page, by: Actor, query: str = "") -> str:
    answer = page(by).get(f"/activity/?{query}")
    assert answer.status_code == 200
    return words(answer, ".items--log, .empty")


def test_the_log_is_searched_by_words(page: Page, ana: Actor, renamed: Client) -> None:
    assert "Mara changed the client =Brightwaters" in lines(page, ana)
    assert "name: Brightwater → =Brightwaters" in lines(page, ana, "q=brightwaters")
    assert "added the contact Dora" in lines(page, ana, "q=dora")
    assert "changed the client" not in lines(page, ana, "q=dora")
    assert "changed the client" in lines(page, ana, "q=192.0.2.7")
    assert "changed the client" in lines(page, ana, "q=changed+client+mara")
    assert "Nothing like that was done" in lines(page, ana, "q=100%25_nothing")


def test_the_log_is_narrowed_by_who_what_client_and_day(
    page: Page, ana: Actor, mara: Actor, renamed: Client
) -> None:
    only = "Mara changed the client"
    for query in (
        f"who={mara.id}",
        "since=2026-03-07",
        f"what=client&since=2026-03-07&client={renamed.pk}",
        f"subject={renamed.pk}&who={mara.id}",
    ):
        told = lines(page, ana, query)
        assert only in told
        assert "Ana" not in told.replace("Ana's", "")
    assert only not in lines(page, ana, "until=2026-03-06")
    assert "invited" in lines(page, ana, "what=member&who=system")
    # Nonsense filters nothing.
    assert only in lines(page, ana, "since=soon&who=nobody&client=x&what=dragons")


def test_the_log_ends_in_its_proof(page: Page, ana: Actor, renamed: Client) -> None:
    commit_checks()
    browser = page(ana)
    assert "The newest is entry" in words(browser.get("/activity/"))
    checked = words(browser.get("/activity/chain/"))
    assert "Nothing in them was changed, taken out, put in or moved." in checked
    assert f"manage.py verify_audit --agency {ana.agency_id}" in checked


def test_the_log_is_exported_as_it_is_filtered(page: Page, ana: Actor, mara: Actor, renamed: Client) -> None:
    commit_checks()
    answer: Any = page(ana).post(f"/activity/export/?who={mara.id}", {"form": "csv"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="activity-2026-03-07.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    assert (row["who"], row["subject"], row["address"]) == ("Mara", "'=Brightwaters", "192.0.2.7")
    assert len(row["hash"]) == 64
    assert row["at"] == "2026-03-07T17:04:00+00:00"
    everything: Any = page(ana).post("/activity/export/", {"form": "jsonl"})
    told = [orjson.loads(line) for line in everything.getvalue().splitlines()]
    assert [entry["action"] for entry in told][-2:] == ["client.changed", "audit.exported"]
    assert told[-2]["details"] == {"name": ["Brightwater", "=Brightwaters"]}
    with tenant(ana.agency_id):
        exported = AuditEntry.objects.filter(action="audit.exported").order_by("id")[0]
    assert exported.details == {"form": "csv", "entries": 1, "filters": {"actor_id": str(mara.id)}}


def test_an_export_in_another_form_is_refused(page: Page, ana: Actor) -> None:
    assert page(ana).post("/activity/export/", {"form": "exe"}).status_code == 400


def test_the_log_is_not_for_responders(page: Page, ben: Actor) -> None:
    browser = page(ben)
    assert browser.get("/activity/").status_code == 403
    assert browser.get("/activity/chain/").status_code == 403
    assert browser.post("/activity/export/", {"form": "csv"}).status_code == 403


def test_erased_people_are_shown_as_such(page: Page, ana: Actor, dora: Contact) -> None:
    with tenant(ana.agency_id):
        erase_told([dora.pk])
    told = lines(page, ana)
    assert "added the contact (name erased)" in told
    assert "What was personal in it is erased." in told
    assert "Dora" not in told


def test_who_works_for_some_clients_sees_what_concerns_them(
    page: Page, ana: Actor, mara: Actor, renamed: Client, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        other = create_client(name="Otherbrand", time_zone="UTC", language="en", by=ana, now=clock.now)
    Membership.objects.filter(pk=mara.id).update(client_ids=[renamed.pk])
    browser = page(mara)
    told = words(browser.get("/activity/"))
    assert "changed the client =Brightwaters" in told
    assert "Otherbrand" not in told
    assert "invited" not in told  # the team concerns no client
    assert "Check the chain" not in told
    assert browser.get("/activity/chain/").status_code == 403
    exported: Any = browser.post(f"/activity/export/?client={other.pk}", {"form": "jsonl"})
    assert "Otherbrand" not in exported.getvalue().decode()


def test_programs_find_the_same(api: Callable[..., Api], ana: Actor, mara: Actor, renamed: Client) -> None:
    key = api(ana)
    commit_checks()
    (entry,) = key.get(f"/api/v1/audit/?actor={mara.id}").json()["results"]
    assert (entry["client"], entry["erased_at"]) == (str(renamed.pk), None)
    for query in (
        "text=brightwaters",
        f"client={renamed.pk}&action=client.changed",
        "action=client&since=2026-03-07T00:00:00Z&until=2026-03-08T00:00:00Z",
        f"actor={mara.id}&actor_kind=member",
    ):
        assert key.get(f"/api/v1/audit/?{query}").json()["results"] == [entry]
    chain = key.get("/api/v1/audit/chain/").json()
    assert (chain["holds"], chain["whole"], chain["flaw"]) == (True, True, None)
    assert chain["number"] > entry["number"]
    assert key.get("/api/v1/audit/?since=yesterday").status_code == 400
    assert key.get("/api/v1/audit/?action=Everything!").status_code == 400
