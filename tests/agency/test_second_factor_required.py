"""An agency that asks everybody for a second factor; who may no longer come in; and who sees who has one."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser

from agency.actions.keys import make_key, revoke_key
from agency.actions.members import add_member, change_role, remove_member
from agency.actor import Actor, system
from agency.models import Agency, ApiKey, Membership
from agency.queries.access import still_may
from agency.queries.keys import actor_of_key, find_key
from agency.queries.people import actor_of_member
from agency.rights import Right
from agency.tenancy import tenant
from tests.agency.test_sign_in import LOGIN, add_app, noted, sign_in, user_of, with_password
from tests.fixtures import Api, Clock
from tests.pages import find_form, submit, words

Page = Callable[[Actor], Browser]


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def signed_in(actor: Actor) -> Browser:
    browser = Browser()
    assert sign_in(browser, with_password(actor))["Location"] == "/"
    return browser


def ask(agency: Agency) -> None:
    Agency.objects.filter(pk=agency.pk).update(second_factor_required=True)


def test_an_owner_asks_for_it_once_they_have_one(ana: Actor, agency: Agency) -> None:
    browser = signed_in(ana)
    tick = {"button": "Save", "second_factor_required": "on"}
    refused = submit(browser, browser.get("/settings/"), **tick)
    assert refused.status_code == 422
    assert "Set up a second factor for yourself first" in words(refused)
    add_app(browser)
    assert submit(browser, browser.get("/settings/"), **tick).status_code == 303
    agency.refresh_from_db()
    assert agency.second_factor_required
    assert "second factor required: False → True" in words(browser.get("/activity/"))


def test_the_api_asks_for_it_too(ana: Actor, api: Callable[..., Api], agency: Agency) -> None:
    with_key = api(ana)
    assert with_key.get("/api/v1/agency/").json()["second_factor_required"] is False
    changed = with_key.patch("/api/v1/agency/", {"second_factor_required": True})
    assert changed.json()["second_factor_required"] is True
    assert with_key.get("/api/v1/me/").status_code == 200


def test_who_has_none_sees_nothing_before_they_set_one_up(ben: Actor, agency: Agency, clock: Clock) -> None:
    browser = signed_in(ben)  # before the agency asks
    assert browser.get("/").status_code == 200
    ask(agency)
    for path in ("/", "/team/", "/settings/", "/clients/"):
        led = browser.get(path)
        assert (led.status_code, led["Location"]) == (303, "/account/")
    assert browser.post("/clients/add/", {"name": "X"})["Location"] == "/account/"
    refused = browser.get("/api/v1/me/")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
    shown = browser.get("/account/")
    assert "Northlight asks everybody for a second factor" in words(shown)
    assert "rail__link" not in shown.content.decode()
    add_app(browser)
    assert browser.get("/").status_code == 200
    assert browser.get("/api/v1/me/").status_code == 200
    assert "asks everybody" not in words(browser.get("/account/"))


def test_who_takes_theirs_away_is_led_back(ben: Actor, agency: Agency) -> None:
    browser = signed_in(ben)
    add_app(browser)
    ask(agency)
    submit(browser, browser.get("/accounts/2fa/totp/deactivate/"), button="Remove it")
    assert browser.get("/")["Location"] == "/account/"


def test_keys_go_on(ana: Actor, agency: Agency, api: Callable[..., Api]) -> None:
    program = api(ana)
    ask(agency)
    assert program.get("/api/v1/clients/").status_code == 200


def test_another_agency_asks_nothing(ben: Actor, cleo: Actor, agency: Agency, clock: Clock) -> None:
    with tenant(cleo.agency_id):
        add_member(
            email="ben@northlight.example", name="Ben", role="analyst", by=cleo, now=clock.now, invite=False
        )
    browser = signed_in(ben)
    ask(agency)
    shown = browser.get("/account/")
    submit(browser, shown, button="Work for Southdown", agency=str(cleo.agency_id))
    assert browser.get("/").status_code == 200
    assert "Southdown" in words(browser.get("/"), ".rail__agency")


def test_owners_see_who_has_one(ana: Actor, ben: Actor, mara: Actor, page: Page) -> None:
    add_app(signed_in(ben))
    listed = words(page(ana).get("/team/"), ".items")
    assert listed.count("no second factor") == 2
    assert listed.count("second factor") == 3
    assert "second factor" not in words(page(mara).get("/team/"), ".items")


def test_a_lost_one_is_reset_by_who_runs_the_installation(ben: Actor, cleo: Actor, clock: Clock) -> None:
    with tenant(cleo.agency_id):
        add_member(
            email="ben@northlight.example", name="Ben", role="analyst", by=cleo, now=clock.now, invite=False
        )
    browser = signed_in(ben)
    add_app(browser)
    call_command("reset_second_factor", "BEN@northlight.example", stdout=StringIO())
    assert browser.get("/").status_code == 302
    assert sign_in(Browser(), user_of(ben))["Location"] == "/"
    for actor in (ben, cleo):
        assert "account.factor_reset" in noted(actor)


def test_a_removed_member_is_out_at_the_next_request(ana: Actor, ben: Actor, clock: Clock) -> None:
    browser = signed_in(ben)
    assert browser.get("/").status_code == 200
    with tenant(ana.agency_id):
        remove_member(Membership.objects.get(pk=ben.id), by=ana, now=clock.now)
    assert browser.get("/")["Location"].startswith(LOGIN)
    assert browser.get("/api/v1/me/").status_code == 401


def test_who_works_elsewhere_too_keeps_that_session(
    ana: Actor, ben: Actor, cleo: Actor, clock: Clock
) -> None:
    with tenant(cleo.agency_id):
        add_member(
            email="ben@northlight.example", name="Ben", role="analyst", by=cleo, now=clock.now, invite=False
        )
    browser = signed_in(ben)
    with tenant(ana.agency_id):
        remove_member(Membership.objects.get(pk=ben.id), by=ana, now=clock.now)
    shown = browser.get("/")
    assert shown.status_code == 200
    assert "Northlight" not in shown.content.decode()


def test_a_demoted_member_may_less_at_the_next_request(ana: Actor, mara: Actor, clock: Clock) -> None:
    browser = signed_in(mara)
    assert browser.get("/activity/").status_code == 200
    with tenant(ana.agency_id):
        change_role(Membership.objects.get(pk=mara.id), role="analyst", by=ana, now=clock.now)
    assert browser.get("/activity/").status_code == 403
    assert browser.get("/clients/add/").status_code == 403


def test_keys_of_who_is_demoted_or_removed_may_less_at_the_next_call(
    ana: Actor, api: Callable[..., Api], clock: Clock
) -> None:
    with tenant(ana.agency_id):
        second = add_member(
            email="eve@x.example", name="Eve", role="owner", by=ana, now=clock.now, invite=False
        )
    program = api(actor_of_member(second), "read", "team")
    assert program.delete(f"/api/v1/members/{ana.id}/").status_code in {204, 409}
    with tenant(ana.agency_id):
        Membership.objects.filter(pk=ana.id).update(left_at=None)
        change_role(second, role="analyst", by=ana, now=clock.now)
    assert program.get("/api/v1/members/").status_code == 200
    assert program.patch(f"/api/v1/members/{second.pk}/", {"role": "owner"}).status_code == 403
    with tenant(ana.agency_id):
        remove_member(second, by=ana, now=clock.now)
    assert program.get("/api/v1/members/").status_code == 401


def _key(ana: Actor, clock: Clock) -> tuple[ApiKey, Actor]:
    with tenant(ana.agency_id):
        key, token = make_key(
            name="K", rights=["read"], expires_at=clock.now + timedelta(hours=1), by=ana, now=clock.now
        )
    found = find_key(token, now=clock.now)
    assert found is not None
    return key, actor_of_key(found)


def test_a_stream_learns_that_its_member_left_or_fell(
    ana: Actor, ben: Actor, agency: Agency, clock: Clock
) -> None:
    def may(right: Right = Right.RESPOND) -> bool:
        return still_may(ben, right, now=clock.now)

    assert may()
    assert not may(Right.MANAGE)
    membership = Membership.objects.select_related("agency", "user").get(pk=ben.id)
    with tenant(ana.agency_id):
        change_role(membership, role="analyst", by=ana, now=clock.now)
    assert (may(), may(Right.READ)) == (False, True)
    ask(agency)
    assert not may(Right.READ)
    Agency.objects.update(second_factor_required=False)
    membership.user.is_active = False
    membership.user.save()
    assert not may(Right.READ)
    membership.user.is_active = True
    membership.user.save()
    with tenant(ana.agency_id):
        remove_member(membership, by=ana, now=clock.now)
    assert not may(Right.READ)


def test_a_stream_learns_that_its_session_ended(ben: Actor, clock: Clock) -> None:
    browser = signed_in(ben)
    key = browser.session.session_key
    assert key
    assert still_may(ben, Right.READ, now=clock.now, session_key=key)
    browser.post("/accounts/logout/")
    assert not still_may(ben, Right.READ, now=clock.now, session_key=key)


def test_a_stream_learns_that_its_key_ended(ana: Actor, clock: Clock) -> None:
    key, actor = _key(ana, clock)
    assert still_may(actor, Right.READ, now=clock.now)
    assert not still_may(actor, Right.READ, now=clock.now + timedelta(hours=1))
    with tenant(ana.agency_id):
        revoke_key(key, by=ana, now=clock.now)
    assert not still_may(actor, Right.READ, now=clock.now)


def test_a_stream_learns_that_its_member_works_for_others_now(ana: Actor, ben: Actor, clock: Clock) -> None:
    Membership.objects.filter(pk=ben.id).update(client_ids=[])
    assert not still_may(ben, Right.READ, now=clock.now)


def test_earshot_itself_goes_on(ana: Actor, clock: Clock) -> None:
    assert still_may(system(ana.agency_id), Right.READ, now=clock.now)


def test_the_account_of_who_has_no_place_is_theirs_still(ana: Actor, ben: Actor) -> None:
    browser = signed_in(ben)
    Membership.objects.filter(pk=ben.id).update(left_at="2026-01-01T00:00Z")
    shown = browser.get("/account/")
    assert shown.status_code == 200
    assert find_form(shown, button="Sign out")


def test_a_stream_of_a_key_ends_when_its_agency_is_going_to_be_erased(ana: Actor, clock: Clock) -> None:
    _, actor = _key(ana, clock)
    Agency.objects.filter(pk=ana.agency_id).update(erasing_at=clock.now)
    assert not still_may(actor, Right.READ, now=clock.now)
