"""Requests to the client: what they are asked, who was mailed, what was decided; and reminding them."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Named, OrNull, PageFilters
from agency.api.views import ApiView
from agency.rights import Right
from clients.words import ReplyKind
from workflows.actions.reminders import remind_approvers
from workflows.api.outputs import DecisionOutput, VersionOutput
from workflows.models import Approval
from workflows.queries.requests import Request as Asking
from workflows.queries.requests import get_request, list_requests

_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_REQUEST = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e44",
    "mention": "0195677c-0a54-7000-8d2f-0f3c9a6b1e06",
    "client": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08", "name": "Brightwater"},
    "state": "open",
    "version": 1,
    "kind": "apology",
    "text": "We're sorry, Pauls. From tomorrow we open at eight.",
    "requested_by": "Ben",
    "requested_at": "2026-03-06T17:14:00Z",
    "needed_by": "2026-03-06T18:14:00Z",
    "delivered_at": "2026-03-06T17:14:03Z",
    "closed_at": None,
}


class RequestFilters(PageFilters):
    client = serializers.UUIDField(required=False, help_text="Only what this client is asked.")
    mention = serializers.UUIDField(required=False, help_text="Only what is asked about this mention.")
    state = serializers.ChoiceField(
        Approval.State.choices, required=False, help_text="Only those in this state."
    )


@example({"contact": None})
class RemindInput(Input):
    contact = Id(
        required=False,
        allow_null=True,
        default=None,
        help_text="The only one who is mailed; null: all approvers.",
    )


@example(_REQUEST)
class RequestOutput(serializers.Serializer[Any]):
    """A request to a client's approvers to decide one version of a reply."""

    id = serializers.UUIDField()
    mention = serializers.UUIDField(source="mention_id")
    client = Named(source="mention.client")
    state = serializers.ChoiceField(Approval.State.choices)
    version = serializers.IntegerField(source="version.number")
    kind = serializers.ChoiceField(ReplyKind.choices, source="version.response.kind")
    text = serializers.CharField(source="version.text", help_text="What they are asked to agree to.")
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    needed_by = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When the first mail with a link arrived: from then on the time is the client's.",
    )
    closed_at = serializers.DateTimeField(allow_null=True)


class AskedOutput(serializers.Serializer[Any]):
    """An approver who was mailed a link."""

    contact = serializers.UUIDField(source="contact_id", allow_null=True)
    name = serializers.CharField()
    email = serializers.EmailField()
    sent_at = serializers.DateTimeField(
        allow_null=True, help_text="The first mail; null: none has gone out yet."
    )
    error = OrNull(help_text="Why the last mail can't arrive.")
    decided_at = serializers.DateTimeField(allow_null=True)


@example(
    {
        **_REQUEST,
        "asked": [
            {
                "contact": "0195677c-0a54-7000-8d2f-0f3c9a6b1e09",
                "name": "Dora",
                "email": "dora@brightwater.example",
                "sent_at": "2026-03-06T17:14:03Z",
                "error": None,
                "decided_at": None,
            }
        ],
        "decisions": [],
        "versions": [
            {
                "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e45",
                "number": 1,
                "text": "We're sorry, Pauls. From tomorrow we open at eight.",
                "digest": _DIGEST,
                "lane": "hand_made",
                "author": "Ben",
                "author_kind": "member",
                "created_at": "2026-03-06T17:12:00Z",
            }
        ],
    }
)
class WholeRequestOutput(RequestOutput):
    asked = AskedOutput(many=True)
    decisions = DecisionOutput(many=True, help_text="Oldest first; undone and void ones too.")
    versions = VersionOutput(many=True, help_text="Of the reply, newest first.")


class ApprovalViews(ApiView):
    rights = {"list": Right.READ, "retrieve": Right.READ, "remind": Right.RESPOND}
    filters = {"list": RequestFilters}

    @operation(
        "list_approvals", "What clients are asked to decide, newest first", gives=RequestOutput(many=True)
    )
    def list(self, request: Request) -> Response:
        rows = list_requests(
            by=self.actor,
            mention_id=self.asked.get("mention"),
            client_id=self.asked.get("client"),
            state=self.asked.get("state", ""),
        )
        return self.page(rows, RequestOutput, by="-requested_at", kind="t")

    @operation(
        "get_approval",
        "What a client is asked, who was mailed, and what was decided",
        gives=WholeRequestOutput,
    )
    def retrieve(self, request: Request, approval_id: UUID) -> Response:
        return Response(_shown(get_request(approval_id, by=self.actor)))

    @operation(
        "remind_approvers",
        "Mail approvers a fresh link",
        takes=RemindInput,
        gives=WholeRequestOutput,
        conflicts=True,
        description="To those who had none in the last five minutes. Links are in mails alone: no answer shows one.",
    )
    def remind(self, request: Request, approval_id: UUID) -> Response:
        given = self.body(RemindInput)
        remind_approvers(approval_id, contact_id=given["contact"], by=self.actor, now=clock.now())
        return Response(_shown(get_request(approval_id, by=self.actor)))


def _shown(asking: Asking) -> dict[str, Any]:
    return {
        **RequestOutput(asking.approval).data,
        "asked": AskedOutput(asking.asked, many=True).data,
        "decisions": DecisionOutput(asking.decisions, many=True).data,
        "versions": VersionOutput(asking.versions, many=True).data,
    }
