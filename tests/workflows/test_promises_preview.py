"""A preview says exactly what saving at the same moment does, and changes nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.errors import Forbidden, Invalid, NotFound
from agency.models import Alarm, AuditEntry, Event
from agency.tenancy import tenant
from clients.actions.calendars import change_calendar, create_calendar, set_default_calendar
from clients.actions.client_hours import set_client_hours
from clients.actions.clients import create_client
from clients.actions.policies import return_to_default, set_sla_policy
from clients.models import Calendar, CalendarVersion, Client, PromiseSpread, SlaPolicy
from clients.opening import Opening
from clients.terms import PROMISED, Key, Within
from clients.words import ClockKind, Cover, HoursOf, Priority
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import commit_checks, make_mention
from tests.pages import fields, find_form, submit, tree, words
from workflows.actions.moves import claim_mention, dismiss_mention, set_priority
from workflows.actions.promise_preview import predict, summed, what_it_changes
from workflows.actions.promises import spread_promises
from workflows.actions.requests import note_delivery, request_approval
from workflows.actions.responses import draft_reply
from workflows.models import Clock as ClockRow

MINUTE = timedelta(minutes=1)
CLAIM: Key = (Priority.NORMAL, ClockKind.CLAIM)
RESPOND: Key = (Priority.NORMAL, ClockKind.RESPOND)
OFFICE = Opening(zone="Europe/Riga", week={day: [("09:00", "17:00")] for day in range(5)})
NIGHT = Opening(zone="America/New_York", week={day: [("20:00", "06:00")] for day in range(7)})


# The property -------------------------------------------------------------------------------------------


@dataclass
class Desk:
    """Two clients, three calendars, and clocks in every state."""

    by: Actor
    brand: Client
    other: Client
    calendars: list[Calendar]
    now: datetime


@pytest.fixture
def desk(ana: Actor, ben: Actor, brand: Client, dora: Any, clock: Clock, inside: None) -> Desk:
    """At first everything runs around the clock; mentions of the last nine hours, some of them worked on."""
    other = create_client(name="Acorn", time_zone="UTC", language="en", by=ana, now=clock.now)
    made = [
        create_calendar(client=client, name=name, opening=opening, by=ana, now=clock.now)
        for client, name, opening in (
            (None, "Office", OFFICE),
            (None, "Night", NIGHT),
            (brand, "Own", OFFICE),
        )
    ]
    set_sla_policy(client=other, targets={CLAIM: 200 * MINUTE}, by=ana, now=clock.now)
    for index in range(10):
        client = other if index % 3 == 2 else brand
        posted = timedelta(days=2) if index == 4 else 20 * MINUTE
        mention = make_mention(client, now=clock.advance(minutes=41), posted=posted, author=f"Author {index}")
        _work(mention, index, ben, clock)
        if index == 6:
            sweep(now=clock.now)  # what is late by now is told; the rest of it isn't
    return Desk(ana, brand, other, made, clock.advance(minutes=30))


def _work(mention: Mention, index: int, ben: Actor, clock: Clock) -> None:
    if index in {1, 5, 8}:
        set_priority(
            mention.pk, priority=("urgent", "low", "high")[index % 3], by=ben, seen=None, now=clock.now
        )
    if index in {0, 3}:
        claim_mention(mention.pk, by=ben, seen=None, now=clock.advance(minutes=3))
    if index == 3:
        draft_reply(mention.pk, text="We're sorry.", by=ben, seen=None, now=clock.now)
        approval = request_approval(mention.pk, by=ben, seen=None, now=clock.advance(minutes=2))
        note_delivery(approval.pk, now=clock.now)
    if index == 7:
        dismiss_mention(mention.pk, reason="spam", by=ben, seen=None, now=clock.now)


keys = st.sampled_from([(priority, kind) for priority in Priority for kind in PROMISED])
times = st.one_of(
    st.integers(1, 6 * 3600).map(lambda seconds: timedelta(seconds=seconds)),
    st.sampled_from([MINUTE, 120 * MINUTE, 480 * MINUTE, timedelta(days=90)]),
)
Change = Callable[[Desk, datetime], Any]


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, Any]:
    """(what is changed, with what)."""
    what = draw(st.sampled_from(["policy", "policy", "policy", "return", "hours", "default", "calendar"]))
    if what == "policy":
        calendar = st.integers(0, 1)
        within = st.one_of(st.sampled_from(["client", "agency", "always"]), calendar)
        return what, (
            draw(st.sampled_from(["brand", "other", None])),
            draw(st.dictionaries(keys, times, max_size=5)),
            draw(st.dictionaries(keys, within, max_size=6)),
        )
    if what == "hours":
        return what, (draw(st.sampled_from([None, 0, 1, 2])), draw(st.sampled_from(Cover)))
    if what == "calendar":
        opens = draw(st.integers(0, 22))
        week = {
            day: [(f"{opens:02}:00", f"{opens + 1:02}:30")]
            for day in draw(st.sets(st.integers(0, 6), min_size=1))
        }
        ahead = draw(st.one_of(st.none(), st.integers(1, 72)))
        return what, (draw(st.integers(0, 2)), week, ahead)
    return what, draw(st.sampled_from([None, 0, 1]))


def _do(desk: Desk, change: tuple[str, Any], now: datetime) -> None:
    what, how = change
    if what == "policy":
        whose, targets, hours = how
        client = {"brand": desk.brand, "other": desk.other, None: None}[whose]
        within = {
            key: Within(HoursOf.CALENDAR, desk.calendars[w].pk) if isinstance(w, int) else Within(HoursOf(w))
            for key, w in hours.items()
        }
        set_sla_policy(client=client, targets=targets, hours=within, by=desk.by, now=now)
    elif what == "return":
        return_to_default(desk.other, by=desk.by, now=now)
    elif what == "hours":
        calendar, cover = how
        chosen = None if calendar is None else desk.calendars[calendar]
        set_client_hours(desk.brand, calendar=chosen, cover=cover, by=desk.by, now=now)
    elif what == "default":
        set_default_calendar(None if how is None else desk.calendars[how], by=desk.by, now=now)
    else:
        calendar, week, ahead = how
        since = None if ahead is None else now + timedelta(hours=ahead)
        opening = Opening(zone="Europe/Riga", week=week)
        change_calendar(desk.calendars[calendar], opening=opening, effective_from=since, by=desk.by, now=now)


def _concerned(desk: Desk, change: tuple[str, Any]) -> Client | None:
    what, how = change
    if what == "policy":
        return {"brand": desk.brand, "other": desk.other, None: None}[how[0]]
    if what == "calendar":
        return desk.calendars[how[0]].client
    return {"return": desk.other, "hours": desk.brand, "default": None}[what]


def _save(desk: Desk, change: tuple[str, Any], now: datetime) -> None:
    """Save, and move every clock, all at `now`."""
    _do(desk, change, now)
    for client_id in PromiseSpread.objects.filter(finished_at=None).values_list("client_id", flat=True):
        while spread_promises([client_id or desk.by.agency_id], now).popitem()[1] == now:
            pass


def _clocks() -> dict[Any, Any]:
    return {row.pk: row for row in ClockRow.objects.filter(stopped_at=None)}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(changes(), max_size=2), change=changes(), later=st.integers(0, 900))
def test_saving_does_what_the_preview_said(
    desk: Desk, first: list[tuple[str, Any]], change: tuple[str, Any], later: int
) -> None:
    now = desk.now + timedelta(minutes=later)
    with transaction.atomic():
        for before in first:
            if before[0] != "return":
                _save(desk, before, desk.now)
        known = _clocks()
        scope = _concerned(desk, change)
        found = predict(lambda: _do(desk, change, now), client=scope, now=now)
        shown = summed(found)
        assert {pk: row.due_at for pk, row in _clocks().items()} == {
            pk: row.due_at for pk, row in known.items()
        }
        _save(desk, change, now)
        commit_checks()
        after = _clocks()
        transaction.set_rollback(True)
    said = {p.clock_id: p for p in found.predicted}
    for pk, row in after.items():
        expected = said[pk].due_after if pk in said else known[pk].due_at
        assert row.due_at == expected, (pk, row.kind)
        if pk in said:
            state = said[pk].after
            assert (row.target, row.inherited, row.grace) == (state.target, state.inherited, state.grace)
            assert (row.breached_at, row.used) == (state.breached_at, state.used)
    moved = Counter(
        "sooner" if row.due_at < known[pk].due_at else "later"
        for pk, row in after.items()
        if row.due_at != known[pk].due_at and row.due_at and known[pk].due_at
    )
    assert (shown.sooner, shown.later) == (moved["sooner"], moved["later"])
    assert shown.breached == 0
    assert shown.changed == shown.sooner + shown.later + shown.waiting == len(said)


# What is shown --------------------------------------------------------------------------------------------


def _look(by: Actor, brand: Client | None, now: datetime, **targets: timedelta) -> Any:
    named = {CLAIM: targets["claim"]} if "claim" in targets else {}
    return what_it_changes(
        lambda: set_sla_policy(client=brand, targets=named, by=by, now=now), client=brand, by=by, now=now
    )


def test_sooner_later_used_up_and_saved_are_counted(
    ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    for _ in range(3):
        make_mention(brand, now=clock.now)
        clock.advance(minutes=30)
    tight = _look(ana, brand, clock.now, claim=45 * MINUTE)
    assert (tight.clocks, tight.changed, tight.sooner, tight.inherited, tight.breached) == (6, 3, 3, 2, 0)
    assert [effect.due_after for effect in tight.worst] == [clock.now + 5 * MINUTE] * 2 + [
        clock.now + 15 * MINUTE
    ]
    assert [effect.inherited for effect in tight.worst] == [True, True, False]
    assert tight.worst[0].client == "Brightwater"
    assert tight.worst[0].mention.startswith("Brightwater was closed")
    loose = _look(ana, brand, clock.now, claim=300 * MINUTE)
    assert (loose.changed, loose.later, loose.worst) == (3, 3, ())
    set_sla_policy(client=brand, targets={CLAIM: 45 * MINUTE}, by=ana, now=clock.now)
    sweep(now=clock.now)
    saved = _look(ana, brand, clock.now, claim=300 * MINUTE)
    assert (saved.saved, saved.inherited, saved.later) == (2, 0, 3)


def test_what_is_late_already_is_counted_apart(ana: Actor, brand: Client, clock: Clock, inside: None) -> None:
    make_mention(brand, now=clock.now)
    sweep(now=clock.advance(minutes=121))
    shown = _look(ana, brand, clock.now, claim=300 * MINUTE)
    assert (shown.late, shown.changed, shown.saved, shown.breached) == (1, 0, 0, 0)


def test_nothing_is_left_of_a_preview(ana: Actor, brand: Client, clock: Clock, inside: None) -> None:
    make_mention(brand, now=clock.now)
    tables = (SlaPolicy, CalendarVersion, AuditEntry, Event, Alarm, PromiseSpread, ClockRow)
    before = [table.objects.count() for table in tables]
    _look(ana, brand, clock.now, claim=MINUTE)
    assert [table.objects.count() for table in tables] == before
    assert SlaPolicy.objects.get(current=True).client_id is None


def test_it_asks_as_often_however_many_clocks_run(
    ana: Actor, brand: Client, clock: Clock, inside: None, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        make_mention(brand, now=clock.now)
    with django_assert_max_num_queries(32):
        _look(ana, brand, clock.now, claim=MINUTE)
    assert connection.in_atomic_block


def test_who_may_not_change_may_not_preview(
    ivo: Actor, cleo: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    with pytest.raises(Forbidden):
        _look(ivo, brand, clock.now, claim=MINUTE)
    limited = Actor(
        kind=ivo.kind,
        agency_id=ivo.agency_id,
        id=ivo.id,
        name="Lena",
        rights=frozenset(),
        clients=frozenset(),
    )
    with pytest.raises(NotFound):
        _look(limited, brand, clock.now, claim=MINUTE)
    with pytest.raises(Forbidden):
        _look(limited, None, clock.now, claim=MINUTE)


def test_what_saving_refuses_the_preview_refuses(
    ana: Actor, brand: Client, clock: Clock, inside: None
) -> None:
    with pytest.raises(Invalid):
        _look(ana, brand, clock.now, claim=timedelta(0))
    assert SlaPolicy.objects.count() == 1


# By page and API ------------------------------------------------------------------------------------------


def test_the_form_shows_what_changes_and_then_saves(
    mara: Actor, brand: Client, mention: Mention, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    browser, address = page(mara), f"/clients/{brand.pk}/promises/"
    clock.advance(minutes=60)
    shown = submit(browser, browser.get(address), button="Save", normal_claim="30 min", preview="1")
    assert shown.status_code == 200
    said = words(shown, "#effects")
    for part in ("1 of 2 open clocks changes", "Due sooner 1", "Used up 1", "Broken by it 0", "used up"):
        assert part in said
    link = tree(shown).css_first("#effects a")
    assert link.attributes["href"] == f"/mentions/{mention.pk}/"
    assert fields(find_form(shown, button="Save"))["normal_claim"] == "30 min"
    with tenant(brand.agency_id):
        assert not SlaPolicy.objects.filter(client=brand).exists()
    assert submit(browser, shown, button="Save").status_code == 303
    with tenant(brand.agency_id):
        assert SlaPolicy.objects.filter(client=brand).exists()


def test_a_change_that_moves_nothing_says_so(
    mara: Actor, mention: Mention, page: Callable[[Actor], Browser]
) -> None:
    browser = page(mara)
    shown = submit(
        browser, browser.get("/settings/promises/"), button="Save", urgent_claim="1 min", preview="1"
    )
    assert "Nothing: all 2 clocks that run keep their times." in words(shown, "#effects")


def test_going_back_to_the_default_shows_what_changes(
    mara: Actor, brand: Client, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    with tenant(brand.agency_id):
        set_sla_policy(client=brand, targets={CLAIM: MINUTE}, by=mara, now=clock.now)
        make_mention(brand, now=clock.now)
    browser = page(mara)
    asked = browser.get(f"/clients/{brand.pk}/promises/return/")
    shown = submit(browser, asked, button="Go back", preview="1")
    assert "Due later 1" in words(shown, "#effects")
    with tenant(brand.agency_id):
        assert SlaPolicy.objects.get(client=brand).current


def test_the_api_previews_policies_and_the_way_back(
    api: Callable[..., Api], mara: Actor, brand: Client, mention: Mention, clock: Clock
) -> None:
    key, address = api(mara), f"/api/v1/clients/{brand.pk}/sla-policy/"
    row = {"claim": 60, "respond": 28800, "decide": 300}
    body = {"targets": dict.fromkeys(("urgent", "high", "normal", "low"), row)}
    seen = key.post(f"{address}preview/", body).json()
    assert (seen["clocks"], seen["sooner"], seen["worst"][0]["mention"]) == (2, 1, str(mention.pk))
    assert seen["worst"][0]["due_at"] == "2026-03-06T17:05:00Z"
    assert key.post(f"{address}preview-default/").status_code == 404
    assert key.get(address).json()["client"] is None
    key.replace(address, body)
    sweep(now=clock.now)
    back = key.post(f"{address}preview-default/").json()
    assert (back["later"], back["sooner"], back["worst"]) == (1, 0, [])
    assert key.post("/api/v1/sla-policy/preview/", body).json()["changed"] == 0
