"""Takes the README's pictures from a running Earshot with the demo agency, in Chromium.

uv run manage.py up                                        # in another terminal
uv run python -m tests.screenshots                         # writes docs/images/
"""

import os
import re
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from config.launcher.processes import default_path, running
from tests.browser import CHROMIUM, LAUNCH

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
REPLY = (
    "Hi Pauls, you're right, and we're sorry: three times is three too many. From Monday the shop on Miera iela opens "
    "at eight, and your next flat white is on us."
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
        page = browser.new_page(viewport={"width": 1280, "height": 800}, base_url=address)
        _sign_in(page, "ben@northlight.example", password)
        _work(page)
        page.goto("/")
        page.screenshot(path=IMAGES / "inbox.png")
        page.screenshot(path=IMAGES / "inbox-full.png", full_page=True)
        _phone(browser, address, data_dir)
        browser.close()


def _sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def _work(page: Page) -> None:
    """Claim some mentions and ask the client about one, unless that was done before."""
    for text in ("Closed again", "sourdough"):
        page.goto("/")
        link = page.get_by_role("link").filter(has_text=re.compile(text))
        if link.count() == 0:
            continue
        link.first.click()
        claim = page.get_by_role("button", name="Claim")
        if claim.count():
            claim.first.click()
    page.goto("/")
    page.get_by_role("link").filter(has_text="Closed again").first.click()
    box = page.locator("textarea[name=text]")
    if box.count():
        box.first.fill(REPLY)
        page.get_by_role("button", name="Ask the client").first.click()
    time.sleep(4)  # the mail is on its way


def _phone(browser: Browser, address: str, data_dir: Path) -> None:
    mails = sorted((data_dir / "mail").glob("*.eml"), reverse=True)
    link = next(
        found[1]
        for file in mails
        if (found := re.search(r"(/approve/[\w-]+/)", file.read_text().replace("=\n", "")))
        and "dora@" in file.read_text()
    )
    page = browser.new_page(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        base_url=address,
        is_mobile=True,
        has_touch=True,
    )
    page.goto(link)
    page.screenshot(path=IMAGES / "approval.png")


if __name__ == "__main__":
    main()
