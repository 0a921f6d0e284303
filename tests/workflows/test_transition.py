from agency.actor import Actor
from mentions.models import Mention
from tests.fixtures import Clock
from workflows.actions.moves import claim_mention


def test_a_claim_makes_the_mention_the_responders(
    inside: None, ben: Actor, mention: Mention, clock: Clock
) -> None:
    claimed = claim_mention(mention.pk, by=ben, seen=1, now=clock.now)
    assert (claimed.state, claimed.assignee_id, claimed.version) == ("claimed", ben.id, 2)
