"""ETag and If-Match: nobody's work is lost to somebody who saw less."""

from collections.abc import Callable
from typing import Any

import pytest

from agency.actor import Actor
from agency.tenancy import tenant
from clients.models import Client
from mentions.models import Mention
from tests.fixtures import Api, Clock
from workflows.actions.moves import reopen_mention
from workflows.actions.responses import draft_reply
from workflows.models import Response, Version

MATCH = "If-Match"
TEXT = {"text": "We're sorry, Pauls."}
ROW = {"claim": 60, "respond": 600, "decide": 300}
TARGETS = {"targets": {"urgent": ROW, "high": ROW, "normal": ROW, "low": ROW}}


def match(tag: str) -> dict[str, str]:
    return {MATCH: tag}


def said(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def at(mention: Mention, name: str = "") -> str:
    return f"/api/v1/mentions/{mention.pk}/{name}"


# Mentions ---------------------------------------------------------------------------------------------


def test_a_mention_is_claimed_by_its_etag(api: Callable[..., Api], ben: Actor, mention: Mention) -> None:
    key = api(ben)
    tag = key.get(at(mention)).headers["ETag"]
    assert tag == '"1"'
    claimed = key.post(at(mention, "claim/"), **match(tag))
    assert (claimed.status_code, claimed.headers["ETag"], claimed.json()["version"]) == (200, '"2"', 2)
    stale = key.post(at(mention, "release/"), **match(tag))
    assert said(stale) == (412, "mention_moved_on")
    assert stale.json()["detail"].startswith("Ben's key claimed it")
    by_body = key.post(at(mention, "release/"), {"version": 1})
    assert said(by_body) == (409, "mention_moved_on")
    assert by_body.json()["detail"] == stale.json()["detail"]
    assert by_body.json()["title"] == stale.json()["title"]


@pytest.mark.parametrize("tag", ['W/"1"', '"1", "7"', '"9" ,W/"1"', ' "1" ', '"1","other"'])
def test_weak_tags_and_lists_are_taken(
    api: Callable[..., Api], ben: Actor, mention: Mention, tag: str
) -> None:
    assert api(ben).post(at(mention, "claim/"), **match(tag)).status_code == 200


@pytest.mark.parametrize(
    "tag", ['"9"', '"other"', '""', '"01"', '"1 "', '"8", "9"', '"99999999999999999999"']
)
def test_other_tags_are_stale(api: Callable[..., Api], ben: Actor, mention: Mention, tag: str) -> None:
    answer = api(ben).post(at(mention, "claim/"), **match(tag))
    if tag == '"1 "':
        assert said(answer) == (400, "invalid_header")
    else:
        assert said(answer) == (412, "mention_moved_on")


@pytest.mark.parametrize(
    "tag", ["1", "", '"1', "'1'", '"1" "2"', '"1",', "w/1", "\x00", '"' + "1" * 2000 + '"']
)
def test_garbage_is_refused(api: Callable[..., Api], ben: Actor, mention: Mention, tag: str) -> None:
    assert said(api(ben).post(at(mention, "claim/"), **match(tag))) == (400, "invalid_header")


def test_who_names_no_version_or_any_is_asked_to(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key = api(ben)
    assert said(key.post(at(mention, "claim/"))) == (428, "precondition_required")
    assert said(key.post(at(mention, "claim/"), **match("*"))) == (428, "precondition_required")
    assert said(key.post(at(mention, "claim/"), {"version": 1}, **match("*"))) == (
        428,
        "precondition_required",
    )


def test_the_header_and_the_body_must_agree(api: Callable[..., Api], ben: Actor, mention: Mention) -> None:
    key = api(ben)
    differ = key.post(at(mention, "claim/"), {"version": 1}, **match('"2"'))
    assert differ.json()["errors"][0]["pointer"] == "/version"
    assert said(key.post(at(mention, "claim/"), {"version": 3}, **match('"3"'))) == (412, "mention_moved_on")
    assert key.post(at(mention, "claim/"), {"version": 1}, **match('"1"')).status_code == 200


# The reply --------------------------------------------------------------------------------------------


def test_the_reply_has_an_address_and_an_etag_of_its_own(
    api: Callable[..., Api], ben: Actor, mara: Actor, mention: Mention
) -> None:
    key, address = api(ben), at(mention, "response/")
    key.post(at(mention, "claim/"), {"version": 1})
    nothing = key.get(address)
    assert (nothing.json(), nothing.headers["ETag"]) == ({"version": 0, "reply": None}, '"0"')
    assert said(key.put(address, TEXT)) == (428, "precondition_required")
    first = key.put(address, TEXT, **match('"0"'))
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"')
    assert first.json()["reply"]["versions"][0]["text"] == TEXT["text"]
    other = api(mara).put(address, {"text": "Mara's"}, **match('"1"'))
    assert other.headers["ETag"] == '"2"'
    stale = key.put(address, {"text": "Ben's"}, **match('"1"'))
    assert said(stale) == (412, "text_moved_on")
    assert stale.json()["detail"] == "Mara's key saved version 2 while you wrote."
    assert key.get(at(mention)).json()["response"] == key.get(address).json()["reply"]
    assert said(key.post(at(mention, "draft/"), {"version": 2, **TEXT, "based_on": 1})) == (
        409,
        "text_moved_on",
    )


def test_the_same_text_again_is_the_same_version(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key, address = api(ben), at(mention, "response/")
    key.post(at(mention, "claim/"), {"version": 1})
    for _ in range(2):
        assert key.put(address, TEXT, **match('"0"')).headers["ETag"] == '"1"'


def test_a_reply_that_was_left_behind_lends_its_number_to_no_other(
    api: Callable[..., Api], ben: Actor, mention: Mention, clock: Clock
) -> None:
    key, address = api(ben), at(mention, "response/")
    key.post(at(mention, "claim/"), {"version": 1})
    assert key.put(address, TEXT, **match('"0"')).headers["ETag"] == '"1"'
    key.post(at(mention, "dismiss/"), {"version": 2, "reason": "spam"})
    clock.advance(minutes=1)
    with tenant(ben.agency_id):
        reopen_mention(mention.pk, by=ben, seen=3, now=clock.now)
        draft_reply(mention.pk, text="Another", by=ben, now=clock.now)
        assert Response.objects.filter(mention=mention).count() == 2
    assert key.get(address).headers["ETag"] == '"2"'
    assert said(key.put(address, {"text": "Late"}, **match('"1"'))) == (412, "text_moved_on")
    with tenant(ben.agency_id):
        assert Version.objects.filter(response__mention=mention).count() == 2


def test_nobody_writes_a_reply_to_what_is_not_claimed(
    api: Callable[..., Api], ben: Actor, ivo: Actor, mention: Mention
) -> None:
    refused = api(ben).put(at(mention, "response/"), TEXT, **match('"0"'))
    assert said(refused) == (409, "move_not_possible")
    assert api(ivo).get(at(mention, "response/")).status_code == 200
    assert api(ivo).put(at(mention, "response/"), TEXT, **match('"0"')).status_code == 403


# Policies ---------------------------------------------------------------------------------------------


def ladder_of(key: Api, address: str) -> dict[str, Any]:
    shown = key.get(address).json()
    return {name: shown[name] for name in ("steps", "rungs", "again", "tells_contacts")}


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        *(("sla-policy", "client"), ("sla-policy", "agency"), ("approval-policy", "client")),
        *(("ladder", "client"), ("ladder", "agency")),
    ],
)
def test_a_policy_is_changed_by_who_saw_it(
    api: Callable[..., Api], mara: Actor, ana: Actor, brand: Client, name: str, whose: str
) -> None:
    key, address = api(mara), f"/api/v1/{f'clients/{brand.pk}/' if whose == 'client' else ''}{name}/"
    body = {"sla-policy": TARGETS, "approval-policy": {"asks": "nobody"}}.get(name) or ladder_of(key, address)
    tag = key.get(address).headers["ETag"]
    started = 0 if name == "ladder" or (name, whose) == ("sla-policy", "client") else 1
    assert tag == f'"{started}"'
    assert said(key.put(address, body)) == (428, "precondition_required")
    assert said(key.put(address, body, **match("*"))) == (428, "precondition_required")
    changed = key.put(address, body, **match(tag))
    assert (changed.status_code, changed.headers["ETag"]) == (200, f'"{started + 1}"')
    stale = api(ana).put(address, body, **match(tag))
    assert said(stale) == (412, "version_moved_on")
    assert stale.json()["detail"].startswith(f"Mara's key saved version {started + 1}.")
    assert key.get(address).headers["ETag"] == f'"{started + 1}"'


@pytest.mark.parametrize("name", ["sla-policy", "ladder"])
def test_going_back_to_the_default_takes_who_saw_it_too(
    api: Callable[..., Api], mara: Actor, brand: Client, name: str
) -> None:
    key, address = api(mara), f"/api/v1/clients/{brand.pk}/{name}/"
    body = TARGETS if name == "sla-policy" else ladder_of(key, address)
    key.put(address, body, **match('"0"'))
    assert said(key.delete(address)) == (428, "precondition_required")
    assert said(key.delete(address, **match('"0"'))) == (412, "version_moved_on")
    assert key.delete(address, **match('"1"')).status_code == 204
    assert key.get(address).headers["ETag"] == '"0"'
    assert key.put(address, body, **match('"0"')).headers["ETag"] == '"2"'
