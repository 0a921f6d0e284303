"""The activity log."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.actor import ActorKind
from agency.api.schema import example, operation
from agency.api.serializers import PageFilters
from agency.api.views import ApiView
from agency.queries.people import list_audit
from agency.rights import Right


class AuditFilters(PageFilters):
    subject = serializers.UUIDField(required=False, help_text="Only what was done to this.")


class AuditActorOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField([kind.value for kind in ActorKind], source="actor_kind")
    id = serializers.UUIDField(source="actor_id", allow_null=True)
    name = serializers.CharField(source="actor_name")
    address = serializers.CharField(help_text="The network address; empty where there was none.")


class AuditSubjectOutput(serializers.Serializer[Any]):
    type = serializers.CharField(source="subject_type")
    id = serializers.UUIDField(source="subject_id", allow_null=True)
    name = serializers.CharField(source="subject_name")


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e07",
        "at": "2026-03-06T17:14:00Z",
        "action": "client.changed",
        "actor": {
            "kind": "member",
            "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e04",
            "name": "Ana",
            "address": "192.0.2.7",
        },
        "subject": {
            "type": "client",
            "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08",
            "name": "Brightwater",
        },
        "details": {"name": ["Bright Water", "Brightwater"]},
    }
)
class AuditOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    action = serializers.CharField()
    actor = AuditActorOutput(source="*")
    subject = AuditSubjectOutput(source="*")
    details = serializers.DictField(help_text="Field → [before, after], or plain facts.")


class AuditViews(ApiView):
    rights = {"list": Right.AUDIT}
    filters = {"list": AuditFilters}

    @operation("list_audit", "The activity log, newest first", gives=AuditOutput(many=True))
    def list(self, request: Request) -> Response:
        entries = list_audit(by=self.actor)
        if "subject" in self.asked:
            entries = entries.filter(subject_id=self.asked["subject"])
        return self.page(entries, AuditOutput, by="-at", kind="t")
