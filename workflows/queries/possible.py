"""What an actor can do with a mention as it stands, so that nobody is offered what would be refused."""

from agency.actor import Actor
from agency.rights import Right
from clients.models import ApprovalPolicy
from mentions.models import Mention
from mentions.words import CLOSED, State
from workflows.models import Publication
from workflows.words import BY_HAND

P = Publication.State

# The actions on a mention by the names that they have in addresses.
ACTIONS = (
    *("claim", "release", "assign", "priority", "dismiss", "answered", "reopen"),
    *("draft", "submit", "clear", "recall", "revise", "attest", "send-again"),
)


def possible_actions(
    mention: Mention, *, by: Actor, has_reply: bool, asks: str, publication: Publication | None
) -> list[str]:
    """Names from ACTIONS, in their order.

    Args:
        has_reply: whether an open response has a version.
        asks: of the client's approval policy.
        publication: the latest.
    """
    if not by.may(Right.RESPOND):
        return []
    state = State(mention.state)
    found = set(_OF_STATE[state])
    if state == State.CLAIMED and has_reply:
        found.add("submit" if asks == ApprovalPolicy.Asks.CLIENT else "clear")
    if state == State.APPROVED and publication is not None:
        found |= _of_publication(publication)
    if state not in CLOSED:
        found.add("priority")
    is_theirs = by.may(Right.MANAGE) or (by.member_id is not None and by.member_id == mention.assignee_id)
    if not is_theirs:
        found -= {"release", "assign"}
    return [name for name in ACTIONS if name in found]


_OF_STATE: dict[State, frozenset[str]] = {
    State.NEW: frozenset({"claim", "dismiss", "answered"}),
    State.CLAIMED: frozenset({"release", "assign", "dismiss", "answered", "draft"}),
    State.AWAITING_CLIENT: frozenset({"recall", "assign", "dismiss", "answered"}),
    State.APPROVED: frozenset({"assign"}),
    State.RESPONDED: frozenset({"reopen"}),
    State.DISMISSED: frozenset({"reopen"}),
}


def _of_publication(publication: Publication) -> set[str]:
    state = P(publication.state)
    if state == P.SENDING:
        return set()
    found = {"attest"}
    if state != P.AMBIGUOUS:
        found |= {"revise", "answered"}
    if state in {P.FAILED, P.AMBIGUOUS} and publication.lane != BY_HAND:
        found.add("send-again")
    return found
