"""The ledger under real calendars: whose hours hold when, across versions and changes of mind, and how it is drawn."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from agency.actor import Actor
from agency.models import Membership
from agency.tenancy import tenant
from clients.hours import ALWAYS, KnownHours, weekly
from clients.models import Calendar, CalendarVersion, Client, Contact
from mentions.models import Mention
from tests import story
from tests.fixtures import Clock as Held
from tests.pages import tree, words
from workflows.ledger import Owner, Spell, Step, changing, ledger, sentence
from workflows.models import Approval, Clock, ClockEvent
from workflows.queries.ledgers import ledger_of, ledgers_of
from workflows.web.timescale import scale_of, spread

ZERO = timedelta(0)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)
YEAR = date(2026, 1, 1), date(2027, 1, 1)
RIGA = weekly("Europe/Riga", {day: [("09:00", "17:00")] for day in range(5)}, *YEAR)
NIGHTS = weekly("America/New_York", {day: [("20:00", "04:00")] for day in range(7)}, *YEAR)
LORD_HOWE = weekly("Australia/Lord_Howe", {day: [("00:00", "02:15")] for day in range(7)}, *YEAR)

Page = Callable[[Actor], Browser]

hours = st.sampled_from([ALWAYS, RIGA, NIGHTS, LORD_HOWE])
moments = st.timedeltas(-timedelta(days=20), timedelta(days=20)).map(lambda much: NOON + much)
spells = st.lists(st.builds(Spell, moments, hours), min_size=1, max_size=6)


def open_between(said: Sequence[Spell], start: datetime, end: datetime) -> timedelta:
    """The open time by the hours that held at each moment: an oracle that goes spell by spell."""
    since = [
        datetime.min.replace(tzinfo=UTC),
        *(spell.since for spell in said[1:]),
        datetime.max.replace(tzinfo=UTC),
    ]
    for n in range(1, len(since)):
        since[n] = max(since[n], since[n - 1])
    found = ZERO
    for spell, (begin, finish) in zip(said, pairwise(since), strict=True):
        left, right = max(begin, start), min(finish, end)
        if left < right:
            found += spell.hours.between(left, right)
    return found


@given(spells, moments, st.timedeltas(ZERO, timedelta(days=30)))
def test_time_that_has_passed_keeps_the_hours_that_it_ran_under(
    said: list[Spell], start: datetime, length: timedelta
) -> None:
    # The first spell holds before it was said, too; one that claims to be earlier than the last begins with it.
    parts = list(changing(said).slices(start, start + length))

    assert sum((end - begin for begin, end, _ in parts), ZERO) == length
    assert all(left[1] == right[0] for left, right in pairwise(parts))
    ordered = [Spell(max(s.since for s in said[: n + 1]), spell.hours) for n, spell in enumerate(said)]
    open_time = sum((end - begin for begin, end, is_open in parts if is_open), ZERO)
    assert open_time == open_between(ordered, start, start + length)


@given(
    spells,
    spells,
    st.lists(
        st.tuples(
            st.timedeltas(ZERO, timedelta(days=4)),
            st.sampled_from(["claimed", "awaiting_client", "approved", "responded", "new"]),
        ),
        max_size=8,
    ),
    st.timedeltas(ZERO, timedelta(days=3)),
)
def test_the_parts_add_up_however_often_the_hours_change(
    agency: list[Spell], client: list[Spell], moves: list[tuple[timedelta, str]], rest: timedelta
) -> None:
    at, steps = NOON, []
    for wait, state in moves:
        at += wait
        steps.append(Step(at, state))
    found = ledger(
        published_at=NOON - HOUR,
        recorded_at=NOON,
        steps=steps,
        answered_at=None,
        agency_hours=changing(agency),
        client_hours=changing(client),
        now=at + rest,
    )

    assert sum(found.totals.values(), ZERO) == found.whole
    assert all(
        left.end == right.start and left.owner != right.owner for left, right in pairwise(found.slices)
    )
    assert (found.resolved_at is None) == (not steps or steps[-1].state != "responded")
    if found.total_resolution is not None:
        assert found.first_resolution is not None
        assert found.total_resolution >= found.first_resolution


def test_both_the_first_and_the_total_resolution_are_kept() -> None:
    steps = [
        Step(NOON + HOUR, "responded"),
        Step(NOON + 5 * HOUR, "claimed"),
        Step(NOON + 6 * HOUR, "dismissed"),
    ]

    def told(*some: Step) -> Any:
        return ledger(
            published_at=NOON,
            recorded_at=NOON,
            steps=some,
            answered_at=NOON + HOUR if some else None,
            agency_hours=ALWAYS,
            client_hours=ALWAYS,
            now=NOON + 9 * HOUR,
        )

    assert (told().first_resolution, told().total_resolution) == (None, None)
    assert (told(*steps[:1]).first_resolution, told(*steps[:1]).total_resolution) == (HOUR, HOUR)
    assert (told(*steps[:2]).first_resolution, told(*steps[:2]).total_resolution) == (HOUR, None)
    assert (told(*steps).first_resolution, told(*steps).total_resolution) == (HOUR, 6 * HOUR)


# Of stored mentions -----------------------------------------------------------------------------------


@pytest.fixture
def told(brand: Client, dora: Contact, ben: Actor, clock: Held) -> Mention:
    """Ben's mention with a weekend in it (tests/story.py)."""
    clock.now = story.at(4, 9, 0)
    with tenant(brand.agency_id):
        story.keep_office_hours(brand, now=story.FRIDAY - timedelta(days=30))
        member = Membership.objects.select_related("user").get(pk=ben.id)
        return story.tell(brand, responder=member, approver=dora)


def _whose(mention: Mention, now: datetime) -> dict[Owner, timedelta]:
    with tenant(mention.agency_id):
        found = ledger_of(Mention.objects.get(pk=mention.pk), now=now)
    return {owner: length for owner, length in found.totals.items() if length}


def test_a_weekend_belongs_to_whoever_was_off(told: Mention, clock: Held) -> None:
    found = _whose(told, clock.now)

    # The shop closes at four on Fridays; the agency promised an answer in the shop's hours.
    assert found == {
        Owner.UNDETECTED: 20 * MINUTE,
        Owner.AGENCY_OFF: 34 * MINUTE + timedelta(seconds=40),
        Owner.CLIENT_OFF: story.at(3, 9, 0) - story.at(0, 17, 14, 40),
        Owner.CLIENT_ON: story.at(3, 15, 46, 5) - story.at(3, 9, 0),
        Owner.AGENCY_ON: timedelta(minutes=12, seconds=15),
    }
    with tenant(told.agency_id):
        said = sentence(ledger_of(Mention.objects.get(pk=told.pk), now=clock.now))
    assert said == "2 d 23 h 38: 20 min before we saw it, 12 min us, 6 h 46 you, 2 d 16 h 20 after hours"


def test_a_calendar_that_the_client_gets_later_changes_nothing_of_the_past(
    told: Mention, clock: Held
) -> None:
    before = _whose(told, clock.now)
    with tenant(told.agency_id):
        calendar = Calendar.objects.get(client=told.client_id)
        CalendarVersion(
            calendar=calendar,
            version=2,
            effective_from=clock.now,
            zone="Asia/Kathmandu",
            week={"6": [["00:00", "24:00"]]},
            created_at=clock.now,
            created_by="Mara",
        ).save(force_insert=True)
        Client.objects.filter(pk=told.client_id).update(calendar=None)

    assert _whose(told, clock.now + timedelta(days=3)) == before


def test_hours_that_were_promised_anew_hold_from_then_on(told: Mention, clock: Held) -> None:
    """Its promise ran around the clock until Monday at half past three, when the office hours came."""
    with tenant(told.agency_id):
        respond = Clock.objects.get(mention=told, kind="respond")
        # History is append-only for the application: what is asked here is how it is read.
        line = ClockEvent.objects.get(clock=respond, kind="start")
        ClockEvent.objects.filter(pk=line.pk).delete()
        ClockEvent(
            clock=respond, n=line.n, kind="start", at=line.at, recorded_at=line.at, target=line.target
        ).save(force_insert=True)
        ClockEvent(
            clock=respond,
            n=99,
            kind="retarget",
            at=story.at(3, 15, 50),
            recorded_at=story.at(3, 15, 50),
            target=line.target,
            grace=ZERO,
            calendar=line.calendar,
        ).save(force_insert=True)
    found = _whose(told, clock.now)

    assert found[Owner.AGENCY_ON] == timedelta(minutes=34, seconds=40) + timedelta(minutes=12, seconds=15)
    assert Owner.AGENCY_OFF not in found


def test_a_request_that_never_arrived_leaves_the_time_with_us(told: Mention, clock: Held) -> None:
    with tenant(told.agency_id):
        Approval.objects.filter(mention=told).update(delivered_at=None)

    assert {Owner.CLIENT_ON, Owner.CLIENT_OFF} & _whose(told, clock.now).keys() == set()


def test_many_ledgers_take_as_many_queries_as_one(told: Mention, clock: Held) -> None:
    with tenant(told.agency_id):
        one = Mention.objects.get(pk=told.pk)
        with CaptureQueriesContext(connection) as few:
            ledgers_of([one], now=clock.now)
        with CaptureQueriesContext(connection) as many:
            found = ledgers_of([one] * 20, now=clock.now)
    assert len(many) <= len(few) <= 6
    assert len({ledger.whole for ledger in found}) == 1


# Drawn --------------------------------------------------------------------------------------------------


@given(st.lists(st.timedeltas(timedelta(microseconds=1), timedelta(days=40)), min_size=1, max_size=60))
def test_no_slice_is_too_short_to_be_seen_and_longer_ones_are_drawn_longer(lengths: list[timedelta]) -> None:
    edges = [NOON]
    for length in lengths:
        edges.append(edges[-1] + length)
    scale = scale_of(edges, least=1.6)
    widths = [right - left for left, right in pairwise(scale.places)]

    assert scale.places[0] == 0
    assert abs(scale.places[-1] - 100) < 1e-6
    assert min(widths) >= min(1.6, 50 / len(lengths)) - 1e-9
    by_length = sorted(zip(lengths, widths, strict=True))
    assert all(left[1] <= right[1] + 1e-9 for left, right in pairwise(by_length))
    middle = edges[0] + (edges[-1] - edges[0]) / 3
    assert 0 <= scale.at(middle) <= 100


@given(st.lists(st.floats(0, 100), max_size=14))
def test_pins_never_cover_one_another_and_keep_their_order(places: list[float]) -> None:
    moved = spread(sorted(places), apart=6.6)

    assert all(right - left >= 6.6 - 1e-9 for left, right in pairwise(moved))
    assert all(-1e-6 <= place <= 100 for place in moved)


def test_the_page_draws_it_and_says_the_same_in_a_table(
    told: Mention, ben: Actor, ivo: Actor, page: Page, clock: Held
) -> None:
    shown = page(ivo).get(f"/mentions/{told.pk}/")
    drawn = tree(shown).css_first(".drawn")
    assert "2 d 23 h 38: 20 min before we saw it, 12 min us, 6 h 46 the client" in words(
        shown, ".drawn__said"
    )
    assert len(drawn.css("rect.own")) == 5 + 5  # the band's and the legend's
    assert "style=" not in (drawn.html or "")
    rows = [[" ".join(cell.text().split()) for cell in row.css("td")] for row in drawn.css("tbody tr")]
    assert rows[0] == ["Fri 13 Nov, 16:20:00", "Fri 13 Nov, 16:40:00", "Not yet seen", "0:20:00"]
    assert rows[-1] == ["Mon 16 Nov, 15:46:05", "Mon 16 Nov, 15:58:20", "Us", "0:12:15"]
    assert words(shown, ".drawn tfoot") == "In all 2 d 23:38:20"
    marks = words(shown, ".drawn__marks")
    assert all(
        word in marks for word in ("Ben claimed it", "It reached the client", "Dora approved", "was live")
    )
    assert "Client decides: the time was up Mon 16 Nov, 13:00" in marks


def test_the_report_of_a_mention_tells_everything_to_the_second(
    told: Mention, ivo: Actor, page: Page
) -> None:
    browser = page(ivo)
    assert f"/mentions/{told.pk}/report/" in browser.get(f"/mentions/{told.pk}/").content.decode()
    report = words(browser.get(f"/mentions/{told.pk}/report/"))
    for line in (
        "We saw it Fri 13 Nov 2026, 16:40:00 0:20:00",
        "It was claimed Ben Fri 13 Nov 2026, 16:52:30 0:32:30",
        "The request reached the client Fri 13 Nov 2026, 17:14:40 0:54:40",
        "The client decided Dora Mon 16 Nov 2026, 15:41:05 2 d 23:21:05",
        "The reply was live Mon 16 Nov 2026, 15:58:20 2 d 23:38:20",
        "Us, after hours 0:34:40",
        "The shop told us on the phone",
    ):
        assert line in report


def test_a_program_reads_the_same_ledger_and_clocks(
    told: Mention, ivo: Actor, api: Callable[..., Any], clock: Held
) -> None:
    found = api(ivo).get(f"/api/v1/mentions/{told.pk}/").json()
    whose = found["ledger"]
    assert whose["whole"] == sum(whose["totals"].values()) == sum(part["seconds"] for part in whose["slices"])
    assert (whose["first_resolution"], whose["total_resolution"]) == (whose["whole"], whose["whole"])
    decide = next(row for row in found["clocks"] if row["kind"] == "decide")
    assert (decide["hours"], decide["match"].partition(":")[2]) == ("The shop's office", "client")
    assert (decide["warnings"], decide["breached_at"]) == ([50, 75, 90], "2026-11-16T11:00:00Z")


def test_what_is_still_to_come_is_drawn_until_it_is_due(
    mention: Mention, ivo: Actor, page: Page, clock: Held
) -> None:
    clock.advance(minutes=30)
    shown = page(ivo).get(f"/mentions/{mention.pk}/")
    assert "until now, still running" in words(shown, ".drawn")
    assert "Still to come, due" in words(shown, ".drawn .ledger__legend")


def test_times_are_told_where_the_agency_is(told: Mention, ivo: Actor, page: Page) -> None:
    assert "Times are those of Europe/Riga" in words(page(ivo).get(f"/mentions/{told.pk}/"), "main")
    assert story.FRIDAY.astimezone(ZoneInfo("Europe/Riga")).hour == 16


def test_open_hours_are_asked_only_for_what_lies_in_a_spell() -> None:
    brief = KnownHours.of([(NOON, NOON + HOUR)], first=NOON, last=NOON + 2 * HOUR)
    later = changing([Spell(NOON, brief), Spell(NOON + 2 * HOUR, ALWAYS)])
    assert [open_ for *_, open_ in later.slices(NOON, NOON + 5 * HOUR)] == [True, False, True]
