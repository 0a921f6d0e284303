"""SLA clocks as rows: warned and breached once each, moved with the mention."""

from datetime import timedelta

import pytest

from agency.actions.alarms import sweep
from agency.actor import Actor
from agency.models import Alarm, Event
from clients.actions.policies import set_sla_policy
from clients.models import Client, Contact
from clients.words import ClockKind, Priority
from mentions.models import Mention
from tests.fixtures import Clock
from tests.making import make_mention
from workflows.actions.moves import claim_mention, dismiss_mention, reopen_mention, set_priority
from workflows.actions.requests import note_delivery, recall_request, request_approval
from workflows.actions.responses import draft_reply
from workflows.models import Clock as ClockRow
from workflows.models import ClockEvent
from workflows.queries.ledgers import ledger_of

pytestmark = pytest.mark.usefixtures("inside")
MINUTE = timedelta(minutes=1)


def _clock(mention: Mention, kind: str) -> ClockRow:
    row: ClockRow = ClockRow.objects.filter(mention=mention, kind=kind).order_by("-instance")[0]
    return row


def _fired(mention: Mention) -> list[tuple[str, str, float]]:
    """Kind, step and minutes after recording, in order."""
    rows = (
        ClockEvent.objects.filter(clock__mention=mention, kind="fire")
        .select_related("clock")
        .order_by("at", "clock__kind")
    )
    return [(row.clock.kind, row.step, (row.at - mention.recorded_at) / MINUTE) for row in rows]


def test_a_new_mention_is_due_to_be_claimed_then_answered(mention: Mention, clock: Clock) -> None:
    assert (_clock(mention, "claim").due_at, _clock(mention, "respond").due_at) == (
        clock.now + 120 * MINUTE,
        clock.now + 480 * MINUTE,
    )
    stored = Mention.objects.get()
    assert (stored.due_kind, stored.due_at, stored.urgency_at) == (
        "claim",
        clock.now + 120 * MINUTE,
        stored.due_at,
    )


def test_warnings_and_the_breach_come_once_each_at_their_own_time(mention: Mention, clock: Clock) -> None:
    for _ in range(200):
        sweep(now=clock.advance(minutes=3))
    assert _fired(mention) == [
        ("claim", "warn_50", 60),
        ("claim", "warn_75", 90),
        ("claim", "warn_90", 108),
        ("claim", "breach", 120),
        ("respond", "warn_50", 240),
        ("respond", "warn_75", 360),
        ("respond", "warn_90", 432),
        ("respond", "breach", 480),
    ]
    assert Event.objects.filter(type="mention.sla_breached").count() == 2
    assert Event.objects.filter(type="mention.sla_warning").count() == 6
    assert Mention.objects.get().breached
    assert not Alarm.objects.filter(kind="clock.due").exists()


def test_a_sweep_that_comes_late_fires_everything_with_its_true_time(mention: Mention, clock: Clock) -> None:
    sweep(now=clock.advance(days=3))
    assert [minutes for *_, minutes in _fired(mention)] == [60, 90, 108, 120, 240, 360, 432, 480]


def test_an_answer_at_the_deadline_is_in_time(mention: Mention, ben: Actor, clock: Clock) -> None:
    claim_mention(mention.pk, by=ben, seen=1, now=clock.advance(minutes=120))
    sweep(now=clock.now)
    assert _clock(mention, "claim").breached_at is None


def test_a_claim_after_the_deadline_is_a_breach_at_the_deadline(
    mention: Mention, ben: Actor, clock: Clock
) -> None:
    due = clock.now + 120 * MINUTE
    claim_mention(mention.pk, by=ben, seen=1, now=due + timedelta(microseconds=1))
    assert _clock(mention, "claim").breached_at == due
    assert ("claim", "breach", 120) in _fired(mention)


def test_waiting_for_the_client_keeps_what_was_used(
    mention: Mention, ben: Actor, dora: Contact, clock: Clock
) -> None:
    claim_mention(mention.pk, by=ben, seen=1, now=clock.advance(minutes=10))
    draft_reply(mention.pk, text="We're sorry.", by=ben, seen=2, now=clock.now)
    approval = request_approval(mention.pk, by=ben, seen=2, now=clock.advance(minutes=20))
    note_delivery(approval.pk, now=clock.advance(minutes=1))
    respond, decide = _clock(mention, "respond"), _clock(mention, "decide")
    assert (respond.running_since, respond.used) == (None, 31 * MINUTE)
    assert decide.due_at == clock.now + 240 * MINUTE
    assert Mention.objects.get().due_kind == "decide"
    recall_request(mention.pk, by=ben, seen=3, now=clock.advance(minutes=100))
    assert _clock(mention, "respond").due_at == clock.now + (480 - 31) * MINUTE
    assert _clock(mention, "decide").stopped_at == clock.now


def test_a_request_that_was_not_delivered_leaves_the_time_ours(
    mention: Mention, ben: Actor, dora: Contact, clock: Clock
) -> None:
    claim_mention(mention.pk, by=ben, seen=1, now=clock.now)
    draft_reply(mention.pk, text="We're sorry.", by=ben, seen=2, now=clock.now)
    request_approval(mention.pk, by=ben, seen=2, now=clock.now)
    assert _clock(mention, "respond").running_since is not None
    assert not ClockRow.objects.filter(kind="decide").exists()


def test_another_priority_carries_the_used_time(mention: Mention, ben: Actor, clock: Clock) -> None:
    began = clock.now
    set_priority(mention.pk, priority="high", by=ben, seen=1, now=clock.advance(minutes=10))
    assert _clock(mention, "claim").due_at == began + 30 * MINUTE
    assert _clock(mention, "respond").due_at == began + 240 * MINUTE


def test_a_tightened_target_that_is_used_up_gives_grace_not_a_breach(
    mention: Mention, ben: Actor, clock: Clock
) -> None:
    set_priority(mention.pk, priority="urgent", by=ben, seen=1, now=clock.advance(minutes=100))
    claim = _clock(mention, "claim")
    assert (claim.due_at, claim.inherited, claim.breached_at) == (clock.now + 5 * MINUTE, True, None)


def test_dismissal_stops_every_clock(mention: Mention, ben: Actor, clock: Clock) -> None:
    dismiss_mention(mention.pk, reason="irrelevant", by=ben, seen=1, now=clock.advance(minutes=1))
    assert not ClockRow.objects.filter(stopped_at=None).exists()
    assert not Alarm.objects.filter(kind="clock.due").exists()
    assert Mention.objects.get().due_at is None


def test_reopening_starts_another_clock_and_leaves_the_old_ones(
    mention: Mention, ben: Actor, clock: Clock
) -> None:
    dismiss_mention(mention.pk, reason="irrelevant", by=ben, seen=1, now=clock.advance(minutes=1))
    reopen_mention(mention.pk, by=ben, seen=2, now=clock.advance(minutes=1))
    again = _clock(mention, "next_response")
    assert (again.instance, again.due_at) == (1, clock.now + 480 * MINUTE)
    assert _clock(mention, "respond").stopped_at == clock.now - MINUTE


def test_a_post_found_too_late_has_no_respond_breach(brand: Client, clock: Clock) -> None:
    late = make_mention(brand, now=clock.now, posted=timedelta(hours=24, seconds=1))
    sweep(now=clock.advance(days=3))
    assert late.late_found
    assert {kind for kind, *_ in _fired(late)} == {"claim"}


def test_a_clients_own_promise_comes_before_the_agencys(brand: Client, ana: Actor, clock: Clock) -> None:
    targets = {(Priority.NORMAL, ClockKind.CLAIM): 7 * MINUTE}
    set_sla_policy(client=brand, targets=targets, warn_at=(80,), by=ana, now=clock.now)
    mention = make_mention(brand, now=clock.now)
    assert _clock(mention, "claim").due_at == clock.now + 7 * MINUTE
    sweep(now=clock.advance(minutes=7))
    assert _fired(mention) == [("claim", "warn_80", 5.6)]


def test_when_the_clock_goes_back_the_ledger_keeps_the_order_of_the_moves(
    mention: Mention, ben: Actor, clock: Clock
) -> None:
    claim_mention(mention.pk, by=ben, seen=1, now=clock.advance(minutes=10))
    dismiss_mention(mention.pk, reason="spam", by=ben, seen=2, now=clock.advance(minutes=-5))
    book = ledger_of(Mention.objects.get(), now=clock.advance(days=1))
    assert (book.closed, book.reopened, book.whole) == (True, (), timedelta(minutes=30))
