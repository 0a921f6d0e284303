"""Over the API: inviting somebody once more, who has a second factor, and the activity log as a file."""

import csv
from collections.abc import Callable
from io import StringIO
from typing import Any

import orjson
from django.core import mail
from django.test import Client as Browser

from agency.actor import Actor
from agency.models import AuditEntry, Membership
from agency.tenancy import tenant
from clients.models import Client
from tests.fixtures import Api, Clock
from tests.making import send_mails
from tests.pages import follow, submit, words

Apis = Callable[..., Api]


def taken(answer: Any) -> bytes:
    """A whole file, as whoever downloads it has it."""
    return b"".join(answer.streaming_content)


def test_who_never_came_in_is_invited_again(
    api: Apis, ana: Actor, ben: Actor, mara: Actor, clock: Clock
) -> None:
    key, there = api(ana), f"/api/v1/members/{ben.id}/invite/"
    told = key.post(there)
    assert (told.status_code, told.json()["last_seen_at"]) == (202, None)
    send_mails(ana.agency_id, now=clock.now)
    assert [message.to for message in mail.outbox] == [["ben@northlight.example"]]
    assert key.post(there).status_code == 409  # it just went out
    clock.advance(minutes=6)
    Browser().force_login(
        Membership.objects.get(pk=ben.id).user,
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    come = key.post(there)
    assert (come.status_code, come.json()["code"]) == (409, "has_signed_in")
    assert api(mara).post(there).status_code == 403
    with tenant(ana.agency_id):
        assert AuditEntry.objects.filter(action="member.invited_again").count() == 1


def test_nobody_invites_into_another_agency(api: Apis, cleo: Actor, ben: Actor) -> None:
    assert api(cleo).post(f"/api/v1/members/{ben.id}/invite/").status_code == 404


def test_somebody_is_invited_again_on_the_team_page(
    page: Callable[[Actor], Browser], ana: Actor, ben: Actor, clock: Clock
) -> None:
    browser = page(ana)
    again = submit(browser, browser.get("/team/"), action=f"/team/{ben.id}/invite/")
    assert "Ben is invited again" in words(follow(browser, again), "body")
    soon = submit(browser, browser.get("/team/"), action=f"/team/{ben.id}/invite/")
    assert (soon.status_code, "less than five minutes ago" in words(soon, "body")) == (409, True)


def test_only_who_answers_for_the_team_learns_who_has_a_second_factor(
    api: Apis, ana: Actor, ivo: Actor
) -> None:
    for actor, known in ((ana, False), (ivo, None)):
        rows = api(actor).get("/api/v1/members/").json()["results"]
        assert {row["second_factor"] for row in rows} == {known}


def test_the_log_is_taken_as_a_file_and_that_is_in_the_log(
    api: Apis, ana: Actor, mara: Actor, ben: Actor, cleo: Actor, brand: Client
) -> None:
    key = api(mara)
    table = key.post("/api/v1/audit/export/", {"form": "csv", "action": "client"})
    assert table.headers["Content-Disposition"] == 'attachment; filename="activity-2026-03-06.csv"'
    rows = list(csv.DictReader(StringIO(taken(table).decode("utf-8-sig"))))
    assert [row["action"] for row in rows] == ["client.created"]
    lines = key.post("/api/v1/audit/export/", {"form": "jsonl", "client": str(brand.pk)})
    assert all(orjson.loads(line) for line in taken(lines).splitlines())
    with tenant(ana.agency_id):
        exported = AuditEntry.objects.filter(action="audit.exported").order_by("id")
        assert [entry.details["form"] for entry in exported] == ["csv", "jsonl"]
    wrong = key.post("/api/v1/audit/export/", {"form": "xlsx"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/form")
    assert api(ben).post("/api/v1/audit/export/", {"form": "csv"}).status_code == 403
    theirs = api(cleo).post("/api/v1/audit/export/", {"form": "jsonl", "client": str(brand.pk)})
    assert taken(theirs) == b""
