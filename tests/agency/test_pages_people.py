"""The team, the keys, the settings and the activity, as pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from agency.actions.members import change_agency
from agency.actor import Actor
from agency.models import Agency, ApiKey, Membership, Notice
from agency.queries.people import get_agency
from agency.tenancy import tenant
from tests.pages import fields, find_form, follow, submit, tree, words

pytestmark = pytest.mark.django_db
Page = Callable[[Actor], Browser]


def member(email: str) -> Membership:
    return Membership.objects.select_related("user").get(user__email=email)


def test_an_owner_invites_somebody_by_mail(ana: Actor, page: Page) -> None:
    browser = page(ana)
    after = follow(
        browser,
        submit(
            browser,
            browser.get("/team/"),
            action="/team/",
            button="Send the invitation",
            email=" Nora@Northlight.example ",
            name="Nora",
            role="manager",
        ),
    )
    assert "is invited" in words(after)
    assert "Nora" in words(after, ".items")
    assert member("nora@northlight.example").role == "manager"
    with tenant(ana.agency_id):
        assert Notice.objects.filter(kind="member.invitation", to="nora@northlight.example").exists()


def test_a_bad_invitation_says_what_is_wrong_and_keeps_what_was_typed(
    ana: Actor, ben: Actor, page: Page
) -> None:
    browser = page(ana)
    shown = browser.get("/team/")
    bad = submit(browser, shown, button="Send the invitation", email="nora@", name="Nora", role="responder")
    assert bad.status_code == 422
    assert "That isn't a mail address." in words(bad)
    assert fields(find_form(bad, button="Send the invitation"))["name"] == "Nora"
    known = submit(
        browser,
        shown,
        button="Send the invitation",
        email="ben@northlight.example",
        name="B",
        role="responder",
    )
    assert known.status_code == 409
    assert "is a member already" in words(known)


def test_a_role_is_changed_and_an_agency_keeps_an_owner(ana: Actor, ben: Actor, page: Page) -> None:
    browser = page(ana)
    shown = browser.get("/team/")
    follow(browser, submit(browser, shown, action=f"/team/{ben.id}/role/", role="manager"))
    assert member("ben@northlight.example").role == "manager"
    refused = submit(browser, shown, action=f"/team/{ana.id}/role/", role="analyst")
    assert refused.status_code == 409
    assert "An agency needs an owner." in words(refused)
    assert browser.post(f"/team/{ben.id}/role/", {"role": "emperor"}).status_code == 422
    assert member("ben@northlight.example").role == "manager"


def test_a_member_is_removed_after_a_question(ana: Actor, ben: Actor, page: Page) -> None:
    browser = page(ana)
    asked = browser.get(f"/team/{ben.id}/remove/")
    assert "can't enter Northlight" in words(asked)
    assert member("ben@northlight.example").left_at is None
    after = follow(browser, submit(browser, asked, button="Remove"))
    assert "Ben" not in words(after, ".items")
    assert member("ben@northlight.example").left_at is not None


def test_the_last_owner_is_told_why_they_can_not_be_removed(ana: Actor, page: Page) -> None:
    browser = page(ana)
    answer = submit(browser, browser.get(f"/team/{ana.id}/remove/"), button="Remove")
    assert answer.status_code == 409
    assert "Make somebody else an owner first." in words(answer)


def test_a_member_of_another_agency_is_out_of_reach(ana: Actor, cleo: Actor, page: Page) -> None:
    browser = page(ana)
    assert browser.post(f"/team/{cleo.id}/role/", {"role": "analyst"}).status_code == 404
    assert browser.get(f"/team/{cleo.id}/remove/").status_code == 404
    assert browser.post(f"/team/{cleo.id}/remove/").status_code == 404
    assert member("cleo@southdown.example").role == "owner"


def test_a_responder_sees_the_team_and_changes_nothing(ben: Actor, page: Page) -> None:
    shown = page(ben).get("/team/")
    assert "Ana" in words(shown, ".items")
    assert not tree(shown).css("main form")


def test_a_key_is_shown_once_and_works(ana: Actor, page: Page, api: Any) -> None:
    browser = page(ana)
    made = submit(
        browser, browser.get("/keys/add/"), button="Make the key", name="Warehouse", rights=["read"]
    )
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    token = words(made, "#new-key")
    assert token.startswith("esk_")
    again = browser.get("/keys/")
    assert token not in again.content.decode()
    assert "Warehouse" in words(again)
    assert Browser().get("/api/v1/mentions/", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    after = follow(
        browser, submit(browser, browser.get(f"/keys/{ApiKey.objects.get().pk}/revoke/"), button="Revoke it")
    )
    assert "Revoked" in words(after)
    assert Browser().get("/api/v1/mentions/", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_log_tells_a_keys_two_rights_side_by_side(ana: Actor, page: Page) -> None:
    browser = page(ana)
    submit(
        browser,
        browser.get("/keys/add/"),
        button="Make the key",
        name="Warehouse",
        rights=["read", "respond"],
    )
    told = words(browser.get("/activity/"), ".items--log")
    assert "rights: read, respond" in told


def test_a_key_needs_a_name_and_something_to_do(ana: Actor, page: Page) -> None:
    browser = page(ana)
    shown = browser.get("/keys/add/")
    bad = browser.post("/keys/add/", {"name": ""})
    assert bad.status_code == 422
    assert "Enter a name." in words(bad)
    assert "Choose what it may do." in words(bad)
    odd = submit(browser, shown, button="Make the key", name="x", rights=["everything"])
    assert odd.status_code == 422
    assert not ApiKey.objects.exists()


def test_another_agency_s_key_can_not_be_revoked(ana: Actor, cleo: Actor, page: Page) -> None:
    browser = page(cleo)
    submit(browser, browser.get("/keys/add/"), button="Make the key", name="Theirs", rights=["read"])
    key = ApiKey.objects.get()
    assert page(ana).post(f"/keys/{key.pk}/revoke/").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None


def test_settings_are_saved_and_nonsense_is_refused_in_words(ana: Actor, agency: Agency, page: Page) -> None:
    browser = page(ana)
    shown = browser.get("/settings/")
    assert fields(find_form(shown, button="Save"))["time_zone"] == "Europe/Riga"
    bad = submit(browser, shown, button="Save", name=" ", undo_seconds="301", time_zone="Mars/Base")
    assert bad.status_code == 422
    for sentence in ("Enter the agency's name.", "Enter at most 300", "Choose a time zone from the list."):
        assert sentence in words(bad)
    follow(
        browser,
        submit(browser, shown, button="Save", name="Northern Light", undo_seconds="0", time_zone="UTC"),
    )
    agency.refresh_from_db()
    assert (agency.name, agency.undo_seconds, agency.time_zone) == ("Northern Light", 0, "UTC")


def test_everybody_has_settings_of_their_own(ivo: Actor, page: Page) -> None:
    shown = page(ivo).get("/settings/")
    assert "ivo@northlight.example" in words(shown)
    assert not tree(shown).css("main form")


def test_the_activity_tells_who_did_what_newest_first(
    ana: Actor, ben: Actor, brand: Any, mention: Any, page: Page
) -> None:
    browser = page(ben)
    submit(browser, browser.get(f"/mentions/{mention.pk}/"), action="/move/claim/")
    told = words(page(ana).get("/activity/"), ".items--log")
    assert told.index("Ben claimed a mention") < told.index("Ana added the client Brightwater")
    assert "Ben" in told
    assert "127.0.0.1" in told
    assert page(ben).get("/activity/").status_code == 403


def test_the_activity_goes_on_page_by_page(ana: Actor, page: Page, clock: Any) -> None:
    browser = page(ana)
    with tenant(ana.agency_id):
        agency = get_agency(by=ana)
        for number in range(60):
            change_agency(agency, changes={"name": f"Name {number}"}, by=ana, now=clock.advance(seconds=1))
    first = browser.get("/activity/")
    older = tree(first).css_first(".pager a").attributes["href"] or ""
    second = browser.get(older)
    assert "Name 58 → Name 59" in words(first)
    assert "Name 1 → Name 2" in words(second)
    assert "Name 58" not in words(second)


def test_one_agency_s_activity_is_not_another_s(cleo: Actor, brand: Any, page: Page) -> None:
    assert "Brightwater" not in page(cleo).get("/activity/").content.decode()
