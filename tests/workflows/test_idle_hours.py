"""A claim is a lease of office time: nights and weekends don't count."""

from datetime import UTC, datetime, timedelta

import pytest

from agency.actions.alarms import sweep
from agency.actions.audit import record
from agency.actor import Actor, system
from agency.models import Alarm
from clients.models import Client
from mentions.models import Mention
from tests import story
from tests.fixtures import Clock
from tests.making import make_mention
from workflows.actions.moves import claim_mention
from workflows.actions.responses import draft_reply
from workflows.models import Transition
from workflows.words import CLAIM_IDLE

pytestmark = pytest.mark.usefixtures("inside")

FRIDAY_HALF_PAST_FOUR = datetime(2026, 3, 6, 14, 30, tzinfo=UTC)  # in Riga


@pytest.fixture
def claimed(brand: Client, ben: Actor, clock: Clock) -> Mention:
    """On a Friday, half an hour before the agency closes; the client keeps the same hours."""
    clock.now = FRIDAY_HALF_PAST_FOUR
    story.keep_office_hours(brand, now=clock.now - timedelta(days=30))
    brand.calendar = None
    brand.save(update_fields=["calendar"])
    mention = make_mention(brand, now=clock.now)
    return claim_mention(mention.pk, by=ben, seen=None, now=clock.now)


def _alarm() -> datetime:
    found: datetime = Alarm.objects.get(kind=CLAIM_IDLE).due_at
    return found


def _state() -> str:
    return str(Mention.objects.get().state)


def test_a_claim_of_friday_afternoon_goes_back_on_monday_morning(claimed: Mention, clock: Clock) -> None:
    monday = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)  # half past nine in Riga: thirty minutes after it opened
    assert _alarm() == monday
    clock.now = monday - timedelta(seconds=1)
    sweep(now=clock.now)
    assert _state() == "claimed"
    sweep(now=clock.advance(seconds=1))
    assert _state() == "new"
    assert "60 minutes of office time" in Transition.objects.order_by("-version")[0].note


def test_work_on_it_begins_the_hour_again_in_office_time(claimed: Mention, ben: Actor, clock: Clock) -> None:
    draft_reply(claimed.pk, text="Hello", by=ben, seen=None, now=clock.advance(minutes=20))
    clock.now = _alarm()
    sweep(now=clock.now)
    assert _state() == "claimed"
    assert _alarm() == datetime(2026, 3, 9, 7, 50, tzinfo=UTC)


def test_what_earshot_does_by_itself_is_no_work_on_it(claimed: Mention, clock: Clock) -> None:
    by = system(claimed.agency_id)
    record("mention.prioritised", by=by, subject=claimed, now=clock.advance(minutes=25))
    clock.now = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)
    sweep(now=clock.now)
    assert _state() == "new"
