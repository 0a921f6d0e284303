"""What is promised, in versions: by page and by API, by whom, and how one goes back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from agency.actor import Actor
from agency.models import Alarm, AuditEntry, Event, Membership
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from clients.actions.clients import create_client
from clients.actions.policies import return_to_default, set_sla_policy
from clients.models import Calendar, Client, PromiseSpread, SlaPolicy
from clients.queries.clients import match_sla_policies, sla_policy_of
from clients.queries.policies import terms_of
from clients.terms import DEFAULT_TERMS, Within
from clients.words import ClockKind, HoursOf, Priority
from tests.fixtures import Api, Clock
from tests.pages import fields, find_form, follow, submit, tree, words

Page = Callable[[Actor], Browser]
pytestmark = pytest.mark.django_db
URGENT = (Priority.URGENT, ClockKind.RESPOND)
TARGETS = {
    priority: {"claim": 60, "respond": 600, "decide": 300} for priority in ("urgent", "high", "normal", "low")
}


@pytest.fixture
def office(agency: Any, clock: Clock) -> Calendar:
    with tenant(agency.pk):
        calendar = Calendar(name="Riga office", created_at=clock.now)
        calendar.save(force_insert=True)
    return calendar


def _limited(member: Actor, *clients: Client) -> Actor:
    Membership.objects.filter(pk=member.id).update(client_ids=[client.pk for client in clients])
    return actor_of_member(Membership.objects.select_related("user").get(pk=member.id))


# By page ------------------------------------------------------------------------------------------------


def test_each_promise_has_its_own_hours(mara: Actor, brand: Client, office: Calendar, page: Page) -> None:
    browser = page(mara)
    shown = browser.get(f"/clients/{brand.pk}/promises/")
    held = fields(find_form(shown, button="Save"))
    assert (held["urgent_respond_hours"], held["urgent_publish_hours"]) == ("client", "always")
    follow(
        browser,
        submit(
            browser,
            shown,
            button="Save",
            urgent_respond="30 min",
            urgent_respond_hours="always",
            low_claim_hours=str(office.pk),
            late_found_after="2 d",
        ),
    )
    with tenant(mara.agency_id):
        own = sla_policy_of(brand)
        assert own is not None
        terms = terms_of(own)
        assert terms.rows[URGENT].within == Within(HoursOf.ALWAYS)
        assert terms.rows[Priority.LOW, ClockKind.CLAIM].within == Within(HoursOf.CALENDAR, office.pk)
        assert terms.late_found_after == timedelta(days=2)
        entry = AuditEntry.objects.filter(action="sla_policy.changed", client_id=brand.pk).get()
        assert entry.details["low_claim_hours"] == [None, "calendar Riga office"]


def test_a_second_version_is_told_by_what_it_changes(mara: Actor, brand: Client, page: Page) -> None:
    browser = page(mara)
    address = f"/clients/{brand.pk}/promises/"
    follow(browser, submit(browser, browser.get(address), button="Save"))
    after = follow(
        browser,
        submit(
            browser,
            browser.get(address),
            button="Save",
            urgent_respond="30 min",
            urgent_respond_hours="always",
            warn_at="80",
        ),
    )
    told = words(after, "[aria-labelledby=history-h]")
    assert "Version 2 Mara" in told
    assert "Urgent, respond: 1 h → 30 min, now around the clock" in told
    assert "Warnings: 50 %, 75 %, 90 % → 80 %" in told
    with tenant(mara.agency_id):
        entry = AuditEntry.objects.filter(action="sla_policy.changed").latest("at", "id")
        assert entry.details == {
            "client": "Brightwater",
            "warn_at": ["50, 75, 90", "80"],
            "urgent_respond": [3600.0, 1800.0],
            "urgent_respond_hours": ["client", "always"],
        }
        assert Event.objects.filter(type="sla_policy.changed", client_id=brand.pk).count() == 2


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("urgent_publish", "0", "A target is longer than nothing"),
        ("low_decide", "90 d 1 s", "at most 90 days"),
        ("late_found_after", "0", "The window is longer than nothing"),
        ("late_found_after", "", "Enter how long"),
        ("normal_claim_hours", "0195677c-0a54-7000-8d2f-0f3c9a6b1e99", "Choose hours from the list."),
        ("normal_claim_hours", "calendar", "Choose hours from the list."),
        ("warn_at", "50, 50", "rising percentages"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_rest_stays_typed(
    mara: Actor, page: Page, field: str, typed: str, said: str
) -> None:
    browser = page(mara)
    for preview in ({}, {"preview": "1"}):
        sent = {field: typed, "high_claim": "29 min", **preview}
        answer = submit(browser, browser.get("/settings/promises/"), button="Save", **sent)
        assert answer.status_code == 422
        assert said in words(answer, ".field__error")
        assert fields(find_form(answer, button="Save"))["high_claim"] == "29 min"
    with tenant(mara.agency_id):
        assert SlaPolicy.objects.get().version == 1


def test_a_calendar_that_went_meanwhile_is_the_fields_fault(
    mara: Actor, office: Calendar, clock: Clock, page: Page
) -> None:
    browser = page(mara)
    shown = browser.get("/settings/promises/")
    with tenant(mara.agency_id):
        Calendar.objects.update(archived_at=clock.now)
    answer = submit(browser, shown, button="Save", normal_claim_hours=str(office.pk))
    assert "Choose hours from the list." in words(answer, ".field__error")


def test_a_target_of_seconds_is_shown_to_the_second(mara: Actor, page: Page, clock: Clock) -> None:
    with tenant(mara.agency_id):
        set_sla_policy(client=None, targets={URGENT: timedelta(seconds=90)}, by=mara, now=clock.now)
    held = fields(find_form(page(mara).get("/settings/promises/"), button="Save"))
    assert held["urgent_respond"] == "1 min 30 s"


def test_a_client_goes_back_to_the_default_and_may_have_its_own_again(
    mara: Actor, brand: Client, page: Page, clock: Clock
) -> None:
    browser, address = page(mara), f"/clients/{brand.pk}/promises/"
    assert "Go back" not in words(browser.get(address))
    after = follow(browser, submit(browser, browser.get(address), button="Save", urgent_claim="5 min"))
    asked = browser.get(tree(after).css_first("a[href$='/promises/return/']").attributes["href"] or "")
    assert "loses its own promises" in words(asked)
    gone = follow(browser, submit(browser, asked, button="Go back to the default"))
    assert "The agency’s default holds for Brightwater now." in words(gone)
    assert "Back to the agency’s default Mara" in words(gone, "[aria-labelledby=history-h]")
    with tenant(mara.agency_id):
        assert match_sla_policies({brand.pk})[brand.pk].client_id is None
        entry = AuditEntry.objects.get(action="sla_policy.withdrawn")
        assert entry.details == {"client": "Brightwater", "urgent_claim": [300.0, 900.0]}
        assert Event.objects.filter(type="sla_policy.withdrawn", client_id=brand.pk).exists()
    again = submit(browser, browser.get(f"{address}return/"), button="Go back to the default")
    assert again.status_code == 404
    follow(browser, submit(browser, gone, button="Save"))
    with tenant(mara.agency_id):
        own = sla_policy_of(brand)
        assert own is not None
        assert own.version == 2


def test_who_reads_looks_and_who_does_not_manage_changes_nothing(
    ivo: Actor, ben: Actor, brand: Client, page: Page
) -> None:
    for actor in (ivo, ben):
        browser = page(actor)
        for address in ("/settings/promises/", f"/clients/{brand.pk}/promises/"):
            shown = browser.get(address)
            assert "Respond within" in words(shown)
            assert "Around the clock" in words(shown)
            assert not tree(shown).css("main form")
            assert browser.post(address, {"preview": "1"}).status_code == 403
        assert browser.get(f"/clients/{brand.pk}/promises/return/").status_code == 403


def test_who_manages_some_clients_changes_theirs_and_looks_at_the_default(
    mara: Actor, ana: Actor, brand: Client, page: Page, clock: Clock
) -> None:
    with tenant(mara.agency_id):
        other = create_client(name="Acorn", time_zone="UTC", language="en", by=ana, now=clock.now)
    browser = page(_limited(mara, brand))
    follow(browser, submit(browser, browser.get(f"/clients/{brand.pk}/promises/"), button="Save"))
    assert browser.get(f"/clients/{other.pk}/promises/").status_code == 404
    assert browser.post(f"/clients/{other.pk}/promises/return/").status_code == 404
    assert not tree(browser.get("/settings/promises/")).css("main form")
    assert browser.post("/settings/promises/", {}).status_code == 403


# By API -------------------------------------------------------------------------------------------------


def test_hours_are_set_and_what_is_left_out_stays(
    api: Callable[..., Api], mara: Actor, brand: Client, office: Calendar
) -> None:
    key, address = api(mara), f"/api/v1/clients/{brand.pk}/sla-policy/"
    hours = {
        "low": {"claim": {"of": "calendar", "calendar": str(office.pk)}},
        "urgent": {"respond": {"of": "always"}},
    }
    key.replace(address, {"targets": TARGETS, "hours": hours, "late_found_after": 7200})
    kept = key.replace(address, {"targets": TARGETS, "warn_at": []}).json()
    assert kept["hours"]["low"]["claim"] == {
        "of": "calendar",
        "calendar": {"id": str(office.pk), "name": "Riga office"},
    }
    assert kept["hours"]["urgent"]["respond"] == {"of": "always", "calendar": None}
    assert (kept["late_found_after"], kept["warn_at"], kept["version"]) == (7200, [], 2)
    assert kept["targets"]["urgent"] == {"claim": 60, "respond": 600, "decide": 300, "publish": 600}


@pytest.mark.parametrize(
    ("hours", "pointer"),
    [
        ({"low": {"claim": {"of": "calendar"}}}, "/hours/low/claim"),
        ({"low": {"claim": {"of": "calendar", "calendar": "gone"}}}, "/hours/low/claim/calendar"),
        ({"low": {"claim": {"of": "calendar", "calendar": "01956780-0000-7000-8000-000000000000"}}}, "/hours/low/claim"),
        ({"low": {"claim": {"of": "sometimes"}}}, "/hours/low/claim/of"),
        ({"low": {"later": {"of": "always"}}}, "/hours/low/later"),
    ],
)  # fmt: skip
def test_hours_that_cannot_be_are_named_where_they_stand(
    api: Callable[..., Api], mara: Actor, hours: dict[str, Any], pointer: str
) -> None:
    for path in ("", "preview/"):
        key = api(mara)
        send = key.post if path else key.replace
        refused = send(f"/api/v1/sla-policy/{path}", {"targets": TARGETS, "hours": hours})
        assert refused.status_code == 400
        assert pointer in {error["pointer"] for error in refused.json()["errors"]}


def test_another_clients_calendar_or_an_archived_one_is_refused(
    api: Callable[..., Api], mara: Actor, ana: Actor, brand: Client, office: Calendar, clock: Clock
) -> None:
    with tenant(mara.agency_id):
        other = create_client(name="Acorn", time_zone="UTC", language="en", by=ana, now=clock.now)
        theirs = Calendar(name="Acorn’s", client=other, created_at=clock.now)
        theirs.save(force_insert=True)
        Calendar.objects.filter(pk=office.pk).update(archived_at=clock.now)
    key = api(mara)
    for calendar, address in (
        (theirs, f"/api/v1/clients/{brand.pk}/sla-policy/"),
        (theirs, "/api/v1/sla-policy/"),
        (office, f"/api/v1/clients/{brand.pk}/sla-policy/"),
    ):
        hours = {"high": {"decide": {"of": "calendar", "calendar": str(calendar.pk)}}}
        refused = key.replace(address, {"targets": TARGETS, "hours": hours})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/hours/high/decide")


def test_versions_are_listed_and_deleting_goes_back_to_the_default(
    api: Callable[..., Api], mara: Actor, brand: Client, clock: Clock
) -> None:
    key, address = api(mara), f"/api/v1/clients/{brand.pk}/sla-policy/"
    assert key.get(f"{address}versions/").json()["results"] == []
    assert key.remove(address).status_code == 404
    key.replace(address, {"targets": TARGETS})
    clock.advance(minutes=1)
    key.replace(address, {"targets": TARGETS, "warn_at": [80]})
    clock.advance(minutes=1)
    assert key.remove(address).status_code == 204
    assert key.get(address).json()["client"] is None
    listed = key.get(f"{address}versions/?limit=1").json()
    assert [(row["version"], row["withdrawn_by"], row["current"]) for row in listed["results"]] == [
        (2, "Mara's key", False)
    ]
    older = key.get(listed["next"].removeprefix("http://testserver")).json()["results"]
    assert [(row["version"], row["withdrawn_at"]) for row in older] == [(1, None)]
    assert [row["version"] for row in key.get("/api/v1/sla-policy/versions/").json()["results"]] == [1]


def test_a_reader_with_a_key_reads_versions_and_previews_nothing(
    api: Callable[..., Api], ivo: Actor, brand: Client
) -> None:
    key, address = api(ivo), f"/api/v1/clients/{brand.pk}/sla-policy/"
    assert key.get(f"{address}versions/").status_code == 200
    assert key.post(f"{address}preview/", {"targets": TARGETS}).status_code == 403
    assert key.remove(address).status_code == 403


# As actions ---------------------------------------------------------------------------------------------


def test_targets_that_are_not_named_stay_as_they_hold_for_the_client(
    mara: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    set_sla_policy(
        client=None,
        targets={URGENT: timedelta(minutes=7)},
        hours={URGENT: Within(HoursOf.ALWAYS)},
        by=mara,
        now=clock.now,
    )
    own = set_sla_policy(client=brand, targets={}, by=mara, now=clock.now)
    assert terms_of(own).rows[URGENT].target == timedelta(minutes=7)
    assert terms_of(own).rows[URGENT].within == Within(HoursOf.ALWAYS)
    assert len(terms_of(own).rows) == len(DEFAULT_TERMS.rows)


def test_each_change_asks_for_the_clocks_to_be_moved(
    mara: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    assert not PromiseSpread.objects.exists()  # a new agency has no clocks
    for _ in range(2):
        set_sla_policy(client=brand, targets={}, by=mara, now=clock.now)
    return_to_default(brand, by=mara, now=clock.now)
    set_sla_policy(client=None, targets={}, by=mara, now=clock.now)
    asked = PromiseSpread.objects.order_by("client_id").values_list("client_id", "asked")
    assert list(asked) == [(brand.pk, 3), (None, 1)]
    subjects = Alarm.objects.filter(kind="promises.spread").values_list("subject_id", flat=True)
    assert set(subjects) == {brand.pk, brand.agency_id}
