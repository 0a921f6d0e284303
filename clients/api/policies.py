"""Whether the client is asked before replies (approval policies)."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.preconditions import must_match, tagged
from agency.api.schema import example, operation
from agency.api.serializers import Input
from agency.api.views import ApiView
from agency.rights import Right
from clients.actions.policies import set_approval_policy
from clients.models import ApprovalPolicy
from clients.queries.clients import current_approval_policy, get_client


@example({"asks": "client"})
class ApprovalPolicyInput(Input):
    asks = serializers.ChoiceField(ApprovalPolicy.Asks.choices)


@example({"version": 1, "asks": "client", "created_at": "2026-03-06T17:04:00Z", "created_by": "Ana"})
class ApprovalPolicyOutput(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    asks = serializers.ChoiceField(ApprovalPolicy.Asks.choices)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()


class ApprovalPolicyViews(ApiView):
    rights = {"retrieve": Right.READ, "update": Right.MANAGE}

    @operation(
        "get_approval_policy",
        "Whether a client is asked before replies",
        gives=ApprovalPolicyOutput,
        tagged=True,
    )
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        policy = current_approval_policy(get_client(client_id, by=self.actor).pk)
        return tagged(ApprovalPolicyOutput(policy).data, policy.version)

    @operation(
        "set_approval_policy",
        "Say whether a client is asked before replies",
        takes=ApprovalPolicyInput,
        gives=ApprovalPolicyOutput,
        if_match="required",
        tagged=True,
        description="Each change is a new version.",
    )
    def update(self, request: Request, client_id: UUID) -> Response:
        seen, client = must_match(request), get_client(client_id, by=self.actor)
        given = self.body(ApprovalPolicyInput)
        policy = set_approval_policy(client=client, **given, seen=seen, by=self.actor, now=clock.now())
        return tagged(ApprovalPolicyOutput(policy).data, policy.version)
