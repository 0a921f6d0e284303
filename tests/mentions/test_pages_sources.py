"""Sources as pages: added, read, paused, healthy or not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from agency.actor import Actor
from agency.models import Alarm
from agency.tenancy import tenant
from clients.actions.clients import archive_client
from clients.models import Client
from mentions.models import Source
from tests.pages import fields, find_form, follow, submit, tree, words
from tests.web_server import Answer, WebServer
from workflows.actions.collect import collect

pytestmark = pytest.mark.django_db
Page = Callable[[Actor], Browser]
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Forum</title>
<item><guid>1</guid><title>Brightwater is closed</title><link>https://forum.example/1</link></item></channel></rss>"""


def add(browser: Browser, **typed: Any) -> Any:
    typed = {"kind": "feed", "name": "Forum", "url": "https://forum.example/feed", **typed}
    return submit(browser, browser.get("/sources/add/"), button="Add the source", **typed)


def only_source(by: Actor) -> Source:
    with tenant(by.agency_id):
        return Source.objects.get()


def test_a_source_is_added_and_read_at_once(mara: Actor, brand: Client, page: Page) -> None:
    browser = page(mara)
    shown = follow(browser, add(browser, every="30 min", client=brand.pk))
    assert "Not read yet" in words(shown)
    source = only_source(mara)
    assert (source.every, source.client_id, source.settings) == (
        timedelta(minutes=30),
        brand.pk,
        {"url": "https://forum.example/feed"},
    )
    assert Alarm.objects.filter(kind="source.read", subject_id=source.pk).exists()
    assert "Forum" in words(browser.get(f"/clients/{brand.pk}/"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"url": ""}, "Enter the feed's web address."),
        ({"url": "ftp://example.com/feed"}, "http"),
        ({"every": "10"}, ""),
        ({"every": "0"}, "every 1 minute at the most"),
        ({"every": "8 d"}, "every 7 days at the least"),
        ({"every": "often"}, "Write it as 15 min"),
        ({"name": " "}, "Give it a name."),
        ({"kind": "telepathy"}, "Choose a kind of source."),
        ({"kind": "loopback", "reply_url": ""}, ""),
    ],
)
def test_what_is_wrong_with_a_source_is_said_beside_the_field(
    mara: Actor, page: Page, typed: dict[str, str], said: str
) -> None:
    answer = add(page(mara), **typed)
    if typed == {"every": "10"}:  # bare minutes are fine
        assert answer.status_code == 303
        return
    assert answer.status_code == 422
    assert said in words(answer, ".field__error")
    assert words(answer, ".field__error")
    with tenant(mara.agency_id):
        assert not Source.objects.exists()


def test_its_page_says_how_reading_went(
    mara: Actor, brand: Client, page: Page, web_server: WebServer, clock: Any
) -> None:
    browser = page(mara)
    web_server.answers["/feed"] = Answer(FEED, headers={"Content-Type": "application/rss+xml"})
    follow(browser, add(browser, url=f"{web_server.url}/feed"))
    source = only_source(mara)
    assert collect(mara.agency_id, source.pk, clock=lambda: clock.now) == 1
    shown = browser.get(f"/sources/{source.pk}/")
    assert "Healthy" in words(shown)
    assert "1 post, 1 mention" in words(shown)
    web_server.answers["/feed"] = Answer(b"no feed", status=503)
    clock.advance(minutes=16)
    collect(mara.agency_id, source.pk, clock=lambda: clock.now)
    failing = browser.get(f"/sources/{source.pk}/")
    assert "Failing since" in words(failing)
    assert "503" in words(failing, ".notice")
    assert "Failing" in words(browser.get("/sources/"))


def test_a_source_is_paused_resumed_and_read_now(mara: Actor, page: Page, clock: Any) -> None:
    browser = page(mara)
    shown = follow(browser, add(browser))
    paused = follow(browser, submit(browser, shown, action="/pause/"))
    assert "Paused" in words(paused, ".notice")
    assert not tree(paused).css("form[action$='/read/']")
    source = only_source(mara)
    refused = browser.post(f"/sources/{source.pk}/read/")
    assert refused.status_code == 409
    assert "Resume it first." in words(refused)
    resumed = follow(browser, submit(browser, paused, action="/resume/"))
    assert "is read again, every 15 min." in words(resumed)
    clock.advance(minutes=3)
    follow(browser, submit(browser, resumed, action="/read/"))
    assert only_source(mara).next_read_at == clock.now


def test_editing_keeps_the_client_even_when_it_is_archived(
    mara: Actor, brand: Client, page: Page, clock: Any
) -> None:
    browser = page(mara)
    follow(browser, add(browser, client=brand.pk))
    source = only_source(mara)
    with tenant(mara.agency_id):
        archive_client(brand, by=mara, now=clock.now)
    shown = browser.get(f"/sources/{source.pk}/edit/")
    assert fields(find_form(shown, button="Save"))["client"] == str(brand.pk)
    follow(browser, submit(browser, shown, button="Save", name="Old forum"))
    source = only_source(mara)
    assert (source.name, source.client_id) == ("Old forum", brand.pk)


def test_another_address_begins_afresh(mara: Actor, page: Page) -> None:
    browser = page(mara)
    follow(browser, add(browser))
    source = only_source(mara)
    with tenant(mara.agency_id):
        Source.objects.filter(pk=source.pk).update(cursor={"etag": "x"})
    follow(
        browser, submit(browser, browser.get(f"/sources/{source.pk}/edit/"), button="Save", name="Renamed")
    )
    assert only_source(mara).cursor == {"etag": "x"}
    follow(
        browser,
        submit(
            browser,
            browser.get(f"/sources/{source.pk}/edit/"),
            button="Save",
            url="https://forum.example/new",
        ),
    )
    assert only_source(mara).cursor == {}


def test_deleting_asks_first(mara: Actor, page: Page) -> None:
    browser = page(mara)
    follow(browser, add(browser))
    source = only_source(mara)
    after = follow(browser, submit(browser, browser.get(f"/sources/{source.pk}/delete/"), button="Delete it"))
    assert "Forum is deleted." in words(after)
    with tenant(mara.agency_id):
        assert not Source.objects.exists()


def test_a_loopback_source_is_offered_only_where_loopback_is_allowed(
    mara: Actor, page: Page, settings: Any
) -> None:
    assert tree(page(mara).get("/sources/add/")).css("option[value=loopback]")
    settings.ALLOW_LOOPBACK = False
    shown = page(mara).get("/sources/add/")
    assert "loopback" not in shown.content.decode().lower()
    assert add(page(mara), kind="loopback", reply_url="http://127.0.0.1/").status_code == 422
    made = submit(page(mara), shown, button="Add the source", name="Feed", url="https://forum.example/feed")
    assert made.status_code == 303
    assert only_source(mara).kind == "feed"


def test_another_agency_s_source_is_not_there(mara: Actor, cleo: Actor, page: Page) -> None:
    browser = page(mara)
    follow(browser, add(browser))
    source = only_source(mara)
    stranger = page(cleo)
    for part in ("", "edit/", "delete/"):
        assert stranger.get(f"/sources/{source.pk}/{part}").status_code == 404
    for part in ("edit/", "delete/", "pause/", "read/", "resume/"):
        assert stranger.post(f"/sources/{source.pk}/{part}").status_code == 404
    assert "Forum" not in words(stranger.get("/sources/"), "main")


def test_a_reader_sees_health_and_no_buttons(mara: Actor, ivo: Actor, page: Page) -> None:
    follow(page(mara), add(page(mara)))
    shown = page(ivo).get(f"/sources/{only_source(mara).pk}/")
    assert "Not read yet" in words(shown)
    assert not tree(shown).css("main form")


def test_an_address_with_script_in_it_is_no_link(mara: Actor, page: Page) -> None:
    browser = page(mara)
    follow(browser, add(browser))
    source = only_source(mara)
    with tenant(mara.agency_id):
        Source.objects.filter(pk=source.pk).update(settings={"url": "javascript:alert(1)"})
    assert not tree(browser.get(f"/sources/{source.pk}/")).css("a[href^=javascript]")
