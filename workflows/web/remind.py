"""“Remind them”: a press on a mention's page that mails the client's approvers a fresh link."""

from typing import Any
from uuid import UUID

from django.http import QueryDict

from workflows.actions.reminders import NothingToRemindOf, remind_approvers
from workflows.web.mention import MentionAct


class Remind(MentionAct):
    def act(self, data: QueryDict, mention_id: UUID, **kwargs: Any) -> str:
        approval = self.desk(mention_id).approval
        if approval is None:
            raise NothingToRemindOf("Nobody is asked about this mention.")
        remind_approvers(approval.pk, by=self.actor, now=self.now)
        return "A fresh link is on its way to the client's approvers."
