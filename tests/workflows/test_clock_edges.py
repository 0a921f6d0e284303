"""What clocks, leases and ledgers say when two things happen to them that seldom meet."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.models import Agency, Alarm
from clients.actions.calendar_upkeep import keep_calendars
from clients.actions.calendars import change_calendar, create_calendar
from clients.actions.client_hours import set_client_hours
from clients.actions.policies import set_sla_policy
from clients.models import Calendar, CalendarVersion, Client, Contact
from clients.opening import Opening
from clients.words import ClockKind, Cover, Priority
from mentions.models import Mention
from mentions.words import State
from tests.fixtures import Clock
from tests.making import make_mention
from workflows.actions import promises as spreading
from workflows.actions.answered import note_answer
from workflows.actions.clocks import repromise_clocks, void_hand_over
from workflows.actions.moves import claim_mention, dismiss_mention, reopen_mention
from workflows.actions.requests import note_delivery, request_approval
from workflows.actions.responses import draft_reply
from workflows.models import Clock as ClockRow
from workflows.models import ClockEvent
from workflows.queries.clock_history import compare
from workflows.queries.ledgers import ledger_of
from workflows.queries.results import Viewed, results_of
from workflows.words import CLAIM_IDLE

pytestmark = pytest.mark.usefixtures("inside")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def _clock(mention: Mention, kind: str) -> ClockRow:
    row: ClockRow = ClockRow.objects.filter(mention=mention, kind=kind).order_by("-instance")[0]
    return row


def _steps(mention: Mention, kind: str) -> list[str]:
    lines = ClockEvent.objects.filter(clock=_clock(mention, kind)).order_by("n")
    return [line.step or line.kind for line in lines]


def _differences(clock: Clock) -> list[str]:
    found = compare(list(Mention.objects.all()), now=clock.now).differences
    return [f"{row.field}: {row.stored} / {row.folded}" for row in found]


def _promise(brand: Client, ana: Actor, now: datetime, **hours: timedelta) -> None:
    """To respond: the same whatever the priority."""
    targets = {(priority, ClockKind(kind)): much for priority in Priority for kind, much in hours.items()}
    set_sla_policy(client=brand, targets=targets, by=ana, now=now)
    repromise_clocks(list(Mention.objects.select_for_update().order_by("id")), now=now)


@pytest.fixture
def asked(mention: Mention, ben: Actor, dora: Contact, clock: Clock) -> Mention:
    """Claimed, answered, and with Dora since half an hour after it was found."""
    claim_mention(mention.pk, by=ben, seen=None, now=clock.now)
    draft_reply(mention.pk, text="We're sorry.", by=ben, seen=None, now=clock.now)
    approval = request_approval(mention.pk, by=ben, seen=None, now=clock.now)
    note_delivery(approval.pk, now=clock.advance(minutes=30))
    return mention


def test_a_request_that_came_back_leaves_a_promise_that_was_tightened_meanwhile_its_grace(
    asked: Mention, brand: Client, ana: Actor, clock: Clock
) -> None:
    _promise(brand, ana, clock.advance(minutes=120), respond=HOUR)
    void_hand_over(Mention.objects.select_for_update().get(), now=clock.advance(minutes=2))
    respond = _clock(asked, "respond")
    # Two and a half hours were ours after all, so the hour was used up when it was promised.
    assert (respond.inherited, respond.breached_at) == (True, None)
    assert respond.due_at == asked.recorded_at + 155 * MINUTE
    assert _differences(clock) == []


def test_a_request_that_came_back_leaves_a_breach_that_a_looser_promise_came_too_late_for(
    asked: Mention, brand: Client, ana: Actor, clock: Clock
) -> None:
    _promise(brand, ana, clock.advance(hours=10), respond=100 * HOUR)
    void_hand_over(Mention.objects.select_for_update().get(), now=clock.advance(minutes=2))
    assert _clock(asked, "respond").breached_at == asked.recorded_at + 8 * HOUR
    assert _steps(asked, "respond")[-1] == "breach"
    assert _differences(clock) == []


def test_a_request_that_came_back_twice_was_twice_ours(
    asked: Mention, brand: Client, ana: Actor, clock: Clock
) -> None:
    void_hand_over(Mention.objects.select_for_update().get(), now=clock.advance(minutes=30))
    approval_id = asked.approvals.get().pk
    asked.approvals.update(delivered_at=None)
    note_delivery(approval_id, now=clock.advance(minutes=10))
    _promise(brand, ana, clock.advance(minutes=20), respond=9 * HOUR)
    void_hand_over(Mention.objects.select_for_update().get(), now=clock.advance(minutes=30))
    respond = _clock(asked, "respond")
    assert respond.due_at == asked.recorded_at + 9 * HOUR
    assert (respond.used, respond.running_since) == (90 * MINUTE, asked.recorded_at + 90 * MINUTE)
    assert _differences(clock) == []


def test_a_clock_that_should_never_have_begun_tells_no_breach_as_it_ends(
    asked: Mention, clock: Clock
) -> None:
    void_hand_over(Mention.objects.select_for_update().get(), now=clock.advance(minutes=300))
    decide = _clock(asked, "decide")
    assert (decide.annulled, decide.breached_at, _steps(asked, "decide")) == (True, None, ["start", "annul"])
    assert not Mention.objects.get().breached
    assert _differences(clock) == []


OFFICE = {day: [("09:00", "17:00")] for day in range(5)}


@pytest.fixture
def office(ana: Actor, clock: Clock) -> Calendar:
    opening = Opening(zone="UTC", week=OFFICE)
    return create_calendar(client=None, name="Office", opening=opening, by=ana, now=clock.now)


def test_a_lease_ends_by_the_hours_that_hold_now(
    brand: Client, mention: Mention, office: Calendar, ana: Actor, ben: Actor, clock: Clock
) -> None:
    set_client_hours(brand, calendar=office, cover=Cover.NONE, by=ana, now=clock.now)
    sweep(now=clock.now)
    claim_mention(mention.pk, by=ben, seen=None, now=clock.now)  # Friday, a few minutes after five
    lease = Alarm.objects.get(kind=CLAIM_IDLE, subject_id=mention.pk)
    assert lease.due_at == datetime(2026, 3, 9, 10, tzinfo=UTC)
    began = clock.now
    set_client_hours(brand, calendar=office, cover=Cover.ALWAYS, by=ana, now=clock.advance(minutes=10))
    sweep(now=clock.now)
    lease.refresh_from_db()
    assert lease.due_at == began + HOUR
    sweep(now=began + HOUR)
    assert Mention.objects.get().state == State.NEW


def test_the_first_answer_keeps_its_time_when_there_is_a_second_one(
    agency: Agency, mention: Mention, ben: Actor, dora: Contact, clock: Clock
) -> None:
    first = clock.advance(minutes=10)
    url = "https://forum.example/posts/1#answer"
    note_answer(mention.pk, url=url, at=first, by=ben, seen=None, now=clock.advance(minutes=50))
    before = ledger_of(Mention.objects.get(), now=clock.now)
    reopen_mention(mention.pk, by=ben, seen=None, now=clock.advance(minutes=30))
    second = clock.advance(minutes=5)
    note_answer(mention.pk, url=url, at=second, by=ben, seen=None, now=clock.advance(minutes=5))
    after = ledger_of(Mention.objects.get(), now=clock.now)
    assert (before.end, after.end, after.whole) == (first, first, before.whole)
    viewed = Viewed(agency, dora, "UTC")
    assert results_of(viewed, since=mention.recorded_at, now=clock.now).median == 30 * MINUTE


def test_a_last_look_finds_an_old_mention_that_was_reopened_during_the_pass(
    brand: Client, ana: Actor, ben: Actor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By ids, which tell when a row was made: so the times here are real ones."""
    monkeypatch.setattr(spreading, "AS_NEW_AS", timedelta(0))
    clock.now = datetime.now(UTC)
    mention = make_mention(brand, now=clock.now)
    dismiss_mention(mention.pk, reason="spam", by=ben, seen=None, now=clock.now)
    time.sleep(0.002)
    clock.now = datetime.now(UTC)
    time.sleep(0.002)
    set_sla_policy(client=brand, targets={(Priority.NORMAL, ClockKind.RESPOND): HOUR}, by=ana, now=clock.now)
    sweep(now=clock.now)
    reopen_mention(mention.pk, by=ben, seen=None, now=clock.now)
    # As who reopens it leaves it that read the promises just before they changed.
    ClockRow.objects.filter(kind="next_response").update(target=8 * HOUR)
    sweep(now=clock.advance(minutes=1))
    assert _clock(mention, "next_response").target == HOUR


def test_a_change_that_waited_for_another_holds_after_it(office: Calendar, ana: Actor, clock: Clock) -> None:
    early = clock.now + MINUTE
    change_calendar(office, opening=Opening(zone="Europe/Riga", week=OFFICE), by=ana, now=early + MINUTE)
    # Its time was read before the other one had the calendar.
    change_calendar(office, opening=Opening(zone="Asia/Tokyo", week=OFFICE), by=ana, now=early)
    versions = CalendarVersion.objects.filter(calendar=office).order_by("effective_from")
    assert [version.zone for version in versions] == ["UTC", "Europe/Riga", "Asia/Tokyo"]


def test_upkeep_keeps_no_clock_from_being_written(office: Calendar, clock: Clock) -> None:
    """New clocks name the calendar, so that its row may be locked against editors alone."""
    with CaptureQueriesContext(connection) as asked:
        keep_calendars([office.pk], clock.now)
    locks = [query["sql"] for query in asked if "FOR UPDATE" in query["sql"]]
    assert locks == []
