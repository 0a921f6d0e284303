"""What a stranger tries at the sign-in: to be led elsewhere, to name another host, to use somebody else's link."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from agency.actions.members import add_member
from agency.actions.notices import send_notice
from agency.actor import Actor
from agency.models import Notice, User
from agency.notices import password_link
from agency.tenancy import tenant
from tests.agency.test_sign_in import LOGIN, PASSWORD, add_app, code, sign_in, with_password
from tests.fixtures import Clock
from tests.making import send_mails
from tests.pages import words

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "\x00//evil.example",
    " //evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "http://testserver@evil.example/",
    "http://evil.example\\@testserver/",
    "http://testserver.evil.example/",
    "http://127.0.0.1:8000/team/",
    "//testserver/",
    "http://[::ffff:evil",
    "／／evil.example",
    "/／evil.example",
    "https://ⓔⓥⓘⓛ.example",
    "evil.example",
    "?next=//evil.example",
]
# Paths of our own, whatever they look like.
OURS = ["/team/", "/%2f%2fevil.example", "/?x=//evil.example", "/team/#//evil.example"]


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ACCOUNT_RATE_LIMITS = False  # allauth's own: tests at the same time share their address


@pytest.fixture
def bens(ben: Actor) -> User:
    return with_password(ben)


def _is_ours(location: str) -> bool:
    """As browsers read it: they drop tabs and line breaks, and take a backslash for a slash."""
    read = re.sub(r"[\t\r\n]", "", location.strip("\x00\x20\t\r\n")).replace("\\", "/")
    return read.startswith("/") and not read.startswith("//")


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_and_out_lead_nowhere_else(bens: User, wanted: str) -> None:
    browser = Browser()
    for answer in (
        sign_in(browser, bens, next=wanted),
        browser.get(LOGIN, {"next": wanted}),
        browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": wanted}),
        browser.post("/switch/", {"agency": wanted, "next": wanted}),
        browser.post("/accounts/2fa/totp/activate/", {"next": wanted, "code": "1"}),
        browser.get("/accounts/2fa/webauthn/", {"next": wanted}),
        browser.post("/accounts/logout/", {"next": wanted}),
    ):
        assert _is_ours(answer.get("Location", "/")), answer["Location"]


@pytest.mark.parametrize("wanted", ELSEWHERE[:8])
def test_neither_does_the_step_after_the_password(bens: User, wanted: str) -> None:
    browser = Browser()
    sign_in(browser, bens)
    secret = add_app(browser)
    other = Browser()
    sign_in(other, bens, next=wanted)
    answer = other.post("/accounts/2fa/authenticate/", {"code": code(secret), "next": wanted})
    assert answer["Location"] == "/"


@pytest.mark.parametrize("wanted", OURS)
def test_a_path_of_ours_is_where_one_comes_back_to(bens: User, wanted: str) -> None:
    assert sign_in(Browser(), bens, next=wanted)["Location"] == wanted


def test_a_lost_form_leads_back_to_a_path_of_ours() -> None:
    for referer in (
        "http://testserver//evil.example/x",
        "https://evil.example/x",
        "http://testserver/\\evil.example",
    ):
        answer = Browser(headers={"referer": referer}).post("/team/")
        assert answer["Location"].startswith("/accounts/login/?next=/")


SPOOFED = [
    {"host": "evil.example"},
    {"host": "testserver", "x-forwarded-host": "evil.example"},
    {"host": "testserver", "forwarded": "for=1.2.3.4;host=evil.example;proto=https"},
    {"host": "testserver:80@evil.example"},
    {"host": "testserver", "x-forwarded-proto": "https", "x-forwarded-port": "444"},
    {"host": "testserver", "x-original-url": "//evil.example", "x-rewrite-url": "//evil.example"},
]


@pytest.mark.parametrize("headers", SPOOFED)
def test_no_host_that_a_request_names_is_in_a_mail_or_an_answer(
    ben: Actor, bens: User, clock: Clock, headers: dict[str, str]
) -> None:
    browser = Browser(headers=headers)
    asked = browser.post("/accounts/password/reset/", {"email": bens.email})
    shown = [
        asked,
        browser.get(LOGIN),
        browser.get("/"),
        browser.post(LOGIN, {"login": bens.email, "password": "x"}),
    ]
    for answer in shown:
        assert "evil" not in answer.content.decode() + str(answer.headers)
    send_mails(ben.agency_id, now=clock.now)
    for message in mail.outbox:
        links = re.findall(r"\w+://[^/\s]+", str(message.body))
        assert set(links) == {"http://127.0.0.1:8000"}
        assert "evil" not in str(message.message())


def test_an_invitation_names_our_own_address(ana: Actor, clock: Clock, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    with tenant(ana.agency_id):
        add_member(email="eve@northlight.example", name="Eve", role="responder", by=ana, now=clock.now)
        notice = Notice.objects.get()
    send_notice(notice.agency_id, notice.pk, clock=lambda: clock.now)
    assert set(re.findall(r"\w+://[^/\s]+", str(mail.outbox[0].body))) == {"http://127.0.0.1:8000"}


def test_links_to_a_password_that_are_forged_or_used_or_anothers_are_alike(
    ana: Actor, bens: User, clock: Clock
) -> None:
    anas = with_password(ana)
    mine, theirs = (password_link(user).split("/key/")[1] for user in (bens, anas))
    uid, token = mine.rstrip("/").split("-", 1)
    their_uid, their_token = theirs.rstrip("/").split("-", 1)
    used = password_link(bens).split("8000")[1]
    bens.set_password("another-lantern-fig")
    bens.save()
    answers = [
        Browser().get(address, follow=True)
        for address in (
            used,
            f"/accounts/password/reset/key/{uid}-{their_token}/",
            f"/accounts/password/reset/key/{their_uid}-{token}/",
            f"/accounts/password/reset/key/{uid}-{token[:-1]}x/",
            "/accounts/password/reset/key/zzzz-abc-def/",
            f"/accounts/password/reset/key/{uid}-/",
        )
    ]
    told = {(answer.status_code, words(answer)) for answer in answers if answer.status_code != 404}
    assert len(told) == 1
    assert "This link doesn't work any more" in told.pop()[1]


def test_a_link_to_a_password_gets_too_old(bens: User, settings: Any) -> None:
    link = password_link(bens).split("8000")[1]
    assert "Choose a new password" in words(Browser().get(link, follow=True))
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "This link doesn't work any more" in words(Browser().get(link, follow=True))


def test_a_second_step_that_was_not_earned_is_not_open(bens: User) -> None:
    for address in (
        "/accounts/2fa/authenticate/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/recovery-codes/",
        "/account/",
    ):
        for answer in (Browser().get(address), Browser().post(address, {"code": "1"})):
            assert answer.status_code == 302
            assert answer["Location"].startswith(LOGIN)


def test_a_passkey_that_was_made_up_opens_nothing(bens: User) -> None:
    browser = Browser(raise_request_exception=True)
    browser.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})
    for credential in (
        "",
        "{}",
        "[]",
        "null",
        '{"id": "x"}',
        '{"response": {"userHandle": "AA"}}',
        '{"response": []}',
        "[" * 100_000,
        "9" * 5_000,
        "1",
    ):
        answer = browser.post("/accounts/2fa/webauthn/login/", {"credential": credential})
        assert answer["Location"] == LOGIN
        assert browser.get("/").status_code == 302
