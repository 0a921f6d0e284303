"""Claiming, giving back, handing on, dismissing, reopening: who may, and what the others are told."""

import pytest

from agency.actor import Actor
from agency.errors import Forbidden, Invalid, NotFound
from agency.ids import new_id
from agency.models import Event
from mentions.models import Mention
from tests.fixtures import Clock
from workflows.actions.moves import (
    assign_mention,
    claim_mention,
    dismiss_mention,
    release_mention,
    reopen_mention,
    set_priority,
)
from workflows.actions.transition import MentionMovedOn, MoveNotPossible
from workflows.models import Transition

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def claimed(mention: Mention, ben: Actor, clock: Clock) -> Mention:
    return claim_mention(mention.pk, by=ben, seen=1, now=clock.now)


def test_the_second_to_claim_is_told_who_was_quicker(claimed: Mention, mara: Actor, clock: Clock) -> None:
    with pytest.raises(MentionMovedOn, match="Ben claimed it 4 s ago"):
        claim_mention(claimed.pk, by=mara, seen=1, now=clock.advance(seconds=4))


def test_a_move_that_the_machine_does_not_have_says_how_it_stands(
    claimed: Mention, mara: Actor, clock: Clock
) -> None:
    with pytest.raises(MoveNotPossible, match="this mention is claimed"):
        claim_mention(claimed.pk, by=mara, seen=2, now=clock.now)


def test_a_move_leaves_history_and_an_event(claimed: Mention, ben: Actor) -> None:
    moved = Transition.objects.get()
    assert (moved.move, moved.from_state, moved.to_state, moved.version) == ("claim", "new", "claimed", 2)
    assert (moved.actor_id, moved.actor_name) == (ben.id, "Ben")
    event = Event.objects.get(type="mention.claimed")
    assert (event.subject_id, event.data["version"]) == (claimed.pk, 2)


def test_an_analyst_cannot_work_mentions(mention: Mention, ivo: Actor, clock: Clock) -> None:
    with pytest.raises(Forbidden, match="Work mentions"):
        claim_mention(mention.pk, by=ivo, seen=1, now=clock.now)
    assert not Transition.objects.exists()


def test_only_the_assignee_or_a_manager_gives_it_back(
    claimed: Mention, ana: Actor, mara: Actor, ben: Actor, clock: Clock
) -> None:
    other = Actor(kind=ben.kind, agency_id=ben.agency_id, id=new_id(), name="Eve", rights=ben.rights)
    with pytest.raises(Forbidden, match="Only who claimed it"):
        release_mention(claimed.pk, by=other, seen=2, now=clock.now)
    released = release_mention(claimed.pk, by=mara, seen=2, now=clock.now)
    assert (released.state, released.assignee_id) == ("new", None)


def test_a_manager_hands_it_on_but_not_to_a_stranger(
    claimed: Mention, mara: Actor, ben: Actor, clock: Clock
) -> None:
    with pytest.raises(Invalid, match="no such member"):
        assign_mention(claimed.pk, member_id=new_id(), by=mara, seen=2, now=clock.now)
    assert mara.id is not None
    assert assign_mention(claimed.pk, member_id=mara.id, by=ben, seen=2, now=clock.now).assignee_id == mara.id


def test_a_dismissal_needs_one_of_the_reasons(mention: Mention, ben: Actor, clock: Clock) -> None:
    with pytest.raises(Invalid) as refused:
        dismiss_mention(mention.pk, reason="boring", by=ben, seen=1, now=clock.now)
    assert set(refused.value.fields) == {"reason"}
    dismissed = dismiss_mention(mention.pk, reason="spam", by=ben, seen=1, now=clock.now)
    assert (dismissed.state, dismissed.dismiss_reason) == ("dismissed", "spam")


def test_whoever_reopens_a_mention_has_it(mention: Mention, ben: Actor, mara: Actor, clock: Clock) -> None:
    dismiss_mention(mention.pk, reason="spam", by=ben, seen=1, now=clock.now)
    reopened = reopen_mention(mention.pk, by=mara, seen=2, now=clock.now)
    assert (reopened.state, reopened.assignee_id, reopened.dismiss_reason) == ("claimed", mara.id, "")


def test_a_closed_mention_keeps_its_priority(mention: Mention, ben: Actor, clock: Clock) -> None:
    dismiss_mention(mention.pk, reason="spam", by=ben, seen=1, now=clock.now)
    with pytest.raises(MoveNotPossible, match="keeps its priority"):
        set_priority(mention.pk, priority="urgent", by=ben, seen=2, now=clock.now)


def test_absent_looks_like_foreign(ben: Actor, clock: Clock) -> None:
    with pytest.raises(NotFound):
        claim_mention(new_id(), by=ben, seen=None, now=clock.now)
