"""“Remind them”: a press on a mention's page that mails the client's approvers a fresh link."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse

from agency.errors import DomainError
from agency.web.answers import see_other
from workflows.actions.reminders import NothingToRemindOf, RemindedJustNow, remind_approvers
from workflows.web.mention import MentionAct


class Remind(MentionAct):
    def act(self, data: QueryDict, mention_id: UUID, **kwargs: Any) -> str:
        approval = self.desk(mention_id).approval
        if approval is None:
            raise NothingToRemindOf("Nobody is asked about this mention.")
        remind_approvers(approval.pk, by=self.actor, now=self.now)
        return "A fresh link is on its way to the client's approvers."

    def refused(self, error: DomainError) -> HttpResponse:
        """The mention is as it was shown: there is nothing to look at again."""
        if not isinstance(error, RemindedJustNow):
            return super().refused(error)
        messages.warning(self.request, error.message)
        return see_other(self.request, reverse("mention", args=[self.kwargs["mention_id"]]))
