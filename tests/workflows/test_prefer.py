"""`Prefer: return=minimal`: what is done to a mention is answered with its new version alone, sooner."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request

from agency.actor import Actor
from agency.api.preferences import preferences, wants_minimal
from agency.tenancy import tenant
from clients.models import Client, Contact
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.web_server import WebServer
from tests.workflows.test_api_moves import mention_where_replies_are_refused
from workflows.actions.publications import publish
from workflows.models import Publication, Transition

MINIMAL = {"Prefer": "return=minimal"}
TEXT = {"text": "We're sorry, Pauls."}
THEIRS = "https://forum.example/posts/1#brightwater"


class Desk:
    """Somebody who moves one mention from version to version, and knows nothing of it but the last ETag."""

    def __init__(self, key: Api, mention: Mention) -> None:
        self.key, self.address, self.tag = key, f"/api/v1/mentions/{mention.pk}/", '"1"'

    def does(self, name: str, *, method: str = "POST", **body: Any) -> dict[str, Any]:
        """What the mention is afterwards, read by a call of its own."""
        answer = self.key.call(method, f"{self.address}{name}/", body, **MINIMAL, **{"If-Match": self.tag})
        assert (answer.status_code, answer.content) == (204, b""), answer.content
        assert answer.headers["Preference-Applied"] == "return=minimal"
        assert answer.headers["Vary"] == "Prefer"
        assert "Content-Type" not in answer.headers
        self.tag = answer.headers["ETag"]
        there = self.key.get(self.address)
        assert there.headers["ETag"] == self.tag
        found: dict[str, Any] = there.json()
        return found


@pytest.fixture
def desk(api: Callable[..., Api], mara: Actor, mention: Mention) -> Desk:
    return Desk(api(mara), mention)


def nobody_is_asked(key: Api, brand: Client) -> None:
    assert key.replace(f"/api/v1/clients/{brand.pk}/approval-policy/", {"asks": "nobody"}).status_code == 200


# Every call that acts on a mention --------------------------------------------------------------------------


def test_a_mention_is_moved_by_the_tags_alone(desk: Desk, ben: Actor) -> None:
    assert desk.does("claim")["state"] == "claimed"
    assert desk.does("assign", assignee=str(ben.id))["assignee"]["name"] == "Ben"
    assert desk.does("priority", priority="high")["priority"] == "high"
    assert desk.does("sentiment", method="PUT", sentiment="neutral")["sentiment"] == "neutral"
    assert desk.does("release")["state"] == "new"
    assert desk.does("dismiss", reason="spam")["dismiss_reason"] == "spam"
    assert desk.does("reopen")["state"] == "claimed"
    assert desk.does("answered", url=THEIRS, at="2026-03-06T17:00:00Z")["answer_url"] == THEIRS


def test_what_changes_nothing_is_answered_with_the_version_that_there_was(desk: Desk) -> None:
    assert desk.does("priority", priority="normal")["version"] == 1
    assert desk.does("sentiment", method="PUT", sentiment=None)["version"] == 1


def test_a_reply_is_asked_about_and_taken_back_by_the_tags_alone(desk: Desk, dora: Contact) -> None:
    desk.does("claim")
    for text in ("We're sorry.", "We're sorry, Pauls.", "We're sorry, Pauls."):
        drafted = desk.does("draft", text=text)
        assert (drafted["version"], drafted["response"]["versions"][0]["text"]) == (2, text)
    assert desk.does("submit")["approval"]["state"] == "open"
    assert desk.does("recall")["approval"]["state"] == "withdrawn"


def test_a_reply_is_cleared_revised_and_attested_by_the_tags_alone(desk: Desk, brand: Client) -> None:
    nobody_is_asked(desk.key, brand)
    desk.does("claim")
    desk.does("draft", **TEXT)
    assert desk.does("clear")["state"] == "approved"
    assert desk.does("revise")["state"] == "claimed"
    desk.does("clear")
    done = desk.does("attest", url="https://forum.example/posts/1#r1")
    assert (done["state"], done["publication"]["state"]) == ("responded", "live")


def test_a_reply_that_failed_is_sent_again_by_the_tags_alone(
    api: Callable[..., Api], mara: Actor, brand: Client, web_server: WebServer, clock: Clock
) -> None:
    mention = mention_where_replies_are_refused(brand, web_server, by=mara, now=clock.now)
    desk = Desk(api(mara), mention)
    nobody_is_asked(desk.key, brand)
    desk.does("claim")
    desk.does("draft", **TEXT)
    publication = desk.does("clear")["publication"]["id"]
    publish(mara.agency_id, publication, clock=lambda: clock.now)
    with tenant(mara.agency_id):
        assert Publication.objects.get().state == "failed"
    assert desk.does("send-again")["publication"]["state"] == "queued"


def test_what_is_refused_says_why(desk: Desk) -> None:
    desk.does("claim")
    late = desk.key.post(f"{desk.address}claim/", {"version": 1}, **MINIMAL)
    assert (late.status_code, late.json()["code"]) == (409, "mention_moved_on")
    assert "Preference-Applied" not in late.headers


# Sending again ----------------------------------------------------------------------------------------------


def test_the_stored_answer_is_given_again_whatever_is_preferred_now(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key, address = api(ben), f"/api/v1/mentions/{mention.pk}"
    once: dict[str, str] = {"Idempotency-Key": "claim"}
    first = key.post(f"{address}/claim/", {"version": 1}, **once, **MINIMAL)
    for preferred in (MINIMAL, {}, {"Prefer": "return=representation"}):
        again = key.post(f"{address}/claim/", {"version": 1}, **once, **preferred)
        assert (again.status_code, again.content) == (204, b"")
        for name in ("ETag", "Preference-Applied", "Vary"):
            assert again.headers[name] == first.headers[name]
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Content-Type" not in again.headers
    with tenant(ben.agency_id):
        assert Transition.objects.filter(mention=mention).count() == 1
    shown = key.post(f"{address}/release/", {"version": 2}, **{"Idempotency-Key": "release"})
    again = key.post(f"{address}/release/", {"version": 2}, **{"Idempotency-Key": "release"}, **MINIMAL)
    assert (again.status_code, again.content) == (200, shown.content)
    assert "Preference-Applied" not in again.headers


# The header -------------------------------------------------------------------------------------------------


def asking(prefer: str | None) -> Request:
    return Request(RequestFactory().post("/", headers={} if prefer is None else {"Prefer": prefer}))


@pytest.mark.parametrize(
    "prefer",
    [
        "return=minimal",
        "Return=MINIMAL",
        'return="minimal"',
        'return="mini\\mal"',
        " return \t= minimal ",
        "respond-async, wait=100, return=minimal",
        "return=minimal; why=mobile ;; x",
        ",, return=minimal,",
        "return=minimal, return=representation",
        'note="a, return=representation", return=minimal',
        "@@@, return=minimal",
        "return:minimal, return=minimal",
    ],
)
def test_it_is_asked_for_in_every_way_that_the_rfc_allows(prefer: str) -> None:
    assert wants_minimal(asking(prefer))


@pytest.mark.parametrize(
    "prefer",
    [
        None,
        "",
        "return",
        "return=",
        "return=representation",
        "return=less",
        "minimal",
        "minimal=return",
        "return=minimal=1",
        "return=minimal x",
        "returns=minimal",
        "return='minimal'",
        "handling=lenient; return=minimal",
        "return=representation, return=minimal",
        "return, return=minimal",
        'note="return=minimal"',
        'note="a\\", return=minimal"',
        'note="never closed, return=minimal',
        "resp\xf6nd, retürn=minimal",
    ],
)
def test_everything_else_is_no_wish_for_less(prefer: str | None) -> None:
    assert not wants_minimal(asking(prefer))


@pytest.mark.parametrize("prefer", ["return=representation", "respond-async", 'return="min', "\x00"])
def test_who_prefers_something_else_gets_the_mention(
    api: Callable[..., Api], ben: Actor, mention: Mention, prefer: str
) -> None:
    answer = api(ben).post(f"/api/v1/mentions/{mention.pk}/claim/", {"version": 1}, Prefer=prefer)
    assert (answer.status_code, answer.json()["state"]) == (200, "claimed")
    assert (answer.headers["ETag"], answer.headers["Vary"]) == ('"2"', "Prefer")
    assert "Preference-Applied" not in answer.headers


@given(st.text(st.sampled_from('return=mial;,"\\ \t@x'), max_size=60))
def test_any_header_can_be_read(prefer: str) -> None:
    for name, value in preferences(asking(prefer)).items():
        assert name.strip(' \t=;,"\\@') == name != ""
        assert value == value.lower()


def test_a_long_header_is_read_at_once() -> None:
    for prefer in (
        '"' * 60_000,
        ";" * 60_000,
        "a=" * 30_000,
        'a="\\' * 15_000,
        "a; " * 20_000 + "@",
        " " * 60_000,
    ):
        assert not wants_minimal(asking(prefer))
