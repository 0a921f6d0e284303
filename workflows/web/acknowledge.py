"""“I have it”: a press on a mention's page that ends its climb."""

from typing import Any
from uuid import UUID

from django.http import QueryDict

from workflows.actions.climbing import acknowledge_mention
from workflows.web.mention import MentionAct


class Acknowledge(MentionAct):
    def act(self, data: QueryDict, mention_id: UUID, **kwargs: Any) -> str:
        acknowledge_mention(mention_id, by=self.actor, now=self.now)
        return "Noted: you have it. Nobody else is told."
