"""One mention with everything around it: a constant number of queries, and of a part only those that it takes."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from agency.actor import Actor
from agency.remembered import asked_together
from clients.queries.clients import asked_for_policy, current_approval_policy
from mentions.models import Mention
from mentions.queries.mentions import asked_for, get_mention
from workflows.ledger import Ledger
from workflows.models import Approval, Decision, Publication, Response, Version
from workflows.queries.conversation import Conversation, asked_for_conversation, conversation_of
from workflows.queries.ledgers import asked_for_ledger, ledger_of
from workflows.queries.mention import (
    ClockView,
    Happening,
    asked_for_clocks_and_history,
    asked_for_reply,
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

    def read(self) -> None:
        """All of it, most of it asked at once. What nobody wrote yet was submitted to nobody, and not published."""
        always, replied = asked_for_clocks_and_history(self.mention.pk)
        ledger, ledger_replied = asked_for_ledger(self.mention.pk)
        asked = [*always, *ledger, *asked_for_conversation(self.mention)]
        asked.append(asked_for_policy(self.mention.client_id))
        of_reply = [*replied, *ledger_replied]
        if self.response is not None:
            asked, of_reply = [*asked, *of_reply], []
        with asked_together(asked, empty=of_reply):
            _ = self.clocks, self.ledger, self.approval, self.decisions, self.publication
            _ = self.history, self.actions, self.conversation


def get_whole(mention_id: UUID, *, by: Actor, now: datetime) -> Whole:
    """With all that is around it. Raises: NotFound, Forbidden."""
    with asked_together([asked_for(mention_id), asked_for_reply(mention_id)]):
        whole = get_parts(mention_id, by=by, now=now)
        _ = whole.response
    whole.read()
    return whole


def get_parts(mention_id: UUID, *, by: Actor, now: datetime) -> Whole:
    """With what is then asked of it. Raises: NotFound, Forbidden."""
    return Whole(get_mention(mention_id, by=by), by, now)
