"""What an approver's page shows of the request that a live link leads to."""

from dataclasses import dataclass

from agency.models import Agency
from clients.links import token_digest
from clients.models import Contact
from clients.words import ContactRight
from mentions.queries.mentions import author_history
from workflows.models import Approval, Decision, Version
from workflows.queries.approvals import Found, get_approval, standing_decision
from workflows.queries.conversation import Conversation, conversation_of


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """`zone`: the contact's own, else the client's. `earlier`: posts of this author about the client before.

    `decides`: the contact may decide; without it they only look on.
    """

    agency: Agency
    approval: Approval
    contact: Contact
    zone: str
    decides: bool
    decision: Decision | None
    earlier: int
    conversation: Conversation


def see_request(found: Found) -> RequestSeen | None:
    """Inside the agency. None when the contact left, may not look any longer, or has another mail address by now."""
    pair = get_approval(found)
    if pair is None:
        return None
    approval, contact = pair
    if token_digest(contact.email) != found.address_digest:
        return None
    mention = approval.mention
    return RequestSeen(
        agency=Agency.objects.get(pk=found.agency_id),
        approval=approval,
        contact=contact,
        zone=contact.time_zone or mention.client.time_zone,
        decides=contact.may(ContactRight.DECIDE),
        decision=standing_decision(approval),
        earlier=max(author_history(mention.post.author_id, client_id=mention.client_id) - 1, 0),
        conversation=conversation_of(mention, approval.version.response, approval.version),
    )


def text_with_digest(approval: Approval, digest: str) -> str | None:
    """The text of the version of this response with that digest: what somebody had before them."""
    version = Version.objects.filter(response=approval.version.response, digest=digest).first()
    return version.text if version else None
