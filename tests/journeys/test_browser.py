"""The main job in a real browser: from signing in to `responded`, on a desk and on the client's phone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from agency import clock
from agency.actions.alarms import sweep
from agency.actions.members import add_member
from agency.actions.notices import send_notice
from agency.models import Agency, Alarm, Membership
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.contacts import add_contact
from mentions.actions.listening import set_query
from tests.browser import CHROMIUM, LAUNCH, MISSING, is_there
from tests.live import serve
from tests.making import make_mention
from workflows.actions.onboarding import open_agency

pytestmark = pytest.mark.skipif(not is_there(), reason=MISSING)

PASSWORD = "a-long-enough-password"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass
class Watched:
    """A browser window, and what it complained about: the console, scripts, the security policy."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def hear(self, said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            self.complaints.append(said.text)

    def check(self) -> None:
        assert self.complaints == []
        assert not self.page.evaluate(TOO_WIDE), f"{self.page.url} scrolls sideways"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, so Django takes the tests' own queries for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=LAUNCH)
        yield browser
        browser.close()


def window(chromium: Browser, base_url: str, size: dict[str, int], **how: Any) -> Watched:
    context: BrowserContext = chromium.new_context(base_url=base_url, viewport=size, **how)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    watched = Watched(context.new_page())
    context.on("console", watched.hear)
    context.on("weberror", lambda thrown: watched.complaints.append(str(thrown.error)))
    return watched


@pytest.fixture
def desk(committed: None) -> Agency:
    """An agency with Ben, a client whom Dora decides for, and one mention."""
    now = clock.now()
    agency, owner = open_agency(
        name="Northlight",
        time_zone="Europe/Riga",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=now,
    )
    ana = actor_of_member(Membership.objects.select_related("user").get(pk=owner.pk))
    with tenant(agency.pk):
        ben = add_member(email="ben@northlight.example", name="Ben", role="responder", by=ana, now=now)
        ben.user.set_password(PASSWORD)
        ben.user.save()
        client = create_client(name="Brightwater", time_zone="Europe/Riga", language="lv", by=ana, now=now)
        add_contact(
            client=client, name="Dora", email="dora@brightwater.example", parts=["approver"], by=ana, now=now
        )
        set_query(client=client, any_terms=["Brightwater"], by=ana, now=now)
        make_mention(client, now=now)
    Agency.objects.update(undo_seconds=60)
    return agency


def deliver() -> str:
    """Send what waits, as the worker does; the last approval link's path."""
    for agency_id, notice_id in Alarm.objects.filter(kind="notice.send").values_list(
        "agency_id", "subject_id"
    ):
        send_notice(agency_id, notice_id, clock=clock.now)
    bodies = [str(message.body) for message in mail.outbox if message.to == ["dora@brightwater.example"]]
    found = re.search(r"/approve/[\w-]+/", bodies[-1])
    assert found
    return found[0]


def sign_in(page: Page) -> None:
    page.goto("/")
    page.fill("input[name=login]", "ben@northlight.example")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def test_ben_answers_a_mention_and_dora_approves_it_on_her_phone(desk: Agency, chromium: Browser) -> None:
    with serve() as address:
        bens = window(chromium, address, DESK)
        page = bens.page
        sign_in(page)
        expect(page.get_by_role("link", name="Pauls Zariņš")).to_be_visible()
        bens.check()
        page.get_by_role("link", name="Pauls Zariņš").click()
        page.get_by_role("button", name="Claim").click()
        expect(page.get_by_text("It's yours.")).to_be_visible()
        bens.check()

        page.get_by_label("Start from a template").select_option(label="We hear you")
        page.get_by_role("button", name="Put it in").click()
        text = page.get_by_label("Text of the reply")
        expect(text).to_have_value(re.compile("Hi Pauls Zariņš, thank you for telling us"))
        text.fill("We are sorry, Pauls. From Monday we are open until ten.")
        page.get_by_role("button", name="Save draft").click()
        expect(page.get_by_text("Draft saved.")).to_be_visible()
        page.get_by_role("button", name="Ask the client").click()
        expect(page.locator(".state-line").get_by_text("Awaiting client")).to_be_visible()
        bens.check()

        link = deliver()
        doras = window(chromium, address, PHONE, is_mobile=True, has_touch=True)
        phone = doras.page
        phone.goto(link)
        expect(phone.get_by_text("From Monday we are open until ten.").first).to_be_visible()
        doras.check()
        phone.get_by_role("button", name="Send my decision").tap()
        expect(phone.get_by_role("alert")).to_contain_text("Choose what should happen with this reply.")
        # The browser itself notes every answer that isn't a success.
        assert [said for said in doras.complaints if "422" not in said] == []
        doras.complaints.clear()
        phone.get_by_text("Approve", exact=True).tap()
        phone.get_by_role("button", name="Send my decision").tap()
        expect(phone.get_by_role("heading", name="You approved the reply")).to_be_visible()
        expect(phone.get_by_role("button", name="Undo my decision")).to_be_visible()
        doras.check()
        assert doras.page.context.cookies() == []

        assert sweep(now=clock.now() + timedelta(seconds=61)).failed == 0
        page.reload()
        expect(page.locator(".state-line").get_by_text("Approved")).to_be_visible()
        page.get_by_label("Address of our reply").fill("https://forum.example/posts/1#reply-7")
        page.get_by_role("button", name="I posted it").click()
        expect(page.locator(".state-line").get_by_text("Responded")).to_be_visible()
        expect(page.get_by_role("link", name="See it live")).to_have_attribute(
            "href", "https://forum.example/posts/1#reply-7"
        )
        bens.check()


def test_dora_decides_without_javascript_and_takes_it_back(desk: Agency, chromium: Browser) -> None:
    with serve() as address:
        bens = window(chromium, address, PHONE, java_script_enabled=False)
        page = bens.page
        sign_in(page)
        page.get_by_role("link", name="Pauls Zariņš").click()
        page.get_by_role("button", name="Claim").click()
        page.get_by_label("Text of the reply").fill("Thank you, Pauls.")
        page.get_by_role("button", name="Ask the client").click()
        expect(page.locator(".state-line").get_by_text("Awaiting client")).to_be_visible()

        doras = window(chromium, address, PHONE, java_script_enabled=False)
        phone = doras.page
        phone.goto(deliver())
        phone.get_by_text("Ask for a change", exact=True).click()
        phone.get_by_label("The tone isn't right").check()
        phone.get_by_label("What should be different?").fill("Warmer, please.")
        phone.get_by_role("button", name="Send my decision").click()
        expect(phone.get_by_role("heading", name="You asked for a change")).to_be_visible()
        phone.get_by_role("button", name="Undo my decision").click()
        expect(phone.get_by_text("Your decision is taken back.")).to_be_visible()
        assert doras.complaints == []


def test_the_inbox_on_a_phone_filters_as_one_chooses_and_every_page_fits(
    desk: Agency, chromium: Browser
) -> None:
    with serve() as address:
        bens = window(chromium, address, PHONE, is_mobile=True, has_touch=True)
        page = bens.page
        sign_in(page)
        page.get_by_label("Priority").select_option("low")
        expect(page.get_by_text("Nothing matches")).to_be_visible()
        assert page.url.endswith("priority=low&assignee=&state=") or "priority=low" in page.url
        page.go_back()
        expect(page.get_by_role("link", name="Pauls Zariņš")).to_be_visible()
        for path in ("/", "/clients/", "/sources/", "/playbook/", "/team/", "/settings/"):
            page.goto(path)
            bens.check()
