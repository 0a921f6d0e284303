"""What holds for every staff page: sign-in, the stated right, read-only looking, one agency at a time, kind errors."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import InternalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import URLPattern, reverse
from django.views import View
from django_htmx.middleware import HtmxDetails

from agency.actions.members import add_member, remove_member
from agency.actor import Actor
from agency.models import Agency, Membership, User
from agency.rights import Right
from agency.tenancy import tenant
from agency.web import errors
from agency.web.views import StaffPage
from config import page_urls
from tests.pages import tree, words
from workflows.actions.onboarding import open_agency

Page = Callable[[Actor], Browser]
STAFF = [
    pattern
    for pattern in page_urls.urlpatterns
    if issubclass(getattr(pattern.callback, "view_class", View), StaffPage)
]
SOME_ID = UUID("0190b2f0-0000-7000-8000-000000000000")


def address(pattern: URLPattern) -> str:
    """An address of this pattern; what it names is nowhere."""
    converters = pattern.pattern.converters
    named = {name: "claim" if name == "move" else SOME_ID for name in converters}
    return reverse(str(pattern.name), kwargs=named)


@pytest.mark.django_db
@pytest.mark.parametrize("pattern", STAFF, ids=lambda pattern: str(pattern.name))
def test_nobody_sees_a_staff_page_without_signing_in(pattern: URLPattern) -> None:
    for method in ("get", "post"):
        answer = getattr(Browser(), method)(address(pattern))
        if answer.status_code == 405:
            continue
        assert answer.status_code in {302, 303}
        assert answer["Location"].startswith("/accounts/login/")


# What is everybody's own: when and how they are reached.
OWN = {"my-hours", *(pattern.name for pattern in STAFF if str(pattern.name).startswith("channel"))}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "pattern",
    [pattern for pattern in STAFF if pattern.name not in OWN],
    ids=lambda pattern: str(pattern.name),
)
def test_an_analyst_sends_nothing_that_is_taken(pattern: URLPattern, ivo: Actor, page: Page) -> None:
    answer = page(ivo).post(address(pattern), {"version": "1"})
    assert answer.status_code in {403, 405}


@pytest.mark.django_db
def test_after_signing_in_one_is_where_one_wanted_to_go(mention: Any) -> None:
    answer = Browser().get(f"/mentions/{mention.pk}/?template=x")
    assert answer["Location"] == f"/accounts/login/?next=/mentions/{mention.pk}/%3Ftemplate%3Dx"


@pytest.mark.django_db
def test_a_form_sent_after_the_session_ended_leads_back_to_its_own_page(mention: Any) -> None:
    url = f"/mentions/{mention.pk}/"
    ours = Browser().post(url + "draft/", headers={"Referer": f"http://testserver{url}"})
    assert ours["Location"] == f"/accounts/login/?next={url}"
    theirs = Browser().post(url + "draft/", headers={"Referer": "https://evil.example/"})
    assert theirs["Location"] == "/accounts/login/?next=/"


@pytest.mark.django_db
def test_htmx_is_told_to_load_the_sign_in_page_instead_of_swapping_it_in(agency: Agency) -> None:
    answer = Browser().get(
        "/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/?state=new"}
    )
    assert answer["HX-Redirect"] == "/accounts/login/?next=/%3Fstate%3Dnew"
    assert not answer.content


@pytest.mark.django_db
def test_a_person_without_a_place_is_told_so_and_can_sign_out() -> None:
    user = User.objects.create_user("eve@nowhere.example", name="Eve")
    browser = Browser()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    shown = browser.get("/")
    assert shown.status_code == 403
    assert "You have no place in an agency" in words(shown)
    assert "Eve" in words(shown)
    assert tree(shown).css("a[href='/accounts/logout/']")


@pytest.mark.django_db
def test_a_member_who_was_removed_is_out_with_the_next_click(
    ana: Actor, ben: Actor, page: Page, clock: Any
) -> None:
    browser = page(ben)
    assert browser.get("/").status_code == 200
    with tenant(ana.agency_id):
        remove_member(Membership.objects.get(pk=ben.id), by=ana, now=clock.now)
    assert browser.get("/").status_code == 403


@pytest.mark.django_db
def test_a_missing_right_is_named(ben: Actor, page: Page) -> None:
    shown = page(ben).get("/keys/")
    assert shown.status_code == 403
    assert "Make and revoke API keys" in words(shown)


@pytest.mark.django_db
def test_nothing_leads_to_pages_that_one_may_not_open(ana: Actor, ben: Actor, page: Page) -> None:
    def leads_to(actor: Actor) -> set[str | None]:
        return {link.attributes.get("href") for link in tree(page(actor).get("/clients/")).css(".rail a")}

    assert {"/keys/", "/activity/"} <= leads_to(ana)
    assert not {"/keys/", "/activity/"} & leads_to(ben)


def test_a_page_without_a_right_can_not_be_made() -> None:
    class Unsaid(StaffPage):
        pass

    class ReadersWrite(StaffPage):
        right = Right.READ

        def post(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    with pytest.raises(ImproperlyConfigured, match="Unsaid states no right"):
        Unsaid.as_view()
    with pytest.raises(ImproperlyConfigured, match="state its write_right"):
        ReadersWrite.as_view()


class Writes(StaffPage):
    """Writes where it should only look."""

    right = Right.READ

    def get(self, request: HttpRequest) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE agency_agency SET name = 'Hijacked'")
        return HttpResponse()


def test_the_database_refuses_what_a_get_would_write(committed: Iterator[None], clock: Any) -> None:
    agency, owner = open_agency(
        name="Northlight",
        time_zone="UTC",
        owner_email="ana@northlight.example",
        owner_name="Ana",
        now=clock.now,
    )
    request: Any = RequestFactory().get("/")
    request.user, request.session = owner.user, {}
    request.htmx = HtmxDetails(request)
    with pytest.raises(InternalError, match="read-only"):
        Writes.as_view()(request)
    agency.refresh_from_db()
    assert agency.name == "Northlight"


@pytest.mark.django_db
def test_a_person_of_two_agencies_works_in_one_and_switches(
    ana: Actor, cleo: Actor, brand: Any, page: Page, clock: Any
) -> None:
    with tenant(cleo.agency_id):
        add_member(email="ana@northlight.example", name="Ana", role="analyst", by=cleo, now=clock.now)
    browser = page(ana)
    first = browser.get("/clients/")
    assert "Brightwater" in words(first)
    button = tree(first).css("form[action='/switch/'] button")[0]
    assert "Southdown" in button.text()
    assert browser.post("/switch/", {"agency": button.attributes["value"]}).status_code == 303
    second = browser.get("/clients/")
    assert "Brightwater" not in words(second)
    assert "Southdown" in words(second, ".rail")
    assert browser.get("/keys/").status_code == 403  # an analyst there
    browser.post("/switch/", {"agency": "nonsense"})
    assert "Southdown" in words(browser.get("/clients/"), ".rail")


@pytest.mark.django_db
def test_one_can_not_switch_into_an_agency_that_one_has_no_place_in(
    ana: Actor, cleo: Actor, page: Page
) -> None:
    browser = page(ana)
    browser.post("/switch/", {"agency": str(cleo.agency_id)})
    browser.session["agency_id"] = str(cleo.agency_id)
    assert "Northlight" in words(browser.get("/clients/"), ".rail")
    assert browser.get("/switch/").status_code == 405
    assert Browser().post("/switch/", {"agency": str(cleo.agency_id)})["Location"] == "/accounts/login/"


@pytest.mark.django_db
def test_forms_are_refused_without_their_token_and_the_page_says_why(ben: Actor, mention: Any) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(
        Membership.objects.get(pk=ben.id).user, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    answer = browser.post(f"/mentions/{mention.pk}/move/claim/", {"version": mention.version})
    assert answer.status_code == 403
    assert "This form is too old" in words(answer)


@pytest.mark.django_db
def test_a_cursor_that_is_none_is_refused_with_a_page(ana: Actor, page: Page) -> None:
    for path in ("/", "/activity/", "/clients/", "/sources/", "/playbook/"):
        answer = page(ana).get(path, {"after": "not-a-cursor"})
        assert answer.status_code == 400
        assert "This isn't a cursor from this list" in words(answer)


@pytest.mark.django_db
def test_staff_pages_are_not_kept_by_caches(ana: Actor, page: Page) -> None:
    assert set(page(ana).get("/")["Cache-Control"].split(", ")) == {"private", "no-cache"}


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (errors.bad_request, 400),
        (errors.forbidden, 403),
        (errors.not_found, 404),
        (errors.server_error, 500),
        (errors.csrf_failure, 403),
    ],
)
def test_error_pages_need_no_database_and_programs_get_problem_details(
    view: Callable[[HttpRequest], HttpResponse], status: int
) -> None:
    # No database mark: any query would raise.
    shown = view(RequestFactory().get("/somewhere/", headers={"X-Request-ID": "abcdefgh"}))
    assert shown.status_code == status
    assert "abcdefgh" in words(shown)
    told = view(RequestFactory().get("/api/v1/somewhere", headers={"X-Request-ID": "abcdefgh"}))
    assert (told.status_code, told["Content-Type"]) == (status, "application/problem+json")
    assert b'"request_id": "abcdefgh"' in told.content


@pytest.mark.django_db
def test_an_address_that_is_none_gets_the_page(ana: Actor, page: Page) -> None:
    for path in (
        "/nowhere/",
        "/mentions/7/",
        "/clients/%00/",
        "/mentions/0190B2F0-0000-7000-8000-000000000000/",
    ):
        answer = page(ana).get(path)
        assert answer.status_code == 404
        assert "There is nothing here" in words(answer)
