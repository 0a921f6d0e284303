"""The report of one mention, to be read or printed: everything to the second."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.rights import Right
from agency.web.views import StaffPage
from workflows.queries.report import Message, Milestone, get_report
from workflows.web.clock_lines import clock_lines
from workflows.web.history import history_lines
from workflows.web.ledger_drawing import exactly
from workflows.web.mention_context import ledger_drawn
from workflows.web.post import post_shown

_CALLED = {
    "published": "The post was published",
    "found": "We saw it",
    "told": "Somebody was told",
    "acknowledged": "Somebody acknowledged it",
    "seen": "The client saw it",
    "claimed": "It was claimed",
    "asked": "The client was asked",
    "reached": "The request reached the client",
    "decided": "The client decided",
    "dismissed": "It was dismissed",
    "answered": "The reply was live",
}
_SENT = {"queued": "waiting", "sending": "being sent", "sent": "sent", "failed": "not sent"}
_KINDS = {
    "approval.request": "Request to decide",
    "decision.receipt": "Receipt for a decision",
    "decision.told": "News of a decision",
    "claim.returned": "A claim went back",
    "mention.urgent": "Something urgent",
    "excuse.decided": "An excuse was decided",
}


class MentionReport(StaffPage):
    right = Right.READ
    nav = "inbox"

    def get(self, request: HttpRequest, mention_id: UUID) -> HttpResponse:
        report = get_report(mention_id, by=self.actor, now=self.now)
        desk = report.desk
        mention = desk.mention
        context = {
            "mention": mention,
            "client_name": mention.client.name,
            "post": post_shown(mention),
            "back_url": reverse("mention", args=[mention_id]),
            "milestones": [_milestone(milestone, mention.published_at) for milestone in report.milestones],
            "drawing": ledger_drawn(desk),
            "open": True,
            "promises": clock_lines(desk, by=self.actor),
            "messages_sent": [_message(message) for message in report.messages],
            "history": [*reversed(history_lines(desk))],
        }
        return self.page("workflows/report.html", context)


def _milestone(milestone: Milestone, since: datetime) -> dict[str, Any]:
    return {
        "said": _CALLED[milestone.what],
        "who": milestone.who,
        "at": milestone.at,
        "after": exactly(since, milestone.at) if milestone.at >= since else "",
        "gap": milestone.at - since > timedelta(0),
    }


def _message(message: Message) -> dict[str, Any]:
    said = _KINDS.get(message.kind) or message.kind.replace(".", ", ").replace("_", " ").capitalize()
    return {
        "said": said,
        "to": message.to,
        "via": message.via,
        "at": message.sent_at or message.created_at,
        "state": _SENT.get(message.state, message.state),
        "acknowledged_at": message.acknowledged_at,
        "acknowledged_by": message.acknowledged_by,
    }
