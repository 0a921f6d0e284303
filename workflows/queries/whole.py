"""One mention with everything around it: a constant number of queries, and of a part only those that it takes."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
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


@dataclass
class Whole:
    """A mention; what is around it is read when it is first asked for, inside the agency's transaction.

    `versions` newest first; `actions`: what the asker can do now.
    """

    mention: Mention
    by: Actor
    now: datetime

    @cached_property
    def _reply(self) -> tuple[Response | None, list[Version]]:
        return open_response(self.mention)

    @property
    def response(self) -> Response | None:
        return self._reply[0]

    @property
    def versions(self) -> list[Version]:
        return self._reply[1]

    @cached_property
    def clocks(self) -> list[ClockView]:
        return clocks_of(self.mention, now=self.now)

    @cached_property
    def ledger(self) -> Ledger:
        return ledger_of(self.mention, now=self.now)

    @cached_property
    def approval(self) -> Approval | None:
        return latest_approval(self.mention)

    @cached_property
    def decisions(self) -> list[Decision]:
        return decisions_of(self.approval) if self.approval else []

    @cached_property
    def publication(self) -> Publication | None:
        return latest_publication(self.mention)

    @cached_property
    def history(self) -> list[Happening]:
        return history_of(self.mention)

    @cached_property
    def actions(self) -> list[str]:
        return possible_actions(
            self.mention,
            by=self.by,
            has_reply=bool(self.response and self.response.closed_at is None and self.versions),
            asks=current_approval_policy(self.mention.client_id).asks,
            publication=self.publication,
        )

    @cached_property
    def conversation(self) -> Conversation:
        return conversation_of(self.mention, self.response, self.versions[0] if self.versions else None)


def get_whole(mention_id: UUID, *, by: Actor, now: datetime) -> Whole:
    """Raises: NotFound, Forbidden."""
    return Whole(get_mention(mention_id, by=by), by, now)
