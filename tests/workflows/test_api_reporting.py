"""Over the API: what was achieved in a period, who was told of a mention, and reminding the client."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from agency.actions.limits import limit_member
from agency.actor import Actor
from agency.models import AuditEntry, Membership
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.models import Client, Contact
from clients.queries.clients import known_clients
from mentions.models import Mention
from mentions.words import Move
from tests.fixtures import Api, Clock
from tests.making import make_mention, send_mails
from tests.pages import follow, submit, words
from workflows.actions.moves import claim_mention
from workflows.actions.publications import attest_reply, queue_publication
from workflows.actions.requests import request_approval
from workflows.actions.responses import draft_reply
from workflows.actions.transition import transition
from workflows.models import Approval

Apis = Callable[..., Api]


@pytest.fixture
def asked(mention: Mention, ben: Actor, dora: Contact, clock: Clock) -> Approval:
    """Ben claimed the mention, and asks Dora."""
    with tenant(mention.agency_id):
        claim_mention(mention.pk, by=ben, seen=1, now=clock.now)
        draft_reply(mention.pk, text="We're sorry, Pauls.", by=ben, seen=2, now=clock.now)
        return request_approval(mention.pk, by=ben, seen=2, now=clock.now)


@pytest.fixture
def limited(mara: Actor, ana: Actor, clock: Clock) -> Actor:
    """Mara, working for another client only."""
    with tenant(ana.agency_id):
        other = create_client(name="Othertown", time_zone="UTC", language="en", by=ana, now=clock.now)
        member = Membership.objects.select_related("user").get(pk=mara.id)
        limit_member(member, clients=[other.pk], known=known_clients(ana), by=ana, now=clock.now)
    return actor_of_member(Membership.objects.select_related("user").get(pk=mara.id))


# Results ---------------------------------------------------------------------------------------------------


def test_a_month_is_the_clients_own(api: Apis, ivo: Actor, brand: Client, ana: Actor, clock: Clock) -> None:
    key, here = api(ivo), f"/api/v1/clients/{brand.pk}/results/"
    with tenant(ana.agency_id):
        # 22:30 UTC on the last of March is the first of April in Riga.
        for at in ("2026-03-06T17:00:00", "2026-03-31T20:30:00", "2026-03-31T21:30:00"):
            make_mention(brand, now=clock.now.fromisoformat(f"{at}+00:00"))
    clock.advance(days=60)
    found = {month: key.get(f"{here}?month=2026-{month}").json() for month in ("02", "03", "04")}
    assert {month: told["found"] for month, told in found.items()} == {"02": 0, "03": 2, "04": 1}
    assert (found["03"]["since"], found["03"]["until"]) == ("2026-02-28T22:00:00Z", "2026-03-31T21:00:00Z")
    assert (found["02"]["median"], found["02"]["detection"], found["03"]["detection"]) == (None, None, 1200)
    moments = key.get(f"{here}?since=2026-03-01T00:00:00Z&until=2026-04-30T00:00:00Z").json()
    assert moments["found"] == 3


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ("month=2026-13", "/month"),
        ("month=2026-03&since=2026-03-01T00:00:00Z", "/month"),
        ("since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "/since"),
        ("since=2020-03-02T00:00:00Z", "/since"),
        ("since=2026-03-02T00:00:00", "/since"),
        ("days=30", "/days"),
    ],
)
def test_a_period_that_is_none_is_refused_by_its_parameter(
    api: Apis, ivo: Actor, brand: Client, asked: str, parameter: str
) -> None:
    for list_ in ("results", "answers"):
        answer = api(ivo).get(f"/api/v1/clients/{brand.pk}/{list_}/?{asked}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, parameter)


def test_replies_that_went_public_are_listed_by_the_page(
    api: Apis, ivo: Actor, ben: Actor, ana: Actor, brand: Client, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        for number in range(3):
            _answered(brand, ben, ana, f"Reply {number}", clock)
            clock.advance(minutes=1)
    key = api(ivo)
    first = key.get(f"/api/v1/clients/{brand.pk}/answers/?limit=2").json()
    rest = key.get(first["next"].removeprefix("http://testserver")).json()
    assert [one["text"] for one in first["results"] + rest["results"]] == ["Reply 2", "Reply 1", "Reply 0"]
    assert (rest["next"], first["results"][0]["approved_by"]) == (None, None)
    with CaptureQueriesContext(connection) as few:
        key.get(f"/api/v1/clients/{brand.pk}/answers/?limit=1")
    with CaptureQueriesContext(connection) as many:
        key.get(f"/api/v1/clients/{brand.pk}/answers/?limit=3")
    assert len(many) == len(few)


def _answered(brand: Client, ben: Actor, ana: Actor, text: str, clock: Clock) -> None:
    from_, now = make_mention(brand, now=clock.now), clock.now
    claim_mention(from_.pk, by=ben, seen=1, now=now)
    version = draft_reply(from_.pk, text=text, by=ben, seen=2, now=now)
    moved = transition(from_.pk, Move.CLEAR, by=ana, seen=None, now=now, hand_made=True)
    queue_publication(moved, version, approved_digest=version.digest, now=now)
    attest_reply(from_.pk, url=f"https://forum.example/{from_.pk}", by=ben, seen=moved.version, now=now)


def test_open_work_is_told_by_client(api: Apis, ivo: Actor, mention: Mention, limited: Actor) -> None:
    rows = api(ivo).get("/api/v1/clients/open-work/").json()["results"]
    assert [(row["client"]["name"], row["open"], row["late"]) for row in rows] == [
        ("Brightwater", 1, 0),
        ("Othertown", 0, 0),
    ]
    only = api(limited).get("/api/v1/clients/open-work/").json()["results"]
    assert [row["client"]["name"] for row in only] == ["Othertown"]


# Requests --------------------------------------------------------------------------------------------------


def test_a_request_tells_what_is_asked_whom_and_what_came_of_it(
    api: Apis, ivo: Actor, asked: Approval, clock: Clock
) -> None:
    send_mails(asked.agency_id, now=clock.advance(seconds=3))
    key = api(ivo)
    (row,) = key.get(f"/api/v1/approvals/?mention={asked.mention_id}&state=open").json()["results"]
    assert (row["id"], row["text"], row["state"]) == (str(asked.pk), "We're sorry, Pauls.", "open")
    assert key.get(f"/api/v1/approvals/?mention={asked.mention_id}&state=approved").json()["results"] == []
    whole = key.get(f"/api/v1/approvals/{asked.pk}/").json()
    (dora,) = whole["asked"]
    assert (dora["name"], dora["sent_at"], dora["error"]) == ("Dora", "2026-03-06T17:04:03Z", None)
    assert [version["number"] for version in whole["versions"]] == [1]
    assert whole["decisions"] == []
    assert "/approve/" not in str(whole)


def test_approvers_are_reminded_by_mail_and_not_too_often(
    api: Apis, ben: Actor, ivo: Actor, asked: Approval, dora: Contact, clock: Clock
) -> None:
    key, there = api(ben), f"/api/v1/approvals/{asked.pk}/remind/"
    soon = key.post(there)
    assert (soon.status_code, soon.json()["code"]) == (409, "reminded_just_now")
    send_mails(asked.agency_id, now=clock.advance(minutes=6))
    assert api(ivo).post(there).status_code == 403
    assert key.post(there, {"contact": str(asked.pk)}).json()["errors"][0]["pointer"] == "/contact"
    assert key.post(there, {"contact": str(dora.pk)}).status_code == 200
    send_mails(asked.agency_id, now=clock.now)
    assert [message.to for message in mail.outbox] == [["dora@brightwater.example"]] * 2
    with tenant(asked.agency_id):
        entry = AuditEntry.objects.get(action="approval.reminded")
        assert entry.details == {"contacts": [str(dora.pk)]}
    recalled = key.post(f"/api/v1/mentions/{asked.mention_id}/recall/", {"version": 3})
    assert recalled.status_code == 200
    closed = key.post(there)
    assert (closed.status_code, closed.json()["code"]) == (409, "nothing_to_remind_of")


def test_others_requests_are_as_if_absent(
    api: Apis, cleo: Actor, limited: Actor, asked: Approval, brand: Client
) -> None:
    for stranger in (cleo, limited):
        key = api(stranger)
        assert key.get("/api/v1/approvals/").json()["results"] == []
        for path in (
            *(f"approvals/{asked.pk}/", f"mentions/{asked.mention_id}/report/"),
            *(f"mentions/{asked.mention_id}/notices/", f"clients/{brand.pk}/results/"),
            f"clients/{brand.pk}/answers/",
        ):
            assert key.get(f"/api/v1/{path}").status_code == 404
        assert key.post(f"/api/v1/approvals/{asked.pk}/remind/").status_code == 404


def test_who_asked_reminds_on_the_page(
    page: Callable[[Actor], Browser], ben: Actor, asked: Approval, clock: Clock
) -> None:
    browser, there = page(ben), f"/mentions/{asked.mention_id}/"
    early = submit(browser, browser.get(there), button="Remind them")
    told = words(follow(browser, early), "body")
    assert "less than five minutes ago" in told
    assert "Nothing of yours was applied" not in told
    clock.advance(minutes=6)
    done = submit(browser, browser.get(there), button="Remind them")
    assert "A fresh link is on its way" in words(follow(browser, done), "body")


# The report ------------------------------------------------------------------------------------------------


def test_the_report_tells_each_first_time_and_who_was_told(
    api: Apis, mara: Actor, ivo: Actor, asked: Approval, clock: Clock
) -> None:
    send_mails(asked.agency_id, now=clock.advance(minutes=1))
    report: dict[str, Any] = api(ivo).get(f"/api/v1/mentions/{asked.mention_id}/report/").json()
    assert [(one["what"], one["after"]) for one in report["milestones"]] == [
        *(("published", 0), ("found", 1200), ("claimed", 1200), ("asked", 1200)),
        *(("told", 1260), ("reached", 1260)),
    ]
    assert report["ledger"]["whole"] == timedelta(minutes=21).total_seconds()
    (notice,) = api(mara).get(f"/api/v1/mentions/{asked.mention_id}/notices/").json()["results"]
    assert (notice["kind"], notice["subject"], notice["channel"]) == ("approval.request", str(asked.pk), None)
    assert api(ivo).get(f"/api/v1/mentions/{asked.mention_id}/notices/").status_code == 403


def test_notices_are_found_by_kind_recipient_and_time(
    api: Apis, mara: Actor, asked: Approval, dora: Contact, clock: Clock
) -> None:
    key = api(mara)

    def found(asked_for: str) -> int:
        return len(key.get(f"/api/v1/notices/?{asked_for}").json()["results"])

    assert found("kind=approval.request") == found("kind=approval") == found(f"recipient={dora.pk}") == 1
    assert found("kind=approval.reques") == found("kind=member.invitation") == 0
    assert found("acknowledged=true") == found("since=2026-03-06T17:05:00Z") == 0
    assert found("acknowledged=false&until=2026-03-06T17:05:00Z&state=queued") == 1
    assert key.get("/api/v1/notices/?kind=a'b").status_code == 400
