"""What was promised (SLA policies), and whether the client is asked (approval policies)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Input, Named, Whole
from agency.api.views import ApiView
from agency.errors import NotFound
from agency.rights import Right
from clients.actions.policies import LONGEST, WARN_AT, set_approval_policy, set_sla_policy
from clients.models import ApprovalPolicy, SlaPolicy
from clients.queries.clients import current_approval_policy, get_client, match_sla_policies, sla_policy_of
from clients.words import ClockKind, Priority

_TARGETS = {
    "urgent": {"claim": 900, "respond": 3600, "decide": 1800},
    "high": {"claim": 1800, "respond": 14400, "decide": 3600},
    "normal": {"claim": 7200, "respond": 28800, "decide": 14400},
    "low": {"claim": 28800, "respond": 86400, "decide": 86400},
}


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

    @operation("get_approval_policy", "Whether a client is asked before replies", gives=ApprovalPolicyOutput)
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        policy = current_approval_policy(get_client(client_id, by=self.actor).pk)
        return Response(ApprovalPolicyOutput(policy).data)

    @operation(
        "set_approval_policy",
        "Say whether a client is asked before replies",
        takes=ApprovalPolicyInput,
        gives=ApprovalPolicyOutput,
        description="Each change is a new version.",
    )
    def update(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        given = self.body(ApprovalPolicyInput)
        policy = set_approval_policy(client=client, **given, by=self.actor, now=clock.now())
        return Response(ApprovalPolicyOutput(policy).data)


class Target(Whole):
    """Seconds, at most 90 days."""

    def __init__(self) -> None:
        super().__init__(min_value=1, max_value=int(LONGEST.total_seconds()))


class TargetsInput(Input):
    """Seconds by clock."""

    claim = Target()
    respond = Target()
    decide = Target()


class PrioritiesInput(Input):
    """Targets by priority."""

    urgent = TargetsInput()
    high = TargetsInput()
    normal = TargetsInput()
    low = TargetsInput()


@example({"targets": _TARGETS, "warn_at": [50, 75, 90]})
class SlaPolicyInput(Input):
    targets = PrioritiesInput()
    warn_at = serializers.ListField(
        child=Whole(min_value=1, max_value=99),
        default=list(WARN_AT),
        max_length=20,
        help_text="Rising percentages of a target.",
    )


class TargetsOutput(serializers.Serializer[Any]):
    """Seconds by clock."""

    claim = serializers.FloatField()
    respond = serializers.FloatField()
    decide = serializers.FloatField()


class PrioritiesOutput(serializers.Serializer[Any]):
    """Targets by priority."""

    urgent = TargetsOutput()
    high = TargetsOutput()
    normal = TargetsOutput()
    low = TargetsOutput()


@example(
    {
        "client": None,
        "version": 1,
        "targets": _TARGETS,
        "warn_at": [50, 75, 90],
        "effective_from": "2026-03-06T17:04:00Z",
        "created_by": "Ana",
    }
)
class SlaPolicyOutput(serializers.Serializer[Any]):
    client = Named(allow_null=True, help_text="Whose policy it is; null: the agency's default.")
    version = serializers.IntegerField()
    targets = PrioritiesOutput()
    warn_at = serializers.ListField(child=serializers.IntegerField())
    effective_from = serializers.DateTimeField()
    created_by = serializers.CharField()


def _shown(policy: SlaPolicy | None) -> dict[str, Any]:
    if policy is None:
        raise NotFound
    targets: dict[str, dict[str, float]] = {priority: {} for priority in Priority.values}
    for target in policy.targets.all():
        targets[target.priority][target.kind] = target.target.total_seconds()
    about = {
        "client": policy.client,
        "version": policy.version,
        "targets": targets,
        "warn_at": policy.warn_at,
        "effective_from": policy.effective_from,
        "created_by": policy.created_by,
    }
    return dict(SlaPolicyOutput(about).data)


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    """A body as `set_sla_policy` takes it."""
    targets = {
        (Priority(priority), ClockKind(kind)): timedelta(seconds=seconds)
        for priority, row in given["targets"].items()
        for kind, seconds in row.items()
    }
    return {"targets": targets, "warn_at": given["warn_at"]}


class DefaultSlaPolicyViews(ApiView):
    rights = {"retrieve": Right.READ, "update": Right.MANAGE}

    @operation("get_default_sla_policy", "What every client is promised by default", gives=SlaPolicyOutput)
    def retrieve(self, request: Request) -> Response:
        return Response(_shown(sla_policy_of(None)))

    @operation(
        "set_default_sla_policy",
        "Promise every client by default",
        takes=SlaPolicyInput,
        gives=SlaPolicyOutput,
        description="A new version for mentions from now on; clocks that run keep theirs.",
    )
    def update(self, request: Request) -> Response:
        given = _asked(self.body(SlaPolicyInput))
        return Response(_shown(set_sla_policy(client=None, **given, by=self.actor, now=clock.now())))


class SlaPolicyViews(ApiView):
    rights = {"retrieve": Right.READ, "update": Right.MANAGE}

    @operation(
        "get_sla_policy",
        "What a client is promised",
        gives=SlaPolicyOutput,
        description="Its own policy, else the agency's default (then `client` is null).",
    )
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        client_pk = get_client(client_id, by=self.actor).pk
        return Response(_shown(match_sla_policies({client_pk})[client_pk]))

    @operation(
        "set_sla_policy",
        "Promise a client",
        takes=SlaPolicyInput,
        gives=SlaPolicyOutput,
        description="A new version for mentions from now on; clocks that run keep theirs.",
    )
    def update(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        given = _asked(self.body(SlaPolicyInput))
        return Response(_shown(set_sla_policy(client=client, **given, by=self.actor, now=clock.now())))
