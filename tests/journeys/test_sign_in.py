"""Signing in in a real browser: with an authenticator app, and with a passkey that Chromium itself keeps."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from agency.models import Agency, User
from tests.browser import app_code, keep_passkeys
from tests.journeys.test_browser import DESK, PASSWORD, PHONE, chromium, desk, window
from tests.live import serve

__all__ = ["chromium", "desk"]

INBOX = re.compile(r"//[^/]+/$")


@pytest.fixture
def here(desk: Agency) -> Iterator[str]:
    """Browsers keep passkeys for localhost, not for a bare address."""
    with serve() as address:
        yield address.replace("127.0.0.1", "localhost")


def _enter(page: Page) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=login]", "ben@northlight.example")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def _confirm(page: Page) -> None:
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_ben_signs_in_with_a_passkey_alone(here: str, chromium: Browser) -> None:
    bens = window(chromium, here, DESK)
    page = bens.page
    session, device = keep_passkeys(page)
    _enter(page)
    page.wait_for_url(INBOX)
    page.get_by_title("Your account").click()
    bens.check()
    page.get_by_role("link", name="Add a passkey").click()
    _confirm(page)
    page.get_by_label("Name").fill("Ben's laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    bens.check()
    page.get_by_role("button", name="Show my codes").click()
    expect(page.locator("#recovery-codes")).to_have_text(re.compile(r"^(\d{8}\s*){10}$"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    kept = download.value.path().read_text().split()
    assert kept == page.locator("#recovery-codes").inner_text().split()
    bens.check()
    page.get_by_role("link", name="go on").click()
    page.wait_for_url(INBOX)
    assert len(session.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1

    page.get_by_role("button", name="Sign out").click()
    page.goto("/team/")
    # The sign-in's own address ends with the page that is wanted, too.
    with page.expect_navigation(url=re.compile(r"^http://[^/]+/team/$")):
        page.get_by_role("button", name="Use a passkey instead").click()
    bens.check()

    page.get_by_role("button", name="Sign out").click()
    _enter(page)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url(INBOX)
    bens.check()

    page.goto("/account/")
    expect(page.get_by_text("Ben's laptop", exact=True).first).to_be_visible()
    page.get_by_role("link", name="Remove Ben's laptop").click()
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    bens.check()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_text("That didn't work. Try again.")).to_be_visible()
    assert User.objects.get(email="ben@northlight.example").authenticator_set.count() == 0


def test_a_passkey_of_another_device_is_no_way_in(here: str, chromium: Browser) -> None:
    bens = window(chromium, here, DESK)
    page = bens.page
    keep_passkeys(page)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_role("alert")).to_contain_text("That was cancelled, or took too long.")
    assert page.url.endswith("/accounts/login/")


def test_ben_sets_up_an_app_on_his_phone_and_signs_in_with_its_code(here: str, chromium: Browser) -> None:
    bens = window(chromium, here, PHONE, is_mobile=True, has_touch=True)
    page = bens.page
    _enter(page)
    page.wait_for_url(INBOX)
    page.goto("/account/")
    bens.check()
    page.get_by_role("link", name="Set up an app").click()
    _confirm(page)
    expect(page.get_by_role("heading", name="Set up an authenticator app")).to_be_visible()
    bens.check()
    secret = page.locator("#totp-secret").inner_text()
    page.get_by_label("Code").fill(app_code(secret, -1))
    page.get_by_role("button", name="Turn it on").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Show my codes").click()
    bens.check()
    page.goto("/account/")
    expect(page.get_by_text("10 left")).to_be_visible()
    bens.check()
    page.context.clear_cookies()
    _enter(page)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    bens.check()
    page.get_by_label("Code").fill(app_code(secret))
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(INBOX)
    bens.check()
