"""Whose turn it is, kept on the mention: the ledger's word on its last moment."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from agency.actor import Actor
from agency.models import Notice
from agency.tenancy import tenant
from clients.models import Client, Contact
from mentions.models import Mention
from tests.fixtures import Api, Clock
from tests.making import make_mention
from workflows.actions.moves import claim_mention, dismiss_mention, release_mention, reopen_mention
from workflows.actions.requests import note_bounce, note_delivery, recall_request, request_approval
from workflows.actions.responses import draft_reply
from workflows.ledger import Owner
from workflows.models import Approval
from workflows.queries.ledgers import ledger_of

OF = {
    Owner.AGENCY_ON: "agency",
    Owner.AGENCY_OFF: "agency",
    Owner.CLIENT_ON: "client",
    Owner.CLIENT_OFF: "client",
    Owner.PLATFORM: "platform",
}


@pytest.fixture
def turn(clock: Clock) -> Callable[[Mention], str | None]:
    """What the mention says, which must be what the ledger says."""

    def both(mention: Mention) -> str | None:
        fresh = Mention.objects.get(pk=mention.pk)
        ledger = ledger_of(fresh, now=clock.now + timedelta(seconds=1))
        if fresh.whose_turn is not None:
            last = (ledger.reopened[-1] if ledger.reopened else ledger.slices)[-1]
            assert OF[last.owner] == fresh.whose_turn
        return fresh.whose_turn

    return both


def test_it_is_the_ledgers_word_along_the_whole_way(
    brand: Client,
    dora: Contact,
    ben: Actor,
    clock: Clock,
    turn: Callable[[Mention], str | None],
    api: Callable[..., Api],
) -> None:
    with tenant(brand.agency_id):
        mention = make_mention(brand, now=clock.now)
        assert turn(mention) == "agency"
        claim_mention(mention.pk, by=ben, seen=None, now=clock.advance(minutes=5))
        assert turn(mention) == "agency"
        draft_reply(
            mention.pk, text="Sorry! We open at eight.", by=ben, seen=None, now=clock.advance(minutes=1)
        )
        request_approval(mention.pk, by=ben, seen=None, now=clock.advance(minutes=1))
        assert turn(mention) == "agency"  # it hasn't reached the client yet
        approval = Approval.objects.get(mention=mention)
        note_delivery(approval.pk, now=clock.advance(minutes=1))
        assert turn(mention) == "client"
        Notice.objects.filter(subject_id=approval.pk).update(state=Notice.State.FAILED)
        note_bounce(approval.pk, now=clock.advance(minutes=1))
        assert turn(mention) == "agency"
        recall_request(mention.pk, by=ben, seen=None, now=clock.advance(minutes=1))
        release_mention(mention.pk, by=ben, seen=None, now=clock.advance(minutes=1))
        assert turn(mention) == "agency"
        dismiss_mention(mention.pk, reason="spam", by=ben, seen=None, now=clock.advance(minutes=1))
        assert turn(mention) is None
        reopen_mention(mention.pk, by=ben, seen=None, now=clock.advance(minutes=1))
        assert turn(mention) == "agency"
    rows = api(ben).get("/api/v1/mentions/?turn=agency&fields=turn").json()["results"]
    assert rows == [{"turn": "agency"}]
