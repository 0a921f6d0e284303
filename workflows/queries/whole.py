"""One mention with everything around it: a constant number of queries."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agency.actor import Actor
from clients.queries.clients import current_approval_policy
from mentions.models import Mention
from mentions.queries.mentions import get_mention
from workflows.ledger import Ledger
from workflows.models import Approval, Decision, Publication, Response, Version
from workflows.queries.conversation import Conversation, conversation_of
from workflows.queries.ledgers import ledger_of
from workflows.queries.mention import (
    ClockView,
    Happening,
    clocks_of,
    decisions_of,
    history_of,
    latest_approval,
    latest_publication,
    open_response,
)
from workflows.queries.possible import possible_actions


@dataclass(frozen=True, slots=True)
class Whole:
    """`versions` newest first; `actions`: what the asker can do now."""

    mention: Mention
    clocks: list[ClockView]
    ledger: Ledger
    response: Response | None
    versions: list[Version]
    approval: Approval | None
    decisions: list[Decision]
    publication: Publication | None
    history: list[Happening]
    actions: list[str]
    conversation: Conversation


def get_whole(mention_id: UUID, *, by: Actor, now: datetime) -> Whole:
    """Raises: NotFound, Forbidden."""
    mention = get_mention(mention_id, by=by)
    response, versions = open_response(mention)
    approval, publication = latest_approval(mention), latest_publication(mention)
    return Whole(
        mention=mention,
        clocks=clocks_of(mention, now=now),
        ledger=ledger_of(mention, now=now),
        response=response,
        versions=versions,
        approval=approval,
        decisions=decisions_of(approval) if approval else [],
        publication=publication,
        history=history_of(mention),
        actions=possible_actions(
            mention,
            by=by,
            has_reply=bool(response and response.closed_at is None and versions),
            asks=current_approval_policy(mention.client_id).asks,
            publication=publication,
        ),
        conversation=conversation_of(mention, response, versions[0] if versions else None),
    )
