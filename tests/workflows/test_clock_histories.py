"""What happens to clocks is written down so that their rows can be made again from it, whatever hours they run in."""

import random
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from agency.actions.alarms import sweep
from agency.actions.notice_kinds import handling_of
from agency.actor import Actor
from agency.errors import DomainError
from agency.models import Alarm, AuditEntry, Notice
from clients.actions.policies import set_sla_policy
from clients.models import Calendar, CalendarVersion, Client, Contact, SlaTarget
from clients.words import ClockKind, Cover, HoursOf, Priority
from mentions.models import Mention
from mentions.words import Move
from tests.fixtures import Clock
from tests.making import make_mention
from workflows.actions.clocks import follow, hand_back, repromise_clocks, void_hand_over
from workflows.actions.moves import claim_mention, dismiss_mention, reopen_mention, set_priority
from workflows.actions.requests import (
    approve_without_client,
    note_bounce,
    note_delivery,
    recall_request,
    request_approval,
)
from workflows.actions.responses import draft_reply
from workflows.ledger import Owner
from workflows.models import Clock as ClockRow
from workflows.models import ClockEvent
from workflows.queries.clock_history import compare
from workflows.queries.ledgers import ledger_of
from workflows.queries.promises import promises_to, told

pytestmark = pytest.mark.usefixtures("inside")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WEEK = {str(day): [["09:00", "17:00"]] for day in range(5)}


def _calendar(client: Client | None, clock: Clock, *, zone: str = "UTC", default: bool = False) -> Calendar:
    calendar = Calendar(client=client, name=zone, is_default=default, created_at=clock.now)
    calendar.save(force_insert=True)
    _version(calendar, 1, clock.now - timedelta(days=30), zone=zone)
    return calendar


def _version(calendar: Calendar, number: int, since: datetime, *, zone: str = "UTC") -> None:
    CalendarVersion(
        calendar=calendar,
        version=number,
        effective_from=since,
        zone=zone,
        week=WEEK if number % 2 else {str(day): [["22:00", "04:30"], ["12:00", "13:00"]] for day in range(7)},
        created_at=since,
        created_by="Ana",
    ).save(force_insert=True)


def _clock(mention: Mention, kind: str) -> ClockRow:
    row: ClockRow = ClockRow.objects.filter(mention=mention, kind=kind).order_by("-instance")[0]
    return row


def _lines(mention: Mention, kind: str) -> list[str]:
    lines = ClockEvent.objects.filter(clock=_clock(mention, kind)).order_by("n")
    return [line.step or line.kind for line in lines]


def _differences(clock: Clock) -> list[str]:
    found = compare(list(Mention.objects.all()), now=clock.now).differences
    return [f"{row.field}: {row.stored} / {row.folded}" for row in found]


@pytest.fixture
def friday(clock: Clock) -> Clock:
    """An hour before the office closes for the weekend."""
    clock.now = datetime(2026, 3, 6, 16, tzinfo=UTC)
    return clock


def test_a_promise_runs_in_the_office_hours_of_the_client(brand: Client, friday: Clock) -> None:
    Client.objects.filter(pk=brand.pk).update(calendar=_calendar(brand, friday))
    mention = make_mention(brand, now=friday.now)
    assert (_clock(mention, "claim").due_at, _clock(mention, "respond").due_at) == (
        datetime(2026, 3, 9, 10, tzinfo=UTC),
        datetime(2026, 3, 9, 16, tzinfo=UTC),
    )
    claim = _clock(mention, "claim")
    assert (claim.match, claim.calendar_version) == ("agency:client", 1)
    sweep(now=datetime(2026, 3, 9, 9, 59, 59, tzinfo=UTC))
    assert _lines(mention, "claim") == ["start", "warn_50", "warn_75", "warn_90"]
    assert _clock(mention, "claim").next_fire_at == datetime(2026, 3, 9, 10, 0, 0, 1, tzinfo=UTC)
    friday.now = datetime(2026, 3, 9, 10, 1, tzinfo=UTC)
    sweep(now=friday.now)
    assert _clock(mention, "claim").breached_at == datetime(2026, 3, 9, 10, tzinfo=UTC)
    assert _differences(friday) == []


@pytest.mark.parametrize(
    ("cover", "priority", "own", "default", "why"),
    [
        (Cover.NONE, "urgent", True, True, "client"),
        (Cover.NONE, "urgent", False, True, "default"),
        (Cover.NONE, "urgent", False, False, "open"),
        (Cover.ON_CALL, "urgent", True, True, "on_call"),
        (Cover.ON_CALL, "normal", True, True, "client"),
        (Cover.ALWAYS, "low", True, True, "covered"),
    ],
)
def test_the_hours_of_a_promise_have_a_reason(
    brand: Client, friday: Clock, cover: str, priority: str, own: bool, default: bool, why: str
) -> None:
    calendar = _calendar(brand, friday, zone="Asia/Kathmandu") if own else None
    office = _calendar(None, friday, default=True) if default else None
    Client.objects.filter(pk=brand.pk).update(calendar=calendar, cover=cover)
    promise = promises_to([brand.pk], now=friday.now).of(brand.pk, ClockKind.RESPOND, priority)
    expected = {"client": calendar, "default": office}.get(why)
    assert promise.match == f"agency:{why}"
    assert promise.calendar_id == (expected.pk if expected else None)
    decide = promises_to([brand.pk], now=friday.now).of(brand.pk, ClockKind.DECIDE, priority)
    hours = calendar or office  # the agency's cover is none of the client's
    assert decide.calendar_id == (hours.pk if hours else None)
    assert (
        promises_to([brand.pk], now=friday.now).of(brand.pk, ClockKind.PUBLISH, priority).calendar_id is None
    )


def test_a_target_may_name_other_hours_than_the_clients(brand: Client, ana: Actor, friday: Clock) -> None:
    Client.objects.filter(pk=brand.pk).update(calendar=_calendar(brand, friday), cover=Cover.ALWAYS)
    other = _calendar(brand, friday, zone="America/St_Johns")
    policy = set_sla_policy(client=brand, targets={}, by=ana, now=friday.now)
    rows = SlaTarget.objects.filter(policy=policy, kind=ClockKind.CLAIM)
    rows.filter(priority=Priority.URGENT).update(hours=HoursOf.ALWAYS)
    rows.filter(priority=Priority.HIGH).update(hours=HoursOf.CALENDAR, calendar=other)
    rows.filter(priority=Priority.NORMAL).update(hours=HoursOf.AGENCY)
    promises = promises_to([brand.pk], now=friday.now)
    found = [promises.of(brand.pk, ClockKind.CLAIM, priority) for priority in Priority]
    assert [(row.match, row.calendar_id) for row in found] == [
        ("client:always", None),
        ("client:named", other.pk),
        ("client:open", None),
        ("client:covered", None),
    ]
    assert told(found[1].match) == "The client's own policy, in the calendar that the policy names."


def test_a_change_of_hours_carries_what_was_used_in_the_old_ones(brand: Client, friday: Clock) -> None:
    mention = make_mention(brand, now=friday.now)
    Client.objects.filter(pk=brand.pk).update(calendar=_calendar(brand, friday))
    friday.advance(minutes=120)  # an hour of it after the office closed
    repromise_clocks([Mention.objects.get()], now=friday.now)
    respond = _clock(mention, "respond")
    assert (respond.used, respond.due_at) == (2 * HOUR, datetime(2026, 3, 9, 15, tzinfo=UTC))
    assert _lines(mention, "respond") == ["start", "retarget"]
    assert Mention.objects.get().due_at == datetime(2026, 3, 6, 18, tzinfo=UTC)
    assert _differences(friday) == []


def test_the_same_promise_again_writes_no_line(mention: Mention, clock: Clock) -> None:
    repromise_clocks([Mention.objects.get()], now=clock.advance(minutes=5))
    assert _lines(mention, "respond") == ["start"]


def test_another_version_of_a_calendar_moves_what_is_due_without_a_line(brand: Client, friday: Clock) -> None:
    calendar = _calendar(brand, friday)
    Client.objects.filter(pk=brand.pk).update(calendar=calendar)
    mention = make_mention(brand, now=friday.now)
    _version(calendar, 2, friday.advance(minutes=30))
    repromise_clocks([Mention.objects.get()], now=friday.now)
    claim = _clock(mention, "claim")
    # Half an hour was used; the new hours open at ten in the evening.
    assert (claim.calendar_version, claim.due_at) == (2, datetime(2026, 3, 6, 23, 30, tzinfo=UTC))
    assert _lines(mention, "claim") == ["start"]
    assert _differences(friday) == []


def test_a_sweep_that_meets_a_calendar_of_which_a_clock_was_not_told_puts_it_right(
    brand: Client, friday: Clock
) -> None:
    calendar = _calendar(brand, friday)
    Client.objects.filter(pk=brand.pk).update(calendar=calendar)
    mention = make_mention(brand, now=friday.now)
    _version(calendar, 2, friday.advance(minutes=30))
    for hours in range(80):
        sweep(now=friday.now + hours * HOUR)
    friday.now += 79 * HOUR
    assert _clock(mention, "claim").breached_at == datetime(2026, 3, 6, 23, 30, tzinfo=UTC)
    assert Mention.objects.get().breached
    assert _differences(friday) == []


def test_the_clock_set_back_by_an_hour_fires_nothing_twice_or_early(mention: Mention, clock: Clock) -> None:
    sweep(now=clock.now + 70 * MINUTE)
    sweep(now=clock.now + 10 * MINUTE)
    assert _lines(mention, "claim") == ["start", "warn_50"]
    Alarm.objects.filter(subject_id=_clock(mention, "claim").pk).update(due_at=clock.now)
    sweep(now=clock.now + 10 * MINUTE)
    assert _lines(mention, "claim") == ["start", "warn_50"]
    sweep(now=clock.now + 120 * MINUTE)
    assert _lines(mention, "claim") == ["start", "warn_50", "warn_75", "warn_90"]


def test_an_approved_reply_is_the_platforms_until_it_is_live_or_ours_again(
    brand: Client, ana: Actor, ben: Actor, mention: Mention, clock: Clock
) -> None:
    claim_mention(mention.pk, by=ben, seen=1, now=clock.advance(minutes=10))
    _follow_to_platform(mention, ben, clock)
    publish = _clock(mention, "publish")
    assert (publish.due_at, _clock(mention, "respond").used) == (clock.now + 30 * MINUTE, 10 * MINUTE)
    assert Mention.objects.get().due_kind == "publish"
    hand_back(Mention.objects.select_for_update().get(), now=clock.advance(minutes=20))
    assert _clock(mention, "publish").used == 20 * MINUTE
    assert _clock(mention, "respond").due_at == clock.now + 470 * MINUTE
    assert _differences(clock) == []


def _follow_to_platform(mention: Mention, by: Actor, clock: Clock) -> None:
    """As an approval does whose reply a platform takes."""
    held = Mention.objects.select_for_update().get(pk=mention.pk)
    follow(held, Move.CLEAR, hand_made=False, now=clock.now)
    held.save()


def test_a_request_that_came_back_was_never_the_clients_time(
    mention: Mention, ben: Actor, dora: Contact, clock: Clock
) -> None:
    began = clock.now
    claim_mention(mention.pk, by=ben, seen=1, now=clock.advance(minutes=10))
    draft_reply(mention.pk, text="We're sorry.", by=ben, seen=2, now=clock.now)
    approval = request_approval(mention.pk, by=ben, seen=2, now=clock.now)
    note_delivery(approval.pk, now=clock.advance(minutes=5))
    void_hand_over(Mention.objects.select_for_update().get(), now=clock.advance(minutes=470))
    respond, decide = _clock(mention, "respond"), _clock(mention, "decide")
    assert (respond.running_since, respond.due_at) == (began + 15 * MINUTE, began + 480 * MINUTE)
    assert respond.breached_at == began + 480 * MINUTE
    assert (decide.annulled, decide.used) == (True, timedelta(0))
    assert _lines(mention, "respond") == ["start", "pause", "void", "warn_50", "warn_75", "warn_90", "breach"]
    assert _differences(clock) == []


def test_the_clients_time_ends_only_when_no_mail_with_the_request_is_left(
    mention: Mention, ben: Actor, dora: Contact, clock: Clock
) -> None:
    claim_mention(mention.pk, by=ben, seen=1, now=clock.now)
    draft_reply(mention.pk, text="We're sorry.", by=ben, seen=2, now=clock.now)
    approval = request_approval(mention.pk, by=ben, seen=2, now=clock.now)
    note_delivery(approval.pk, now=clock.advance(minutes=5))
    mail = Notice.objects.get(subject_id=approval.pk)
    Notice.objects.filter(pk=mail.pk).update(state="sent", sent_at=clock.now)
    note_bounce(approval.pk, now=clock.advance(minutes=5))
    assert _clock(mention, "respond").paused_at is not None
    Notice.objects.filter(pk=mail.pk).update(state="failed")
    mail.refresh_from_db()
    handling_of(mail.kind).failed(mail, clock.advance(minutes=5))
    assert _clock(mention, "respond").due_at == mention.recorded_at + 480 * MINUTE
    approval.refresh_from_db()
    assert approval.delivered_at is None
    assert ledger_of(Mention.objects.get(), now=clock.now).totals[Owner.CLIENT_ON] == timedelta(0)
    note_delivery(approval.pk, now=clock.advance(minutes=5))  # to somebody else, after all
    assert _clock(mention, "decide").instance == 2
    assert _differences(clock) == []


HAPPENINGS = (
    *("sweep", "sweep", "claim", "claim", "ask", "ask", "recall", "clear", "priority", "dismiss", "reopen"),
    *("hours", "hours"),
)


@pytest.mark.parametrize("seed", range(6))
def test_rows_are_what_their_lines_make_of_them_whatever_happens(
    brand: Client, ben: Actor, dora: Contact, clock: Clock, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    zones = ["Europe/Riga", "Australia/Lord_Howe", "America/St_Johns"]
    calendars = [None, *(_calendar(brand, clock, zone=zone) for zone in zones)]
    mentions = [make_mention(brand, now=clock.now, posted=HOUR * chance.choice([1, 30])) for _ in range(3)]
    for _ in range(25):
        clock.advance(minutes=chance.choice([-60, 0, 7, 45, 240, 1500]), seconds=chance.random())
        happening = chance.choice(HAPPENINGS)
        if happening == "sweep":
            sweep(now=clock.now)
        elif happening == "hours":
            cover, calendar = chance.choice(Cover.values), chance.choice(calendars)
            Client.objects.filter(pk=brand.pk).update(calendar=calendar, cover=cover)
            repromise_clocks(list(Mention.objects.select_for_update().order_by("id")), now=clock.now)
        else:
            try:
                _move(happening, chance.choice(mentions).pk, ben, chance, clock.now)
            except DomainError:
                continue
        assert _differences(clock) == []


def _move(happening: str, pk: UUID, by: Actor, chance: random.Random, now: datetime) -> None:
    match happening:
        case "claim":
            claim_mention(pk, by=by, seen=None, now=now)
        case "ask":
            draft_reply(pk, text="We're sorry.", by=by, seen=None, now=now)
            approval = request_approval(pk, by=by, seen=None, now=now)
            note_delivery(approval.pk, now=now)
        case "recall":
            recall_request(pk, by=by, seen=None, now=now)
        case "clear":
            approve_without_client(pk, by=by, seen=None, now=now)
        case "priority":
            set_priority(pk, priority=chance.choice(Priority.values), by=by, seen=None, now=now)
        case "dismiss":
            dismiss_mention(pk, reason="spam", by=by, seen=None, now=now)
        case "reopen":
            reopen_mention(pk, by=by, seen=None, now=now)


def test_what_was_changed_behind_a_clocks_back_is_found_and_put_right(
    mention: Mention, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agency.clock.now", lambda: clock.now)
    assert _rebuilt("--check") == "2 clocks, 0 differences found."
    before = _clock(mention, "claim")
    ClockRow.objects.filter(pk=before.pk).update(used=HOUR, due_at=None)
    Alarm.objects.filter(subject_id=_clock(mention, "respond").pk).delete()
    Mention.objects.update(breached=True)
    with pytest.raises(CommandError, match="aren't what their histories make"):
        _rebuilt("--check")
    assert _clock(mention, "claim").used == HOUR
    text = _rebuilt()
    for field in (
        "used: stored 1:00:00",
        "due_at: stored None",
        "alarm: stored None",
        "breached: stored True",
    ):
        assert field in text
    assert _rebuilt("--check") == "2 clocks, 0 differences found."
    assert _clock(mention, "claim").due_at == before.due_at
    assert AuditEntry.objects.filter(action="clocks.rebuilt").count() == 1


def test_a_history_that_makes_no_clock_is_told_and_left(
    mention: Mention, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agency.clock.now", lambda: clock.now)
    claim = _clock(mention, "claim")
    ClockEvent(clock=claim, n=2, kind="start", at=clock.now, recorded_at=clock.now, target=HOUR).save(
        force_insert=True
    )
    with pytest.raises(CommandError, match="1 clocks have a history that makes no clock"):
        _rebuilt()
    assert _clock(mention, "claim").due_at == claim.due_at


def _rebuilt(*options: str) -> str:
    out = StringIO()
    try:
        call_command("rebuild_clocks", *options, stdout=out)
    finally:
        text = out.getvalue().strip()
    return text
