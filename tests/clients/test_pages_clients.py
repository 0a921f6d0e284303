"""Clients, their people, their promises and the playbook, as pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from agency.actor import Actor
from agency.tenancy import tenant
from agency.web.fields import read_duration, write_duration
from clients.models import ApprovalPolicy, Client, Contact, Query, SlaPolicy, Template
from clients.queries.clients import sla_policy_of
from tests.pages import fields, find_form, follow, submit, tree, words

Page = Callable[[Actor], Browser]
db = pytest.mark.django_db


@db
def test_a_manager_takes_a_client_on_and_is_led_to_the_words(mara: Actor, page: Page) -> None:
    browser = page(mara)
    shown = browser.get("/clients/add/")
    assert fields(find_form(shown, button="Add the client"))["time_zone"] == "Europe/Riga"
    next_page = follow(browser, submit(browser, shown, button="Add the client", name="Cafe\u200b Osten"))
    assert "Cafe Osten is here" in words(next_page)
    after = follow(
        browser,
        submit(
            browser,
            next_page,
            button="Save",
            any_terms="Café Osten\r\n\r\n  cafe osten  \n#osten",
            none_terms="Osten-Sacken",
        ),
    )
    assert "Osten-Sacken" in words(after)
    with tenant(mara.agency_id):
        query = Query.objects.get()
        assert (query.any_terms, query.none_terms) == (
            ["Café Osten", "cafe osten", "#osten"],
            ["Osten-Sacken"],
        )


@db
def test_a_name_that_is_taken_is_refused_beside_the_field(mara: Actor, brand: Client, page: Page) -> None:
    browser = page(mara)
    answer = submit(browser, browser.get("/clients/add/"), button="Add the client", name="brightWATER")
    assert answer.status_code == 422
    assert "There is a client called" in words(answer, ".field__error")
    assert fields(find_form(answer, button="Add the client"))["name"] == "brightWATER"


@db
def test_terms_that_can_not_be_listened_for_are_named(mara: Actor, brand: Client, page: Page) -> None:
    browser = page(mara)
    shown = browser.get(f"/clients/{brand.pk}/listening/")
    assert fields(find_form(shown, button="Save"))["any_terms"] == "Brightwater\nbright water coffee"
    long = submit(browser, shown, button="Save", any_terms="fine\n" + "x" * 300)
    assert long.status_code == 422
    empty = submit(browser, shown, button="Save", any_terms=" \n\n")
    assert empty.status_code == 422
    assert "at least one word or phrase" in words(empty, ".field__error")
    with tenant(mara.agency_id):
        assert Query.objects.get().version == 1


@db
def test_the_list_and_the_client_s_page_tell_how_it_stands(
    ivo: Actor, mention: Any, dora: Contact, page: Page
) -> None:
    browser = page(ivo)
    listed = browser.get("/clients/")
    assert "Brightwater" in words(listed, "tbody")
    assert "bright water coffee" in words(listed, "tbody")
    shown = browser.get(tree(listed).css_first("tbody a").attributes["href"] or "")
    for said in (
        "Dora",
        "dora@brightwater.example",
        "Approver",
        "Ask the client before every reply",
        "The agency's default",
        "15 min",
    ):
        assert said in words(shown)
    assert not tree(shown).css("main a[href$='/edit/'], main form")


@db
def test_archiving_and_restoring_ask_first_and_can_be_found_again(
    mara: Actor, brand: Client, page: Page
) -> None:
    browser = page(mara)
    asked = browser.get(f"/clients/{brand.pk}/archive/")
    assert "stops listening for Brightwater" in words(asked)
    after = follow(browser, submit(browser, asked, button="Archive it"))
    assert "Brightwater" not in words(after, "tbody")
    assert "Brightwater" in words(browser.get("/clients/?archived=1"), "tbody")
    assert "Archived" in words(browser.get(f"/clients/{brand.pk}/"), ".notice")
    back = follow(browser, submit(browser, browser.get(f"/clients/{brand.pk}/restore/"), button="Restore it"))
    assert "Listening for Brightwater again." in words(back)


@db
def test_editing_keeps_a_zone_and_a_language_that_the_lists_do_not_offer(
    mara: Actor, brand: Client, page: Page
) -> None:
    with tenant(mara.agency_id):
        Client.objects.filter(pk=brand.pk).update(time_zone="EST5EDT", language="ltg")
    browser = page(mara)
    follow(
        browser,
        submit(browser, browser.get(f"/clients/{brand.pk}/edit/"), button="Save", name="Brightwater Riga"),
    )
    with tenant(mara.agency_id):
        assert Client.objects.values_list("name", "time_zone", "language").get() == (
            "Brightwater Riga",
            "EST5EDT",
            "ltg",
        )


@db
def test_a_contact_is_added_changed_and_removed(mara: Actor, brand: Client, page: Page) -> None:
    browser = page(mara)
    added = follow(
        browser,
        submit(
            browser,
            browser.get(f"/clients/{brand.pk}/contacts/add/"),
            button="Add the contact",
            name="Dora",
            email="Dora@Brightwater.example",
        ),
    )
    assert "dora@brightwater.example" in words(added)
    with tenant(mara.agency_id):
        contact = Contact.objects.get()
    edited = follow(
        browser,
        submit(
            browser,
            browser.get(f"/contacts/{contact.pk}/"),
            button="Save",
            parts=["viewer"],
            time_zone="Asia/Tokyo",
        ),
    )
    assert "Viewer" in words(edited)
    removed = follow(
        browser, submit(browser, browser.get(f"/contacts/{contact.pk}/remove/"), button="Remove")
    )
    assert "Dora was removed." in words(removed)
    assert browser.get(f"/contacts/{contact.pk}/").status_code == 404


@db
def test_a_contact_s_address_is_one_and_well_formed(
    mara: Actor, brand: Client, dora: Contact, page: Page
) -> None:
    browser = page(mara)
    shown = browser.get(f"/clients/{brand.pk}/contacts/add/")
    twice = submit(browser, shown, button="Add the contact", name="D.", email="DORA@brightwater.example")
    assert twice.status_code == 422
    assert "is a contact of this client already" in words(twice, ".field__error")
    bad = submit(browser, shown, button="Add the contact", name="D.", email="dora at brightwater")
    assert "That isn't a mail address." in words(bad, ".field__error")


@db
def test_promises_of_a_client_begin_with_the_default_and_become_its_own(
    mara: Actor, brand: Client, page: Page
) -> None:
    browser = page(mara)
    shown = browser.get(f"/clients/{brand.pk}/promises/")
    assert fields(find_form(shown, button="Save"))["normal_respond"] == "8 h"
    after = follow(
        browser, submit(browser, shown, button="Save", urgent_respond="1 h 30 min", warn_at="60 %, 90")
    )
    assert fields(find_form(after, button="Save"))["urgent_respond"] == "1 h 30 min"
    client_page = browser.get(f"/clients/{brand.pk}/")
    assert "1 h 30 min" in words(client_page)
    assert "Promised to this client." in words(client_page)
    with tenant(mara.agency_id):
        own, default = sla_policy_of(brand), sla_policy_of(None)
        assert own is not None
        assert default is not None
        assert own.warn_at == [60, 90]
        assert {t.target for t in own.targets.all() if (t.priority, t.kind) == ("urgent", "respond")} == {
            timedelta(minutes=90)
        }
        assert default.warn_at == [50, 75, 90]


@db
@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("urgent_claim", "soon", "Write it as 15 min, 4 h or 1 d 12 h."),
        ("urgent_claim", "", "Enter how long"),
        ("urgent_claim", "0", "A target is longer than nothing"),
        ("low_respond", "91 d", "at most 90 days"),
        ("warn_at", "90, 50", "rising percentages"),
        ("warn_at", "half", "whole percentages"),
        ("warn_at", "100", "rising percentages"),
    ],
)
def test_promises_that_can_not_be_kept_are_refused_in_words(
    mara: Actor, page: Page, field: str, typed: str, said: str
) -> None:
    browser = page(mara)
    answer = submit(browser, browser.get("/settings/promises/"), button="Save", **{field: typed})
    assert answer.status_code == 422
    assert said in words(answer, ".field__error")
    with tenant(mara.agency_id):
        assert SlaPolicy.objects.get().version == 1


@db
def test_whether_the_client_is_asked_is_a_choice_of_two(mara: Actor, brand: Client, page: Page) -> None:
    browser = page(mara)
    shown = browser.get(f"/clients/{brand.pk}/approval/")
    assert fields(find_form(shown, button="Save"))["asks"] == "client"
    after = follow(browser, submit(browser, shown, button="Save", asks="nobody"))
    assert "Answer without asking the client." in words(after)
    assert submit(browser, shown, button="Save", asks="perhaps").status_code == 422
    with tenant(mara.agency_id):
        assert ApprovalPolicy.objects.get(current=True).asks == "nobody"


@db
def test_a_template_is_written_checked_changed_and_archived(mara: Actor, brand: Client, page: Page) -> None:
    browser = page(mara)
    shown = browser.get(f"/playbook/add/?client={brand.pk}")
    assert fields(find_form(shown, button="Add"))["client"] == str(brand.pk)
    bad = submit(browser, shown, button="Add", name="Late", kind="apology", text="Sorry, {name}!")
    assert bad.status_code == 422
    assert "The slots are {author}, {client}, {me}" in words(bad, ".field__error")
    added = follow(browser, submit(browser, bad, button="Add", text="Sorry, {author}!"))
    assert "Late" in words(added)
    with tenant(mara.agency_id):
        template = Template.objects.get(name="Late")
        assert template.client_id == brand.pk
    changed = follow(
        browser,
        submit(browser, browser.get(f"/playbook/{template.pk}/"), button="Save", text="So sorry, {author}!"),
    )
    assert "So sorry, {author}!" in words(changed)
    gone = follow(
        browser, submit(browser, browser.get(f"/playbook/{template.pk}/archive/"), button="Archive it")
    )
    assert "So sorry" not in words(gone, ".cols")


@db
def test_a_template_can_not_be_written_for_another_agency_s_client(
    cleo: Actor, brand: Client, page: Page
) -> None:
    browser = page(cleo)
    answer = submit(
        browser,
        browser.get("/playbook/add/"),
        button="Add",
        name="x",
        kind="other",
        text="x",
        client=brand.pk,
    )
    assert answer.status_code == 422
    assert "Choose one from the list." in words(answer)


@db
def test_another_agency_s_client_and_people_are_not_there(
    cleo: Actor, brand: Client, dora: Contact, page: Page
) -> None:
    browser = page(cleo)
    parts = ("", "edit/", "archive/", "restore/", "listening/", "promises/", "approval/", "contacts/add/")
    addresses = [f"/clients/{brand.pk}/{part}" for part in parts] + [
        f"/contacts/{dora.pk}/",
        f"/contacts/{dora.pk}/remove/",
    ]
    for url in addresses:
        for answer in (browser.get(url), browser.post(url, {"name": "x"})):
            assert answer.status_code in {404, 405}, url
            assert "Brightwater" not in answer.content.decode()


@db
def test_a_responder_changes_nothing_about_clients(
    ben: Actor, brand: Client, dora: Contact, page: Page
) -> None:
    browser = page(ben)
    for url in (
        "/clients/add/",
        f"/clients/{brand.pk}/edit/",
        f"/contacts/{dora.pk}/",
        "/playbook/add/",
        f"/clients/{brand.pk}/promises/return/",
    ):
        assert browser.get(url).status_code == 403
        assert browser.post(url, {"name": "x"}).status_code == 403


@given(st.integers(min_value=1, max_value=90 * 1440).map(lambda minutes: timedelta(minutes=minutes)))
def test_a_duration_is_read_as_it_is_written(length: timedelta) -> None:
    assert read_duration(write_duration(length)) == length


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("15", 15), ("15 min", 15), ("4h", 240), ("1 d, 12 h", 2160), ("2 hours 5 minutes", 125), ("1D", 1440)],
)
def test_durations_are_understood_as_people_write_them(text: str, minutes: int) -> None:
    assert read_duration(text) == timedelta(minutes=minutes)


@given(st.text(max_size=60))
def test_any_text_is_a_duration_or_none(text: str) -> None:
    assert read_duration(text) is None or isinstance(read_duration(text), timedelta)
