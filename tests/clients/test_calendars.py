"""Calendars over the API and on their pages."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client as Browser

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.errors import Invalid
from agency.models import Alarm, AuditEntry, Event, Membership
from agency.queries.people import actor_of_member
from agency.tenancy import tenant
from clients.actions.calendars import archive_calendar, create_calendar, set_default_calendar
from clients.calendar_hours import CalendarHours
from clients.hours import ALWAYS
from clients.models import Calendar, CalendarVersion, Client
from clients.opening import Opening
from clients.queries.calendars import hours_by_calendar
from tests.fixtures import FRIDAY_EVENING, Api, Clock, _open

OPEN = {"opens": "09:00", "closes": "17:00"}
WEEK = {day: [OPEN] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
OFFICE: dict[str, Any] = {"name": "Office hours", "time_zone": "Europe/Riga", "week": WEEK}
MONDAY = datetime(2026, 3, 9, 7, tzinfo=UTC)  # 09:00 in Riga

Apis = Callable[..., Api]
Pages = Callable[[Actor], Browser]


@pytest.fixture
def office(ana: Actor, clock: Clock) -> Calendar:
    opening = Opening(zone="Europe/Riga", week={day: [("09:00", "17:00")] for day in range(5)})
    with tenant(ana.agency_id):
        return create_calendar(client=None, name="Office hours", opening=opening, by=ana, now=clock.now)


@pytest.fixture
def limited(mara: Actor, brand: Client) -> Actor:
    """Mara, working for Brightwater only."""
    Membership.objects.filter(pk=mara.id).update(client_ids=[brand.pk])
    return actor_of_member(Membership.objects.select_related("user").get(pk=mara.id))


def events(agency_id: Any) -> list[str]:
    with tenant(agency_id):
        return list(
            Event.objects.filter(type__regex="^(calendar|client.hours)").values_list("type", flat=True)
        )


def spread_to(agency_id: Any) -> set[Any]:
    return set(
        Alarm.objects.filter(agency_id=agency_id, kind="promises.spread").values_list("subject_id", flat=True)
    )


# What is said ------------------------------------------------------------------------------------------------


def test_a_calendar_is_made_with_its_public_holidays_written_down(api: Apis, mara: Actor) -> None:
    made = api(mara).post("/api/v1/calendars/", {**OFFICE, "country": "LV"}).json()

    (version,) = made["versions"]
    dates = [day["date"] for day in version["holidays"]]
    assert version["week"]["monday"] == [OPEN]
    assert version["week"]["sunday"] == []
    assert {"2026-12-25", "2025-12-25", "2031-12-25"} <= set(dates)
    assert dates == sorted(dates)
    assert made["version"] == 1
    with tenant(mara.agency_id):
        entry = AuditEntry.objects.get(action="calendar.created")
    assert (entry.details["monday"], entry.details["holidays"]) == ("09:00–17:00", "LV")
    assert events(mara.agency_id) == ["calendar.created"]


@pytest.mark.parametrize(
    ("change", "pointer", "says"),
    [
        ({"time_zone": "Europe/Rigga"}, "/time_zone", "isn't a time zone"),
        ({"week": {"monday": [{"opens": "09:00", "closes": "12:00"}, {"opens": "11:00", "closes": "13:00"}]}}, "/week/monday", "inside another"),
        ({"week": {"sunday": [{"opens": "22:00", "closes": "03:00"}], "monday": [{"opens": "02:00", "closes": "05:00"}]}}, "/week/monday", "inside another"),
        ({"week": {"friday": [{"opens": "09:00", "closes": "09:00"}]}}, "/week/friday", "opens and closes"),
        ({"week": {"friday": [{"opens": "25:00", "closes": "09:00"}]}}, "/week/friday", "isn't a time"),
        ({"week": {}}, "/week", "never be open"),
        ({"week": {}, "exceptions": [{"date": "2026-01-02", "intervals": [OPEN]}]}, "/week", "never be open"),
        ({"week": {}, "exceptions": [{"date": "2029-01-02", "intervals": [OPEN]}]}, "/week", "400 days"),
        ({"exceptions": [{"date": "2026-05-04", "intervals": [{"opens": "9", "closes": "x"}]}]}, "/exceptions", "2026-05-04"),
        ({"exceptions": [{"date": "2026-05-04", "intervals": []}] * 2}, "/exceptions", "twice"),
        ({"country": "XX"}, "/country", "public holidays"),
        ({"country": "DE", "region": "XX"}, "/region", "BY"),
        ({"country": "LV", "region": "BY"}, "/region", "everywhere"),
        ({"region": "BY"}, "/region", "Choose the country"),
        ({"client": "0195677c-0a54-7000-8d2f-0f3c9a6b1e55"}, "/client", "no client"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused_by_its_field(
    api: Apis, mara: Actor, change: dict[str, Any], pointer: str, says: str
) -> None:
    answer = api(mara).post("/api/v1/calendars/", {**OFFICE, **change})

    assert answer.status_code == 400, answer.json()
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert says in error["detail"]


def test_everything_that_is_wrong_is_said_at_once(api: Apis, mara: Actor) -> None:
    bad = [{"opens": "17:00", "closes": "17:00"}]
    body = {
        **OFFICE,
        "week": {"monday": bad, "friday": bad},
        "exceptions": [{"date": "2026-05-04", "intervals": bad}],
    }

    errors = api(mara).post("/api/v1/calendars/", body).json()["errors"]

    assert [error["pointer"] for error in errors] == ["/week/monday", "/week/friday", "/exceptions"]


def test_a_name_is_taken_once(api: Apis, mara: Actor, office: Calendar) -> None:
    caller = api(mara)

    assert (
        caller.post("/api/v1/calendars/", {**OFFICE, "name": "office HOURS"}).json()["errors"][0]["pointer"]
        == "/name"
    )
    renamed = caller.patch(f"/api/v1/calendars/{office.pk}/", {"name": "Desk"}).json()
    assert renamed["name"] == "Desk"


# Versions ----------------------------------------------------------------------------------------------------


def test_a_change_is_a_version_and_the_time_before_it_keeps_the_old_one(
    api: Apis, mara: Actor, office: Calendar, clock: Clock
) -> None:
    clock.now = MONDAY + timedelta(hours=4)
    shorter = {day: [{"opens": "09:00", "closes": "12:00"}] for day in WEEK}

    changed = (
        api(mara).post(f"/api/v1/calendars/{office.pk}/versions/", {**OFFICE_BODY, "week": shorter}).json()
    )

    with tenant(mara.agency_id):
        hours = hours_by_calendar([office.pk])[office.pk]
        told = AuditEntry.objects.get(action="calendar.changed").details
    assert changed["version"] == 2
    assert hours.between(MONDAY, MONDAY + timedelta(hours=10)) == timedelta(hours=4)  # until it was changed
    assert hours.between(MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)) == timedelta(hours=3)
    assert told["monday"] == ["09:00–17:00", "09:00–12:00"]
    assert spread_to(mara.agency_id) == {mara.agency_id}
    assert "calendar.changed" in events(mara.agency_id)


OFFICE_BODY = {"time_zone": "Europe/Riga", "week": WEEK}


def test_a_planned_version_takes_effect_by_itself_and_can_be_replaced_or_taken_back(
    api: Apis, mara: Actor, office: Calendar, clock: Clock
) -> None:
    caller, path = api(mara), f"/api/v1/calendars/{office.pk}/versions/"
    plan = {**OFFICE_BODY, "week": {"monday": [OPEN]}, "effective_from": "2026-04-01T00:00:00+03:00"}
    caller.post(path, plan)
    caller.post(path, {**plan, "week": {"tuesday": [OPEN]}})

    found = caller.get(f"/api/v1/calendars/{office.pk}/").json()
    assert [(v["version"], v["week"]["tuesday"]) for v in found["versions"]] == [(1, [OPEN]), (3, [OPEN])]
    assert found["version"] == 1

    clock.now = datetime(2026, 4, 2, tzinfo=UTC)
    assert caller.get(f"/api/v1/calendars/{office.pk}/").json()["version"] == 3
    gone = f"/api/v1/calendar-versions/{found['versions'][1]['id']}/"
    assert caller.delete(gone).status_code == 409
    clock.now = datetime(2026, 3, 20, tzinfo=UTC)
    assert caller.delete(gone).status_code == 204
    assert caller.delete(gone).status_code == 404


@pytest.mark.parametrize(
    "moment", ["2026-03-06T17:03:59Z", "2031-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_change_of_the_past_or_of_far_away_is_refused(
    api: Apis, mara: Actor, office: Calendar, moment: str
) -> None:
    answer = api(mara).post(
        f"/api/v1/calendars/{office.pk}/versions/", {**OFFICE_BODY, "effective_from": moment}
    )

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/effective_from"]


def test_saying_the_same_again_changes_nothing(
    api: Apis, mara: Actor, office: Calendar, clock: Clock
) -> None:
    clock.advance(hours=1)

    assert (
        len(api(mara).post(f"/api/v1/calendars/{office.pk}/versions/", OFFICE_BODY).json()["versions"]) == 1
    )
    assert spread_to(mara.agency_id) == set()


# Counting ----------------------------------------------------------------------------------------------------


def test_open_and_due_are_answered_as_the_clocks_count(api: Apis, ivo: Actor, office: Calendar) -> None:
    caller, path = api(ivo), f"/api/v1/calendars/{office.pk}"

    assert caller.get(f"{path}/open/").json() == {
        "at": "2026-03-06T17:04:00Z", "open": False, "changes_at": "2026-03-09T07:00:00Z"
    }  # fmt: skip
    assert caller.get(f"{path}/open/?at=2026-03-09T07:00:00Z").json()["changes_at"] == "2026-03-09T15:00:00Z"
    due = caller.get(f"{path}/due/?from=2026-03-06T14:00:00Z&seconds=14400").json()
    assert due["due_at"] == "2026-03-09T10:00:00Z"
    assert caller.get(f"{path}/open/?at=9999-12-31T23:59:59-23:59").status_code == 400
    assert caller.get(f"{path}/due/?seconds=99999999999").status_code == 400


def test_hours_are_read_once_and_kept_as_long_as_the_versions_are_the_same(
    office: Calendar, ana: Actor, cleo: Actor, django_assert_num_queries: Any
) -> None:
    with tenant(ana.agency_id):
        first = hours_by_calendar([office.pk, None])
        with django_assert_num_queries(1):
            again = hours_by_calendar([office.pk])
        with django_assert_num_queries(0):
            assert hours_by_calendar([None])[None] is ALWAYS
    assert isinstance(first[office.pk], CalendarHours)
    assert first[office.pk] is again[office.pk]
    with tenant(cleo.agency_id):
        assert hours_by_calendar([office.pk])[office.pk] is ALWAYS  # theirs isn't found, cached or not


# Whose hours -------------------------------------------------------------------------------------------------


def test_the_agencys_hours_are_set_and_taken_back(api: Apis, mara: Actor, office: Calendar) -> None:
    caller = api(mara)

    assert (
        caller.put("/api/v1/default-calendar/", {"calendar": str(office.pk)}).json()["calendar"]["name"]
        == "Office hours"
    )
    assert caller.get(f"/api/v1/calendars/{office.pk}/").json()["is_default"]
    assert caller.put("/api/v1/default-calendar/", {"calendar": None}).json() == {"calendar": None}
    assert spread_to(mara.agency_id) == {mara.agency_id}
    assert events(mara.agency_id)[-2:] == ["calendar.made_default", "calendar.default_taken_back"]


def test_a_client_gets_hours_and_cover(api: Apis, mara: Actor, brand: Client, office: Calendar) -> None:
    caller, path = api(mara), f"/api/v1/clients/{brand.pk}/hours/"

    assert caller.get(path).json() == {"calendar": None, "runs_by": None, "cover": "none"}
    told = caller.put(path, {"calendar": str(office.pk), "cover": "on_call"}).json()

    assert (told["runs_by"]["name"], told["cover"]) == ("Office hours", "on_call")
    assert spread_to(mara.agency_id) == {brand.pk}
    with tenant(mara.agency_id):
        details = AuditEntry.objects.get(action="client.hours_changed").details
    assert details == {"calendar": [None, "Office hours"], "cover": ["none", "on_call"]}
    assert "client.hours_changed" in events(mara.agency_id)


def test_a_calendar_in_use_can_not_be_archived_and_the_answer_says_what_uses_it(
    api: Apis, mara: Actor, brand: Client, office: Calendar
) -> None:
    caller, path = api(mara), f"/api/v1/calendars/{office.pk}/archive/"
    caller.put(f"/api/v1/clients/{brand.pk}/hours/", {"calendar": str(office.pk), "cover": "none"})

    refused = caller.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "calendar_in_use")
    assert "Brightwater" in refused.json()["detail"]
    caller.put(f"/api/v1/clients/{brand.pk}/hours/", {"calendar": None, "cover": "none"})
    assert caller.post(path).json()["archived_at"]
    again = caller.put(f"/api/v1/clients/{brand.pk}/hours/", {"calendar": str(office.pk), "cover": "none"})
    assert again.json()["errors"][0]["pointer"] == "/calendar"


def test_who_works_for_some_clients_manages_their_own_calendars_only(
    api: Apis, limited: Actor, brand: Client, office: Calendar
) -> None:
    caller = api(limited)

    assert caller.post("/api/v1/calendars/", OFFICE).status_code == 403
    assert caller.post(f"/api/v1/calendars/{office.pk}/archive/").status_code == 403
    assert caller.put("/api/v1/default-calendar/", {"calendar": str(office.pk)}).status_code == 403
    own = caller.post("/api/v1/calendars/", {**OFFICE, "client": str(brand.pk)})
    assert own.status_code == 201
    told = caller.put(f"/api/v1/clients/{brand.pk}/hours/", {"calendar": own.json()["id"], "cover": "always"})
    assert told.json()["calendar"]["id"] == own.json()["id"]


def test_readers_look_and_change_nothing(api: Apis, ivo: Actor, page: Pages, office: Calendar) -> None:
    assert api(ivo).post("/api/v1/calendars/", OFFICE).status_code == 403
    shown = page(ivo).get(f"/calendars/{office.pk}/").content.decode()
    assert "Closed now, opens Monday 09:00" in shown
    assert f"/calendars/{office.pk}/change/" not in shown


# Holidays that come nearer ----------------------------------------------------------------------------------


def test_each_year_further_holidays_are_written_into_a_new_version(
    api: Apis, mara: Actor, clock: Clock, ana: Actor
) -> None:
    made = api(mara).post("/api/v1/calendars/", {**OFFICE, "country": "LV"}).json()
    clock.now = datetime(2027, 2, 1, tzinfo=UTC)

    sweep(now=clock.now)

    first, second = api(mara).get(f"/api/v1/calendars/{made['id']}/").json()["versions"]
    assert first == made["versions"][0]
    assert (second["effective_from"], second["created_by"]) == ("2027-02-01T00:00:00Z", "Earshot")
    assert second["holidays"][-1]["date"].startswith("2032")
    assert (second["week"], second["country"]) == (first["week"], "LV")
    sweep(now=clock.advance(days=31))
    with tenant(ana.agency_id):
        assert CalendarVersion.objects.count() == 2
        assert Alarm.objects.filter(kind="calendar.upkeep").count() == 1


# Pages -------------------------------------------------------------------------------------------------------

FORM = {
    "name": "Shop",
    "client": "",
    "zone": "Europe/Riga",
    "monday": "9-12, 13:00–17:00",
    "friday": "22:00-06:00",
    "saturday": "closed",
    "country": "DE",
    "region": "BY",
    "exceptions": "2026-12-24 09:00–12:00 Christmas Eve\n2026-12-31 closed",
}


def test_a_manager_enters_a_calendar_by_hand_and_sees_it_drawn(page: Pages, mara: Actor) -> None:
    browser = page(mara)

    answer = browser.post("/calendars/add/", FORM)

    assert answer.status_code == 303, answer.content.decode()
    shown = browser.get(answer.url).content.decode()
    for words in ("09:00–12:00, 13:00–17:00", "22:00–06:00", "Germany, Bayern", "Christmas Eve", "Epiphany"):
        assert words in shown
    assert 'class="week__open week__open--tail" x="0%" y="0" width="25%"' in shown
    listed = browser.get("/calendars/").content.decode()
    assert "Mon 09:00–12:00, 13:00–17:00; Fri 22:00–06:00" in listed


def test_nothing_typed_is_lost_on_an_error_and_each_field_says_what_is_wrong(
    page: Pages, mara: Actor
) -> None:
    wrong = {**FORM, "monday": "9 to five", "exceptions": "2026-02-30 closed\n2026-12-31 perhaps"}

    answer = page(mara).post("/calendars/add/", wrong)

    shown = answer.content.decode()
    assert answer.status_code == 422
    for words in (
        "9 to five",
        "There is no 2026-02-30",
        "Line 2",
        "22:00-06:00",
        "Bayern",
    ):
        assert words in shown
    overlap = page(mara).post("/calendars/add/", {**FORM, "saturday": "05:00-09:00"})
    assert "Saturday has an interval that opens inside another one." in overlap.content.decode()


def test_choosing_a_country_offers_its_regions(page: Pages, mara: Actor, office: Calendar) -> None:
    browser = page(mara)

    assert 'hx-select="#region-field"' in browser.get("/calendars/add/").content.decode()
    assert "Bayern" in browser.get("/calendars/add/?country=DE").content.decode()
    assert "Bayern" in browser.get(f"/calendars/{office.pk}/change/?country=DE").content.decode()
    assert "Bayern" not in browser.get(f"/calendars/{office.pk}/change/").content.decode()


def test_a_change_can_be_planned_for_a_day_and_taken_back_on_its_page(
    page: Pages, mara: Actor, office: Calendar
) -> None:
    browser, form = page(mara), {k: v for k, v in FORM.items() if k not in {"name", "client"}}

    answer = browser.post(f"/calendars/{office.pk}/change/", {**form, "effective_from": "2026-04-01"})

    assert answer.status_code == 303, answer.content.decode()
    with tenant(mara.agency_id):
        version = CalendarVersion.objects.get(calendar=office, version=2)
    assert version.effective_from == datetime(2026, 3, 31, 21, tzinfo=UTC)  # midnight in Riga
    shown = browser.get(f"/calendars/{office.pk}/").content.decode()
    assert "planned" in shown
    assert f"/calendar-versions/{version.pk}/withdraw/" in shown
    browser.post(f"/calendar-versions/{version.pk}/withdraw/")
    assert f"/calendar-versions/{version.pk}/" not in browser.get(f"/calendars/{office.pk}/").content.decode()


@pytest.mark.parametrize(("day", "zone"), [("0001-01-01", "Europe/Riga"), ("9999-12-31", "America/New_York")])
def test_a_day_that_no_calendar_reaches_is_the_fields_fault(
    page: Pages, mara: Actor, office: Calendar, day: str, zone: str
) -> None:
    form = {**{k: v for k, v in FORM.items() if k not in {"name", "client"}}, "zone": zone}
    answer = page(mara).post(f"/calendars/{office.pk}/change/", {**form, "effective_from": day})
    assert answer.status_code == 422
    assert "Choose a moment" in answer.content.decode()


def test_two_that_set_the_agencys_hours_at_once_wait_for_each_other(committed: None) -> None:
    _, ana = _open("Northlight", "ana@northlight.example", "Ana", FRIDAY_EVENING)
    opening = Opening(zone="UTC", week={day: [("09:00", "17:00")] for day in range(7)})
    with tenant(ana.agency_id):
        made = [
            create_calendar(client=None, name=name, opening=opening, by=ana, now=FRIDAY_EVENING)
            for name in ("Riga", "Oslo")
        ]
    begun = Barrier(2)

    def choose(calendar: Calendar) -> None:
        try:
            with tenant(ana.agency_id):
                begun.wait(10)
                set_default_calendar(calendar, by=ana, now=FRIDAY_EVENING)
                time.sleep(0.1)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(choose, made))
    with tenant(ana.agency_id):
        assert Calendar.objects.filter(is_default=True).count() == 1
        archived = made[0] if Calendar.objects.get(pk=made[1].pk).is_default else made[1]
        archive_calendar(archived, by=ana, now=FRIDAY_EVENING)
        with pytest.raises(Invalid):
            set_default_calendar(archived, by=ana, now=FRIDAY_EVENING)  # as it was read before


def test_the_agencys_hours_and_a_clients_are_set_on_their_pages(
    page: Pages, mara: Actor, brand: Client, office: Calendar
) -> None:
    browser = page(mara)

    browser.post(f"/calendars/{office.pk}/default/")
    assert "Agency’s hours" in browser.get("/calendars/").content.decode()
    browser.post(f"/clients/{brand.pk}/hours/", {"calendar": str(office.pk), "cover": "on_call"})
    shown = browser.get(f"/clients/{brand.pk}/").content.decode()
    assert "On call: urgent mentions run around the clock" in shown
    assert "Mon–Fri 09:00–17:00" in shown
    refused = browser.post(f"/calendars/{office.pk}/archive/")
    assert refused.status_code == 409
    assert "Brightwater" in refused.content.decode()
