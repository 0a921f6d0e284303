"""All that the desk shows of one mention, and the list around it, each as one call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from agency.actor import Actor
from agency.models import Membership, Notice
from agency.queries.people import list_workers
from agency.rights import Right
from clients.models import ApprovalPolicy, Template
from clients.queries.clients import current_approval_policy, list_templates
from mentions.models import Mention
from mentions.queries.mentions import author_history, get_mention
from workflows.ledger import Ledger
from workflows.models import Approval, Attempt, Decision, Excuse, Publication, Response, Version
from workflows.queries.conversation import Conversation, conversation_of
from workflows.queries.excuses import excuses_of
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
from workflows.words import REQUEST


@dataclass(frozen=True, slots=True)
class Asked:
    """One contact who was asked, and how the mail fared. `error`: it could not be sent."""

    contact_id: UUID | None
    name: str
    email: str
    sent_at: datetime | None
    error: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Desk:
    """`versions`: of the latest response, newest first. `earlier`: mentions of this client by the same author.

    `actions`: what the one who asks can do now, by the names of `possible_actions`.
    """

    mention: Mention
    clocks: list[ClockView]
    excuses: dict[UUID, list[Excuse]]  # by clock
    ledger: Ledger
    history: list[Happening]
    response: Response | None
    versions: list[Version]
    approval: Approval | None
    asked: list[Asked]
    decision: Decision | None
    publication: Publication | None
    attempts: list[Attempt]
    asks_client: bool
    earlier: int
    actions: list[str]
    members: list[Membership]
    templates: list[Template]
    conversation: Conversation


def get_desk(mention_id: UUID, *, by: Actor, now: datetime) -> Desk:
    """Raises: NotFound."""
    mention = get_mention(mention_id, by=by)
    response, versions = open_response(mention)
    approval = latest_approval(mention)
    decisions = decisions_of(approval) if approval else []
    publication = latest_publication(mention)
    standing = [d for d in decisions if d.state in {Decision.State.PENDING, Decision.State.EFFECTIVE}]
    works = by.may(Right.RESPOND)
    asks = current_approval_policy(mention.client_id).asks
    has_reply = response is not None and response.closed_at is None and bool(versions)
    clocks = clocks_of(mention, now=now)
    return Desk(
        mention=mention,
        clocks=clocks,
        excuses=excuses_of([clock.id for clock in clocks if clock.breached_at]),
        ledger=ledger_of(mention, now=now),
        history=history_of(mention),
        response=response,
        versions=versions,
        approval=approval,
        asked=asked_of(approval, standing) if approval else [],
        decision=standing[-1] if standing else None,
        publication=publication,
        attempts=_attempts(publication) if publication else [],
        asks_client=asks == ApprovalPolicy.Asks.CLIENT,
        earlier=max(author_history(mention.post.author_id, client_id=mention.client_id) - 1, 0),
        actions=possible_actions(mention, by=by, has_reply=has_reply, asks=asks, publication=publication),
        members=list(list_workers(client_id=mention.client_id, by=by).order_by("user__name", "id"))
        if works
        else [],
        templates=list(_templates(mention, by)) if works else [],
        conversation=conversation_of(mention, response, versions[0] if versions else None),
    )


def _templates(mention: Mention, by: Actor) -> Any:
    return list_templates(by=by, client_id=mention.client_id).order_by("name", "id")[:200]


def _attempts(publication: Publication) -> list[Attempt]:
    """The newest first."""
    return list(Attempt.objects.filter(publication=publication).order_by("-started_at", "-number"))


def asked_of(approval: Approval, decisions: list[Decision]) -> list[Asked]:
    """Whoever got (or should have got) the request, by their first mail and their last; and the decisions that stand."""
    notices = Notice.objects.filter(subject_id=approval.pk, kind=REQUEST).order_by("created_at", "id")
    decided = {decision.contact_id: decision.at for decision in decisions}
    found: dict[UUID | None, Asked] = {}
    for notice in notices:
        before = found.get(notice.recipient_id)
        failed = notice.state == Notice.State.FAILED
        found[notice.recipient_id] = Asked(
            contact_id=notice.recipient_id,
            name=notice.to_name or notice.to,
            email=notice.to,
            sent_at=(before.sent_at if before else None) or notice.sent_at,
            error=notice.error if failed else "",
            decided_at=decided.get(notice.recipient_id),
        )
    return list(found.values())
