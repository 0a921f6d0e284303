"""Working a mention over the API, from the claim to the answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.tenancy import tenant
from clients.models import Client, Contact, Template
from mentions.actions.sources import add_source
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import make_mention
from tests.web_server import Answer, WebServer
from workflows.actions.decisions import decide
from workflows.actions.publications import publish
from workflows.models import Approval, Publication


def on(key: Api, mention: Mention, name: str, version: int, **more: Any) -> Any:
    return key.post(f"/api/v1/mentions/{mention.pk}/{name}/", {"version": version, **more})


def actions(key: Api, mention: Mention) -> list[str]:
    found: list[str] = key.get(f"/api/v1/mentions/{mention.pk}/").json()["actions"]
    return found


def nobody_is_asked(key: Api, brand: Client) -> None:
    assert key.replace(f"/api/v1/clients/{brand.pk}/approval-policy/", {"asks": "nobody"}).status_code == 200


def drafted(key: Api, mention: Mention) -> None:
    on(key, mention, "claim", 1)
    assert on(key, mention, "draft", 2, text="We're sorry, Pauls.").status_code == 200


def test_a_mention_is_claimed_handed_on_and_given_back(
    api: Callable[..., Api], ben: Actor, mara: Actor, mention: Mention
) -> None:
    bens, maras = api(ben), api(mara)
    claimed = on(bens, mention, "claim", 1).json()
    assert (claimed["state"], claimed["version"], claimed["assignee"]["name"]) == ("claimed", 2, "Ben")
    assert actions(bens, mention) == ["release", "assign", "priority", "dismiss", "answered", "draft"]
    handed = on(maras, mention, "assign", 2, assignee=str(mara.id)).json()
    assert (handed["assignee"]["name"], handed["version"]) == ("Mara", 3)
    assert "release" not in actions(bens, mention)
    assert on(bens, mention, "release", 3).status_code == 403
    back = on(maras, mention, "release", 3).json()
    assert (back["state"], back["assignee"]) == ("new", None)


def test_who_comes_second_is_told_who_was_quicker(
    api: Callable[..., Api], ben: Actor, mara: Actor, mention: Mention, clock: Clock
) -> None:
    on(api(ben), mention, "claim", 1)
    clock.advance(seconds=4)
    late = on(api(mara), mention, "claim", 1)
    assert (late.status_code, late.json()["code"]) == (409, "mention_moved_on")
    assert late.json()["detail"].startswith("Ben's key claimed it 4 s ago.")


@pytest.mark.parametrize("version", ["1", 0, True, 1.5, 2**31])
def test_every_move_says_which_version_it_saw(
    api: Callable[..., Api], ben: Actor, mention: Mention, version: object
) -> None:
    key = api(ben)
    for name in ("claim", "release", "submit", "recall", "clear", "revise", "send-again"):
        refused = key.post(f"/api/v1/mentions/{mention.pk}/{name}/", {"version": version})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/version")


def test_a_claim_for_a_stranger_is_refused(
    api: Callable[..., Api], ben: Actor, cleo: Actor, mention: Mention
) -> None:
    key = api(ben)
    for stranger in (cleo.id, uuid4()):
        refused = on(key, mention, "claim", 1, assignee=str(stranger))
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/assignee")
    assert on(key, mention, "claim", 1, assignee=str(ben.id)).json()["assignee"]["name"] == "Ben"


def test_a_mention_is_dismissed_with_a_reason_and_reopened(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key = api(ben)
    assert on(key, mention, "dismiss", 1).json()["errors"][0]["pointer"] == "/reason"
    dismissed = on(key, mention, "dismiss", 1, reason="duplicate", note="As\nyesterday").json()
    assert (dismissed["state"], dismissed["dismiss_reason"], dismissed["due_at"]) == (
        "dismissed",
        "duplicate",
        None,
    )
    assert actions(key, mention) == ["reopen"]
    assert on(key, mention, "priority", 2, priority="low").status_code == 409
    reopened = on(key, mention, "reopen", 2).json()
    assert (reopened["state"], reopened["dismiss_reason"], reopened["assignee"]["name"]) == (
        "claimed",
        None,
        "Ben",
    )


def test_a_priority_moves_the_deadline(api: Callable[..., Api], ben: Actor, mention: Mention) -> None:
    key = api(ben)
    before = key.get(f"/api/v1/mentions/{mention.pk}/").json()
    after = on(key, mention, "priority", 1, priority="urgent").json()
    assert (after["priority"], after["version"]) == ("urgent", 2)
    assert after["due_at"] < before["due_at"]


def test_a_template_is_suggested_without_writing_anything(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key = api(ben)
    template = key.get("/api/v1/templates/").json()["results"][-1]
    assert template["name"] == "We hear you"
    address = f"/api/v1/mentions/{mention.pk}/suggest/?template={template['id']}"
    assert key.get(address).json()["text"].startswith("Hi Pauls Zariņš,")
    assert key.get(f"/api/v1/mentions/{mention.pk}/").json()["response"] is None
    for wrong, pointer in (
        (f"?template={uuid4()}", "/template"),
        ("", "/template"),
        ("?template=x", "/template"),
    ):
        refused = key.get(f"/api/v1/mentions/{mention.pk}/suggest/{wrong}")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


def test_a_draft_takes_a_text_or_a_template_and_keeps_its_kind(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key = api(ben)
    on(key, mention, "claim", 1)
    template = next(
        row for row in key.get("/api/v1/templates/").json()["results"] if row["kind"] == "thank_you"
    )
    for wrong in ({}, {"text": "Hi", "template": template["id"]}):
        assert on(key, mention, "draft", 2, **wrong).json()["errors"][0]["pointer"] == "/text"
    first = on(key, mention, "draft", 2, template=template["id"]).json()["response"]
    assert (first["kind"], first["versions"][0]["text"][:16]) == ("thank_you", "Hi Pauls Zariņš,")
    second = on(key, mention, "draft", 2, text="Thanks,\n\u202ePauls!").json()
    assert second["response"]["kind"] == "thank_you"
    assert second["response"]["versions"][0]["text"] == "Thanks,\nPauls!"
    assert (second["version"], "submit" in second["actions"]) == (2, True)
    late = on(key, mention, "draft", 2, text="Thank you!", based_on=1)
    assert (late.status_code, late.json()["code"]) == (409, "text_moved_on")


def test_another_clients_template_is_refused(
    api: Callable[..., Api], mara: Actor, mention: Mention, clock: Clock
) -> None:
    key = api(mara)
    other = key.post("/api/v1/clients/", {"name": "Acorn"}).json()["id"]
    body = {"client": other, "name": "Theirs", "kind": "other", "text": "Acorn's own"}
    template = key.post("/api/v1/templates/", body).json()["id"]
    refused = key.get(f"/api/v1/mentions/{mention.pk}/suggest/?template={template}")
    assert refused.json()["errors"][0]["pointer"] == "/template"
    with tenant(mara.agency_id):
        assert Template.objects.filter(pk=template).exists()


def test_the_client_approves_and_a_person_attests(
    api: Callable[..., Api], ben: Actor, dora: Contact, mention: Mention, clock: Clock
) -> None:
    key = api(ben)
    drafted(key, mention)
    submitted = on(key, mention, "submit", 2).json()
    assert (submitted["state"], submitted["approval"]["state"]) == ("awaiting_client", "open")
    assert submitted["actions"] == ["assign", "priority", "dismiss", "answered", "recall"]
    with tenant(ben.agency_id):
        approval = Approval.objects.select_related("version").get()
        decide(
            approval.pk, contact=dora, verdict="approve", read_digest=approval.version.digest, now=clock.now
        )
    sweep(now=clock.advance(minutes=1))
    approved = key.get(f"/api/v1/mentions/{mention.pk}/").json()
    assert (approved["state"], approved["publication"]["state"]) == ("approved", "by_hand")
    assert approved["approval"]["decisions"][0]["contact"]["name"] == "Dora"
    assert "attest" in approved["actions"]
    version = approved["version"]
    assert on(key, mention, "attest", version, url="javascript:x").json()["errors"][0]["pointer"] == "/url"
    done = on(key, mention, "attest", version, url="https://forum.example/1#r1").json()
    assert (done["state"], done["answer_url"]) == ("responded", "https://forum.example/1#r1")
    assert (done["publication"]["attested_by"], done["ledger"]["closed"]) == ("Ben's key", True)
    assert done["actions"] == ["reopen"]


def test_a_request_is_recalled(api: Callable[..., Api], ben: Actor, dora: Contact, mention: Mention) -> None:
    key = api(ben)
    drafted(key, mention)
    on(key, mention, "submit", 2)
    recalled = on(key, mention, "recall", 3).json()
    assert (recalled["state"], recalled["approval"]["state"]) == ("claimed", "withdrawn")


def test_without_an_approver_nothing_is_submitted(
    api: Callable[..., Api], ben: Actor, mention: Mention
) -> None:
    key = api(ben)
    drafted(key, mention)
    assert on(key, mention, "submit", 2).json()["errors"][0]["pointer"] == "/contacts"
    assert on(key, mention, "clear", 2).status_code == 403


def test_a_reply_is_cleared_revised_and_cleared_again(
    api: Callable[..., Api], mara: Actor, brand: Client, mention: Mention
) -> None:
    key = api(mara)
    nobody_is_asked(key, brand)
    on(key, mention, "claim", 1)
    assert on(key, mention, "clear", 2).json()["errors"][0]["pointer"] == "/text"
    assert on(key, mention, "draft", 2, text="Sorry!").json()["actions"][-1] == "clear"
    assert on(key, mention, "submit", 2).json()["code"] == "nothing_to_approve"
    assert on(key, mention, "clear", 2).json()["state"] == "approved"
    assert on(key, mention, "revise", 3).json()["state"] == "claimed"
    on(key, mention, "draft", 4, text="So sorry!")
    cleared = on(key, mention, "clear", 4).json()
    assert (cleared["state"], cleared["publication"]["version"]) == ("approved", 2)


def mention_where_replies_are_refused(
    brand: Client, web_server: WebServer, *, by: Actor, now: datetime
) -> Mention:
    settings = {name: web_server.url_of(f"/{name}") for name in ("url", "reply_url")}
    web_server.answers["/reply_url"] = Answer(status=403)
    with tenant(by.agency_id):
        source = add_source(
            kind="loopback", name="Forum", settings=settings, every=timedelta(minutes=5), client=None,
            by=by, now=now,
        )  # fmt: skip
        return make_mention(brand, now=now, source=source)


def test_a_reply_that_failed_is_sent_again(
    api: Callable[..., Api], mara: Actor, brand: Client, web_server: WebServer, clock: Clock
) -> None:
    mention = mention_where_replies_are_refused(brand, web_server, by=mara, now=clock.now)
    key = api(mara)
    nobody_is_asked(key, brand)
    drafted(key, mention)
    on(key, mention, "clear", 2)
    with tenant(mara.agency_id):
        publication = Publication.objects.get().pk
    publish(mara.agency_id, publication, clock=lambda: clock.now)
    failed = key.get(f"/api/v1/mentions/{mention.pk}/").json()
    assert (failed["publication"]["state"], failed["publication"]["error_code"]) == ("failed", "rejected")
    assert "send-again" in failed["actions"]
    again = on(key, mention, "send-again", 3)
    assert again.json()["publication"]["state"] == "queued"


def test_a_keys_rights_bound_what_it_does(api: Callable[..., Api], mara: Actor, mention: Mention) -> None:
    reader = api(mara, "read")
    assert on(reader, mention, "claim", 1).status_code == 403
    worker = api(mara, "read", "respond")
    assert on(worker, mention, "claim", 1).json()["state"] == "claimed"
    assert worker.patch(f"/api/v1/clients/{mention.client_id}/", {"name": "x"}).status_code == 403
