"""“The client answered it itself”: said by a person, on the page and over the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from agency.actor import Actor
from agency.tenancy import tenant
from clients.models import Client, Contact
from clients.words import ClockKind
from mentions.models import Mention
from mentions.words import State
from tests.fixtures import Api, Clock
from workflows.actions.moves import claim_mention
from workflows.actions.requests import request_approval
from workflows.actions.responses import draft_reply
from workflows.models import Approval, Transition
from workflows.models import Clock as ClockRow

URL = "https://forum.example/posts/1#brightwater"


def test_a_person_says_it_over_the_api(
    mention: Mention, ben: Actor, clock: Clock, api: Callable[..., Api]
) -> None:
    said_at = clock.advance(minutes=5)
    clock.advance(minutes=30)
    key = api(ben)
    path = f"/api/v1/mentions/{mention.pk}/answered/"
    told = key.post(path, {"version": 1, "url": URL, "at": said_at.isoformat()}).json()
    assert (told["state"], told["external"], told["answer_url"]) == ("responded", True, URL)
    assert told["responded_at"] == said_at.isoformat().replace("+00:00", "Z")
    whole = key.get(f"/api/v1/mentions/{mention.pk}/").json()
    assert {row["kind"]: row["used"] for row in whole["clocks"]} == {"claim": 300, "respond": 300}
    assert whole["actions"] == ["reopen"]
    listed = key.get("/api/v1/mentions/?state=responded").json()
    assert [row["external"] for row in listed["results"]] == [True]
    with tenant(mention.agency_id):
        assert (Transition.objects.get().move, Transition.objects.get().actor_name) == ("answer", "Ben's key")
    assert key.post(path, {"version": 2, "url": URL, "at": said_at.isoformat()}).status_code == 409


@pytest.mark.parametrize(
    ("url", "minutes", "field"),
    [("javascript:alert(1)", 0, "/url"), ("not one", 0, "/url"), (URL, 5, "/at"), (URL, -60, "/at")],
)
def test_what_cannot_be_is_refused_with_the_field_named(
    mention: Mention, ben: Actor, clock: Clock, api: Callable[..., Api], url: str, minutes: int, field: str
) -> None:
    at = (clock.now + timedelta(minutes=minutes)).isoformat()
    refused = api(ben).post(f"/api/v1/mentions/{mention.pk}/answered/", {"version": 1, "url": url, "at": at})
    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == [field]
    with tenant(mention.agency_id):
        assert Mention.objects.get().state == State.NEW


def test_what_the_client_was_asked_is_taken_back(
    mention: Mention, brand: Client, dora: Contact, ben: Actor, ivo: Actor, clock: Clock,
    page: Callable[[Actor], Browser],
) -> None:  # fmt: skip
    with tenant(ben.agency_id):
        claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
        draft_reply(mention.pk, text="We're sorry.", by=ben, seen=None, now=clock.now)
        request_approval(mention.pk, by=ben, seen=None, now=clock.now)
        version = Mention.objects.get().version
    path = f"/mentions/{mention.pk}/move/answered/"
    sent: dict[str, Any] = {
        "version": version,
        "url": URL,
        "at": "2026-03-06T18:44",
    }  # Riga's, the post's minute
    assert page(ivo).post(path, sent).status_code == 403
    browser = page(ben)
    refused = browser.post(path, {**sent, "at": "soon"})
    assert refused.status_code == 422
    assert "Write it as 2026-03-06T19:04." in refused.content.decode()
    assert browser.post(path, sent).status_code == 303
    shown = browser.get(f"/mentions/{mention.pk}/").content.decode()
    assert "By the client itself" in shown
    assert "found that the client answered it itself" in shown
    with tenant(ben.agency_id):
        done = Mention.objects.get()
        assert (done.state, done.responded_at) == (State.RESPONDED, done.published_at)
        assert Approval.objects.get().state == Approval.State.WITHDRAWN
        assert ClockRow.objects.filter(stopped_at=None).count() == 0
        assert not ClockRow.objects.filter(kind=ClockKind.RESPOND, breached_at__isnull=False).exists()
