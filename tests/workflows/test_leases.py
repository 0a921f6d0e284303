"""A claim is a lease: who sits on it gives it back."""

from datetime import timedelta

import pytest
from django.core import mail

from agency.actions.alarms import sweep
from agency.actions.notices import send_notice
from agency.actor import Actor
from agency.models import Alarm, Notice
from clients.models import Contact
from mentions.models import Mention
from tests.fixtures import Clock
from workflows.actions.moves import claim_mention, release_mention
from workflows.actions.requests import recall_request, request_approval
from workflows.actions.responses import draft_reply
from workflows.models import Transition

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def claimed(mention: Mention, ben: Actor, clock: Clock) -> Mention:
    return claim_mention(mention.pk, by=ben, seen=1, now=clock.now)


def _state() -> str:
    return str(Mention.objects.get().state)


def test_a_claim_that_sat_idle_goes_back_to_the_queue_with_a_notice(claimed: Mention, clock: Clock) -> None:
    sweep(now=clock.advance(minutes=59))
    assert _state() == "claimed"
    sweep(now=clock.advance(minutes=1))
    returned = Mention.objects.get()
    assert (returned.state, returned.assignee_id) == ("new", None)
    assert Transition.objects.order_by("version").last().actor_name == "Earshot"
    notice = Notice.objects.get(kind="claim.returned")
    send_notice(notice.agency_id, notice.pk, clock=lambda: clock.now)
    assert mail.outbox[-1].to == ["ben@northlight.example"]


def test_whatever_is_done_with_it_prolongs_the_lease(claimed: Mention, ben: Actor, clock: Clock) -> None:
    draft_reply(claimed.pk, text="Hello", by=ben, seen=2, now=clock.advance(minutes=30))
    sweep(now=clock.advance(minutes=59))
    assert _state() == "claimed"
    sweep(now=clock.advance(minutes=1))
    assert _state() == "new"


def test_while_the_client_decides_nobody_sits_on_it(
    claimed: Mention, ben: Actor, dora: Contact, clock: Clock
) -> None:
    draft_reply(claimed.pk, text="Hello", by=ben, seen=2, now=clock.now)
    request_approval(claimed.pk, by=ben, seen=2, now=clock.now)
    sweep(now=clock.advance(minutes=120))
    assert _state() == "awaiting_client"
    recall_request(claimed.pk, by=ben, seen=3, now=clock.now)
    assert Alarm.objects.get(kind="claim.idle").due_at == clock.now + timedelta(minutes=60)


def test_a_mention_that_was_given_back_has_no_lease(claimed: Mention, ben: Actor, clock: Clock) -> None:
    release_mention(claimed.pk, by=ben, seen=2, now=clock.now)
    assert not Alarm.objects.filter(kind="claim.idle").exists()
