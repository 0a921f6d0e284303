"""Takes the README's pictures from a running Earshot with a fresh demo agency, in Chromium.

uv run manage.py up                     # in another terminal
uv run python -m tests.screenshots      # writes docs/images/
"""

import email
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from config.launcher.processes import default_path, running, running_environment
from tests.browser import CHROMIUM, LAUNCH, app_code, keep_passkeys
from tests.web_server import Answer, WebServer

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
REPLY = (
    "Hi Pauls, you're right, and we're sorry: three times is three too many. From Monday the shop on Miera iela "
    "opens at eight, and your next flat white is on us."
)


def main() -> None:
    data_dir = default_path(os.environ)
    address = running(data_dir)
    if address is None:
        sys.exit("Start Earshot first: uv run manage.py up")
    password = (data_dir / "demo-password").read_text().strip()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=LAUNCH)
        page = browser.new_page(viewport={"width": 1280, "height": 760}, base_url=address)
        _sign_in(page, "ben@northlight.example", password)
        _work(page)
        page.goto("/")
        page.screenshot(path=IMAGES / "inbox.png")
        _open(page, "Pauls")
        page.screenshot(path=IMAGES / "mention.png", full_page=True)
        _promises(browser, address, password)
        _ledger(page, data_dir)
        _phone(browser, address, data_dir / "mail")
        _agency(browser, address, password)
        _programs(browser, address, password)
        _deliveries(browser, address, password)
        _second_factor(browser, address, password)
        browser.close()


def _sign_in(page: Page, address: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(address)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/")


def _open(page: Page, author: str) -> None:
    """Right after the start the demo's source may not have been read yet."""
    link = page.locator("a.row__author", has_text=author)
    for _ in range(60):
        page.goto("/")
        if link.count():
            break
        page.wait_for_timeout(1000)
    link.click()
    page.wait_for_url("**/mentions/**")


def _work(page: Page) -> None:
    """One is urgent, one is claimed, and the client is asked about one."""
    _open(page, "Samir")
    page.locator("select[name=priority]").select_option("urgent")
    page.get_by_role("button", name="Change").click()
    _open(page, "wheelsup")
    page.get_by_role("button", name="Claim").click()
    _open(page, "Pauls")
    page.get_by_role("button", name="Claim").click()
    page.locator("textarea[name=text]").fill(REPLY)
    page.get_by_role("button", name="Ask the client").click()
    time.sleep(5)  # the mail is on its way


def _phone(browser: Browser, address: str, mail_dir: Path) -> None:
    page = browser.new_page(
        viewport={"width": 390, "height": 844},
        device_scale_factor=1.5,
        base_url=address,
        is_mobile=True,
        has_touch=True,
    )
    page.goto(_link(mail_dir))
    page.screenshot(path=IMAGES / "approval.png", full_page=True)


def _agency(browser: Browser, address: str, password: str) -> None:
    """Ana lets Ivo see one client only, and reads what was done."""
    page = browser.new_page(viewport={"width": 1280, "height": 760}, base_url=address)
    _sign_in(page, "ana@northlight.example", password)
    page.goto("/team/")
    page.locator("li", has_text="ivo@").get_by_role("link", name="works for").click()
    page.get_by_label("Brightwater Coffee").check()
    page.get_by_role("button", name="Save").click()
    page.goto("/team/")
    page.screenshot(path=IMAGES / "team.png")
    page.goto("/activity/")
    page.screenshot(path=IMAGES / "activity.png")


def _programs(browser: Browser, address: str, password: str) -> None:
    """Ana makes keys for programs, rotates one, and looks at what they can call."""
    page = browser.new_page(viewport={"width": 1280, "height": 760}, base_url=address)
    _sign_in(page, "ana@northlight.example", password)
    for name, right, ends in (
        ("Client portal", "Read mentions, clients and results", "365"),
        ("Chat bot", "Work mentions: claim, answer, dismiss", "90"),
        ("Spring campaign", "Read the activity log", "date"),
    ):
        page.goto("/keys/add/")
        page.get_by_label("Name").fill(name)
        page.get_by_label(right).check()
        page.get_by_label("Ends").select_option(ends)
        if ends == "date":
            page.get_by_label("On", exact=True).fill(f"{datetime.now(UTC) + timedelta(days=4):%Y-%m-%d}")
        page.get_by_role("button", name="Make the key").click()
        page.locator("#new-key").wait_for()
    page.goto("/keys/")
    page.get_by_role("link", name="Chat bot").click()
    page.get_by_role("link", name="Rotate").click()
    page.get_by_role("button", name="Rotate it").click()
    page.locator("#new-key").wait_for()
    page.goto("/keys/")
    page.screenshot(path=IMAGES / "keys.png")
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.goto("/api/")
    page.locator(".opblock-tag").first.wait_for(timeout=60_000)
    page.locator(".opblock-tag[data-tag='Mentions']").click()
    page.locator(".opblock").first.wait_for()
    page.locator(".scheme-container").scroll_into_view_if_needed()
    page.screenshot(path=IMAGES / "api.png")


def _deliveries(browser: Browser, address: str, password: str) -> None:
    """Ana adds a webhook for her data warehouse, which is out of order once, and looks at what came."""
    page = browser.new_page(viewport={"width": 1280, "height": 760}, base_url=address)
    _sign_in(page, "ana@northlight.example", password)
    with WebServer() as receiver:
        receiver.answers["/hook"] = Answer(status=204)
        page.goto("/webhooks/add/")
        page.locator("input[name=name]").fill("Data warehouse")
        page.locator("input[name=url]").fill(receiver.url_of("/hook"))
        page.get_by_role("button", name="Add it").click()
        page.get_by_role("link", name="I have it").click()
        webhook = page.url
        page.get_by_role("button", name="Send a test").click()
        _open(page, "Samir")
        page.get_by_role("button", name="Claim").click()
        time.sleep(6)
        receiver.answers["/hook"] = Answer(status=503, body=b"Out of order")
        page.get_by_role("button", name="Give back to the queue").click()
        time.sleep(6)
    page.goto(webhook)
    page.screenshot(path=IMAGES / "deliveries.png")


def _second_factor(browser: Browser, address: str, password: str) -> None:
    """Ana has an authenticator app and a passkey, and signs in on a browser of hers that is new."""
    here = {"viewport": {"width": 1280, "height": 620}, "base_url": address.replace("127.0.0.1", "localhost")}
    page = browser.new_page(**here)  # type: ignore[arg-type]
    _sign_in(page, "ana@northlight.example", password)
    page.goto("/accounts/2fa/totp/activate/")
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Go on").click()
    secret = page.locator("#totp-secret").inner_text()
    page.get_by_label("Code").fill(app_code(secret))
    page.get_by_role("button", name="Turn it on").click()
    page.wait_for_url("**/recovery-codes/")
    keep_passkeys(page)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_role("button", name="Add the passkey").click()
    page.wait_for_url("**/account/")
    new = browser.new_page(**here)  # type: ignore[arg-type]
    new.goto("/accounts/login/")
    new.locator("input[name=login]").fill("ana@northlight.example")
    new.locator("input[name=password]").fill(password)
    new.get_by_role("button", name="Sign in", exact=True).click()
    new.get_by_role("button", name="Use a passkey instead").wait_for()
    new.screenshot(path=IMAGES / "second-factor.png")


def _promises(browser: Browser, address: str, password: str) -> None:
    """Mara promises a client more, sets up who is on call at night, and looks at the shop's hours."""
    page = browser.new_page(viewport={"width": 1280, "height": 760}, base_url=address)
    _sign_in(page, "mara@northlight.example", password)
    page.goto("/on-call/rotas/add/")
    for place, name in enumerate(("Ben", "Mara")):
        page.locator(".in-order").first.locator("select").nth(place).select_option(label=name)
    page.get_by_role("button", name="Set it up").click()
    page.goto("/on-call/")
    page.get_by_role("link", name="Plan a change").click()
    page.get_by_label("Who takes over").select_option(label="Ana")
    page.get_by_label("Until").fill(f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}T09:00")
    page.locator("main form button[type=submit]").last.click()
    page.goto("/on-call/")
    page.screenshot(path=IMAGES / "on-call.png")
    page.goto("/calendars/")
    page.get_by_role("link", name="Shop hours").click()
    page.get_by_role("heading", name="Shop hours").wait_for()
    page.screenshot(path=IMAGES / "calendar.png")
    page.goto("/clients/")
    page.get_by_role("link", name="Brightwater Coffee").first.click()
    page.wait_for_url("**/clients/*-*/")
    page.goto(f"{page.url}promises/")
    page.get_by_label("Normal: claim within", exact=True).fill("1 h")
    page.get_by_label("Normal: respond within", exact=True).fill("6 h")
    page.set_viewport_size({"width": 1280, "height": 1400})  # as high as the page: nothing is scrolled
    page.get_by_role("button", name="Show what changes").click()
    page.locator("#effects").wait_for()
    page.screenshot(path=IMAGES / "promises.png")


def _ledger(page: Page, data_dir: Path) -> None:
    """A mention with a weekend in it, which tests/story.py tells into the demo agency."""
    env = {**os.environ, **running_environment(data_dir)}
    told = subprocess.run(
        [sys.executable, "-m", "tests.story"], env=env, check=True, capture_output=True, text=True
    )
    page.goto(told.stdout.strip())
    page.locator("section[aria-labelledby=ledger-h]").screenshot(path=IMAGES / "ledger.png")


def _link(mail_dir: Path) -> str:
    for file in sorted(mail_dir.glob("*.eml"), reverse=True):
        body = email.message_from_bytes(file.read_bytes(), policy=policy.default).get_body(("plain",))
        found = re.search(r"/approve/\S+/", body.get_content()) if body else None
        if found:
            return found[0]
    sys.exit(f"No mail with a link in {mail_dir}.")


if __name__ == "__main__":
    main()
