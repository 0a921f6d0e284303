"""Channels: added, changed and tried out by pages and API; what they may lead to; what is sent, and what is kept."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from django.core import mail
from django.test import Client as Browser
from standardwebhooks import Webhook

from agency.actions.channels import MOST, add_channel
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.ids import new_id
from agency.messengers import chat
from agency.messengers.chat import check_address, send_by_apprise
from agency.messengers.parcel import Parcel
from agency.messengers.services import SERVICES, service_of
from agency.messengers.webhook import new_signing, send_webhook
from agency.models import AuditEntry, Channel, Membership
from agency.sealed import opened
from agency.tenancy import tenant
from tests.agency.told import Told, told_kind
from tests.fixtures import Api, Clock
from tests.web_server import Answer, Request, WebServer


@pytest.fixture
def told(clock: Clock) -> Iterator[Told]:
    with told_kind(clock) as told:
        yield told


def _parcel(address: str, clock: Clock, **more: Any) -> Parcel:
    given = {
        "subject": "Urgent",
        "text": "The soup was cold.",
        "short": "Urgent: soup",
        "urgent": True,
        **more,
    }
    return Parcel(id=new_id(), kind="x.y", via="apprise", at=clock.now, address=address, **given)


def _ntfy(server: WebServer, topic: str = "desk") -> str:
    return server.url.replace("http://", "ntfy://") + f"/{topic}"


# Webhooks ----------------------------------------------------------------------------------------------


def test_a_webhook_is_signed_with_the_secret_that_was_shown_once(
    told: Told, ben: Actor, web_server: WebServer, page: Callable[[Actor], Browser]
) -> None:
    web_server.answers["/hook"] = Answer()
    browser = page(ben)
    given = {"name": "Desk", "address": web_server.url_of("/hook?token=t0ps3cret"), "takes": "all"}
    added = browser.post("/channels/add/webhook/", given)
    secret = re.search(r"whsec_[\w+/=]+", added.content.decode())
    assert secret is not None
    assert added["Cache-Control"] == "private, no-store"
    again = browser.get("/channels/").content.decode()
    assert secret[0] not in again
    assert "t0ps3cret" not in again
    told.clock.now = _real_now()  # the library refuses what is older than five minutes
    (notice,) = told.tell(ben)
    told.send(ben)
    (request,) = web_server.requests
    body = Webhook(secret[0]).verify(request.body, request.headers)
    assert (body["type"], body["data"]["id"], body["data"]["subject"]) == (
        "test.told",
        str(notice.pk),
        "Something urgent",
    )
    with tenant(ben.agency_id):
        stored, entries = (
            Channel.objects.get(),
            str(list(AuditEntry.objects.values_list("details", flat=True))),
        )
        assert opened(stored, "signing") == secret[0]
        assert opened(stored, "address").endswith("token=t0ps3cret")
    assert "t0ps3cret" not in f"{stored.__dict__} {entries}"
    assert secret[0] not in entries


def _real_now() -> Any:
    return Clock().now.fromtimestamp(time.time(), tz=Clock().now.tzinfo)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://10.0.0.1/hook", "private network"),
        ("https://[fd00::1]/hook", "private network"),
        ("https://169.254.169.254/latest/", "private network"),
        ("http://desk.example/hook", "must begin with https://"),
        ("ftp://desk.example/", "http:// or https://"),
        ("https://user:word@desk.example/", "user name"),
        ("https://desk.example:25/", "Port 25"),
        ("nonsense", "http:// or https://"),
        ("", "Enter the address."),
    ],
)
def test_a_webhook_to_somewhere_else_is_refused_with_the_field_named(
    ben: Actor, clock: Clock, address: str, said: str
) -> None:
    with tenant(ben.agency_id), pytest.raises(Invalid) as refused:
        add_channel(kind="webhook", name="x", takes="all", address=address, by=ben, now=clock.now)
    assert said in refused.value.fields["address"]


def test_a_webhook_follows_no_redirect_and_reaches_no_private_address(
    web_server: WebServer, clock: Clock, settings: Any
) -> None:
    web_server.answers["/hook"] = Answer(status=302, headers={"Location": web_server.url_of("/other")})
    parcel = _parcel(web_server.url_of("/hook"), clock, signing=new_signing())
    redirected = send_webhook(parcel)
    assert (redirected.ok, redirected.status, redirected.final) == (False, 302, False)
    settings.ALLOW_LOOPBACK = False
    inner = send_webhook(parcel)
    assert (inner.final, "private network" in inner.error) == (True, True)
    assert [request.path for request in web_server.requests] == ["/hook"]


# Chat, push, SMS ---------------------------------------------------------------------------------------


def test_a_chat_message_arrives_and_calls_nobody_by_the_words_of_strangers(
    web_server: WebServer, clock: Clock
) -> None:
    web_server.answers["/"] = Answer(body=b"{}")
    sent = send_by_apprise(_parcel(_ntfy(web_server), clock, text="They said: @everyone <!channel> look"))
    assert (sent.ok, sent.status, sent.error) == (True, 200, "")
    body = orjson.loads(web_server.requests[0].body)
    assert (body["topic"], body["title"]) == ("desk", "Urgent")
    assert "@everyone" not in body["message"]
    assert "<!channel>" not in body["message"]


def test_a_text_message_gets_the_short_form(web_server: WebServer, clock: Clock) -> None:
    web_server.answers["/v2/send"] = Answer(status=201, body=b"{}")
    address = web_server.url.replace("http://", "signal://") + "/+37120000001/+37120000002"
    assert send_by_apprise(_parcel(address, clock)).ok
    body = orjson.loads(web_server.requests[0].body)
    assert (body["message"], body["recipients"]) == ("Urgent: soup", ["+37120000002"])


def test_a_chat_service_reaches_no_private_address_and_follows_no_redirect(
    web_server: WebServer, clock: Clock, settings: Any
) -> None:
    web_server.answers["/"] = Answer(status=302, headers={"Location": "http://10.0.0.1/"})
    redirected = send_by_apprise(_parcel(_ntfy(web_server), clock))
    assert (redirected.ok, redirected.status, redirected.final) == (False, 302, True)
    assert len(web_server.requests) == 1
    settings.ALLOW_LOOPBACK = False
    # Even encrypted, and even where a name leads to it.
    local = send_by_apprise(_parcel("ntfys://localhost/desk", clock))
    assert (local.final, "private network" in local.error) == (True, True)


def test_a_chat_service_that_hangs_is_left_when_its_time_is_over(
    web_server: WebServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(request: Request) -> Answer:
        time.sleep(4)
        return Answer()

    web_server.answers["/"] = hang
    monkeypatch.setattr(chat, "SECONDS", 2.0)
    begun = time.monotonic()
    late = send_by_apprise(_parcel(_ntfy(web_server), clock))
    assert (late.ok, late.final, late.error) == (False, False, "ntfy took longer than 2 seconds.")
    assert time.monotonic() - begun < 3.5


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///etc/passwd", "doesn't know “file://”"),
        ("json://desk.example/", "doesn't know “json://”"),
        ("https://desk.example/", "add a webhook"),
        ("mailto://a:b@desk.example", "add a mail channel"),
        ("me", "isn't an address"),
    ],
)
def test_an_address_of_no_known_service_says_what_to_do(address: str, said: str) -> None:
    assert said in check_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?template=/etc/passwd",
        "slack://T1JJ3T3L2/short",
    ],
)
def test_an_address_with_tricks_or_gaps_is_refused_with_an_example(address: str) -> None:
    said = check_address(address)
    service = service_of(address)
    assert service is not None
    assert service.looks_like in said


def test_what_is_not_encrypted_is_refused_outside_of_development(settings: Any) -> None:
    settings.ALLOW_LOOPBACK = False
    assert "ntfys://" in check_address("ntfy://desk.example/x")


def test_web_addresses_of_services_are_known_as_they_are_copied() -> None:
    known = {
        "https://hooks.slack.com/services/T/B/x": "Slack",
        "https://prod-1.westus.logic.azure.com/workflows/x": "Microsoft Teams",
        "https://discord.com/api/webhooks/1/x": "Discord",
    }
    assert {url: getattr(service_of(url), "name", "") for url in known} == known
    # Not by a name that only looks like it.
    for url in (
        "https://hooks.slack.com.evil.example/",
        "https://evil.example/hooks.slack.com",
        "https://[::1",
    ):
        assert service_of(url) is None


def test_no_two_services_share_a_schema() -> None:
    schemas = [schema for service in SERVICES for schema in service.schemas]
    assert len(schemas) == len(set(schemas))


# Pages and API -----------------------------------------------------------------------------------------


def test_a_member_adds_tests_and_deletes_a_channel(
    ben: Actor, web_server: WebServer, page: Callable[[Actor], Browser]
) -> None:
    web_server.answers["/"] = Answer(body=b"{}")
    browser = page(ben)
    given = {"name": "Phone", "address": _ntfy(web_server, "s3cr3t-topic"), "takes": "urgent"}
    assert browser.post("/channels/add/apprise/", given).status_code == 303
    with tenant(ben.agency_id):
        pk = Channel.objects.get().pk
    tried = browser.post(f"/channels/{pk}/test/", follow=True).content.decode()
    assert "The test is handed over. It answered 200." in tried
    assert "s3cr3t-topic" not in tried + browser.get(f"/channels/{pk}/").content.decode()
    web_server.answers["/"] = Answer(status=403)
    refused = browser.post(f"/channels/{pk}/test/", follow=True).content.decode()
    assert "The test didn&#x27;t arrive. ntfy answered 403." in refused
    assert browser.post(f"/channels/{pk}/", {"name": "My phone", "takes": "all"}).status_code == 303
    with tenant(ben.agency_id):
        channel = Channel.objects.get()
        assert (channel.name, opened(channel, "address")) == ("My phone", given["address"])
    browser.post(f"/channels/{pk}/delete/")
    assert "reach you by mail" in browser.get("/channels/").content.decode()


def test_a_mistyped_address_is_said_beside_its_field(ben: Actor, page: Callable[[Actor], Browser]) -> None:
    given = {"name": "Phone", "address": "slak://x", "takes": "all"}
    answer = page(ben).post("/channels/add/apprise/", given)
    assert (answer.status_code, "Earshot doesn&#x27;t know “slak://”" in answer.content.decode()) == (
        422,
        True,
    )


def test_a_disabled_channel_is_used_again_by_one_press(
    ben: Actor, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    with tenant(ben.agency_id):
        channel, _ = add_channel(kind="mail", name="Mail", takes="all", by=ben, now=clock.now)
        Channel.objects.update(disabled_at=clock.now, disabled_why="The server is gone.", failures=3)
    browser = page(ben)
    assert "The server is gone." in browser.get("/channels/").content.decode()
    browser.post(f"/channels/{channel.pk}/enable/")
    with tenant(ben.agency_id):
        assert (Channel.objects.get().disabled_at, Channel.objects.get().failures) == (None, 0)


def test_nobody_sees_or_changes_anothers_channels(
    ben: Actor, ana: Actor, clock: Clock, page: Callable[[Actor], Browser], api: Callable[..., Api]
) -> None:
    with tenant(ben.agency_id):
        channel, _ = add_channel(kind="mail", name="Bens", takes="all", by=ben, now=clock.now)
    browser = page(ana)
    assert "Bens" not in browser.get("/channels/").content.decode()
    for act in ("", "test/", "enable/", "delete/"):
        assert browser.post(f"/channels/{channel.pk}/{act}").status_code == 404
        assert browser.post(f"/settings/rooms/{channel.pk}/{act}").status_code == 404
    assert api(ana).get(f"/api/v1/channels/{channel.pk}/").status_code == 404
    assert mail.outbox == []


def test_rooms_are_the_owners_to_set_up(ana: Actor, mara: Actor, page: Callable[[Actor], Browser]) -> None:
    assert page(mara).get("/settings/rooms/").status_code == 403
    given = {"name": "Duty", "email": "duty@northlight.example", "takes": "urgent"}
    assert page(ana).post("/settings/rooms/add/mail/", given).status_code == 303
    with tenant(ana.agency_id):
        room = Channel.objects.get()
    page(ana).post(f"/settings/rooms/{room.pk}/test/")
    assert mail.outbox[0].to == ["duty@northlight.example"]


def test_the_api_does_what_the_pages_do(
    ben: Actor, ana: Actor, web_server: WebServer, api: Callable[..., Api]
) -> None:
    web_server.answers["/hook"] = Answer(status=204)
    mine = api(ben)
    given = {"kind": "webhook", "name": "Desk", "takes": "urgent", "address": web_server.url_of("/hook")}
    made = mine.post("/api/v1/channels/", given)
    assert (made.status_code, made.json()["secret"][:6], made.json()["service"]) == (
        201,
        "whsec_",
        web_server.url,
    )
    path = f"/api/v1/channels/{made.json()['id']}/"
    assert "secret" not in mine.get(path).json()
    assert mine.post(f"{path}test/").json() == {"ok": True, "status": 204, "error": ""}
    assert mine.patch(path, {"takes": "all"}).json()["takes"] == "all"
    assert mine.post(f"{path}enable/").json()["disabled_at"] is None
    assert [row["name"] for row in mine.get("/api/v1/channels/").json()["results"]] == ["Desk"]
    refused = mine.post("/api/v1/channels/", {**given, "name": "Desk"}).json()
    assert refused["errors"][0]["pointer"] == "/name"
    assert mine.delete(path).status_code == 204
    owner = api(ana)
    room = {"kind": "mail", "name": "Duty", "email": "d@northlight.example"}
    made = owner.post("/api/v1/rooms/", room).json()
    assert owner.patch(f"/api/v1/rooms/{made['id']}/", {"email": "e@northlight.example"}).status_code == 200
    assert owner.post(f"/api/v1/rooms/{made['id']}/test/").json()["ok"]
    assert owner.post(f"/api/v1/rooms/{made['id']}/enable/").status_code == 200
    assert owner.get("/api/v1/rooms/").json()["results"][0]["email"] == "e@northlight.example"
    assert mine.get("/api/v1/rooms/").status_code == 403
    assert owner.delete(f"/api/v1/rooms/{made['id']}/").status_code == 204


def test_there_are_only_so_many_channels(ben: Actor, clock: Clock) -> None:
    with tenant(ben.agency_id):
        member = Membership.objects.get(pk=ben.id)
        Channel.objects.bulk_create(
            Channel(member=member, kind="mail", name=f"{n}", created_at=clock.now) for n in range(MOST)
        )
        with pytest.raises(Conflict):
            add_channel(kind="mail", name="one more", takes="all", by=ben, now=clock.now)


def test_a_key_without_a_maker_has_no_channels(ben: Actor, api: Callable[..., Api]) -> None:
    with tenant(ben.agency_id), pytest.raises(Exception, match="Only a member"):
        add_channel(kind="mail", name="x", takes="all", by=replace(ben, member_id=None), now=Clock().now)
