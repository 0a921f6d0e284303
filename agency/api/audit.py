"""The activity log."""

from collections.abc import Mapping
from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.audit_export import FORMS, export_audit
from agency.actor import ActorKind
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Moment, PageFilters, Text
from agency.api.views import ApiView
from agency.queries.audit import AuditFilters as Filters
from agency.queries.audit import list_audit, with_links
from agency.queries.audit_chain import AT_ONCE, FLAWS, verify
from agency.rights import Right

ACTION = r"^[a-z_]+(\.[a-z_]+)?$"


class AuditFilters(PageFilters):
    text = Text(
        required=False, max_length=200, help_text="In who did it, what it was done to, and the details."
    )
    action = serializers.RegexField(
        ACTION,
        required=False,
        max_length=60,
        help_text="Such as `client.changed`, or `client` for all that is done to clients.",
    )
    actor = serializers.UUIDField(required=False, help_text="Only what this member, key or contact did.")
    actor_kind = serializers.ChoiceField([kind.value for kind in ActorKind], required=False)
    client = serializers.UUIDField(required=False, help_text="Only what concerns this client.")
    subject = serializers.UUIDField(required=False, help_text="Only what was done to this.")
    since = Moment(required=False, help_text="From here on.")
    until = Moment(required=False, help_text="Up to here, and not at this moment itself.")


@example({"form": "csv", "since": "2026-03-01T00:00:00Z"})
class AuditExportInput(Input):
    form = serializers.ChoiceField(sorted(FORMS), help_text="A table, or a JSON object a line.")
    text = Text(required=False, max_length=200, help_text="As in the list; so are the others.")
    action = serializers.RegexField(ACTION, required=False, max_length=60)
    actor = Id(required=False)
    actor_kind = serializers.ChoiceField([kind.value for kind in ActorKind], required=False)
    client = Id(required=False)
    subject = Id(required=False)
    since = Moment(required=False)
    until = Moment(required=False)


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
        "client": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08",
        "details": {"name": ["Bright Water", "Brightwater"]},
        "erased_at": None,
        "number": 42,
        "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }
)
class AuditOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    action = serializers.CharField()
    actor = AuditActorOutput(source="*")
    subject = AuditSubjectOutput(source="*")
    client = serializers.UUIDField(
        source="client_id", allow_null=True, help_text="The client that it concerns."
    )
    details = serializers.DictField(help_text="Field → [before, after], or plain facts.")
    erased_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When what was personal in it was erased; names and details are empty then.",
    )
    number = serializers.IntegerField(allow_null=True, help_text="Its place in the agency's chain.")
    hash = serializers.CharField(allow_null=True, help_text="Of this entry and all before it.")


class FlawOutput(serializers.Serializer[Any]):
    number = serializers.IntegerField(source="seq", allow_null=True, help_text="The place in the chain.")
    entry = serializers.UUIDField(source="entry_id", allow_null=True)
    code = serializers.ChoiceField(FLAWS, source="what")
    detail = serializers.CharField(source="sentence")


@example(
    {
        "holds": True,
        "whole": True,
        "entries": 42,
        "erased": 0,
        "number": 42,
        "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "flaw": None,
    }
)
class ChainOutput(serializers.Serializer[Any]):
    holds = serializers.BooleanField(help_text="Nothing was changed, taken out, put in or moved.")
    whole = serializers.BooleanField(help_text="From the first entry on; else of the newest alone.")
    entries = serializers.IntegerField(help_text="How many were reckoned and hold.")
    erased = serializers.IntegerField(help_text="How many of them lost what was personal in them.")
    number = serializers.IntegerField(source="seq", help_text="Where the chain ends.")
    hash = serializers.CharField(help_text="Note it elsewhere: it proves later what was before it.")
    flaw = FlawOutput(allow_null=True, help_text="The first thing that is wrong.")


class AuditViews(ApiView):
    rights = {"list": Right.AUDIT, "export": Right.AUDIT, "chain": Right.AUDIT}
    filters = {"list": AuditFilters}

    @operation("list_audit", "The activity log, newest first", gives=AuditOutput(many=True))
    def list(self, request: Request) -> Response:
        entries = with_links(list_audit(by=self.actor, filters=_filters(self.asked)))
        return self.page(entries, AuditOutput, by="-at", kind="t")

    @operation(
        "check_audit_chain",
        "Whether the activity log's chain holds",
        gives=ChainOutput,
        description=f"Reckons the newest {AT_ONCE:,} entries again; `manage.py verify_audit` reckons them all.",
    )
    def chain(self, request: Request) -> Response:
        verdict = verify(by=self.actor, last=AT_ONCE)
        return Response(ChainOutput(verdict).data)

    @extend_schema(
        operation_id="export_audit",
        summary="The activity log as a file, oldest first",
        description="A POST, because that it was taken is noted in the activity log.",
        request=AuditExportInput,
        responses={
            (200, kind): OpenApiResponse(OpenApiTypes.BINARY, description="The file.")
            for kind in FORMS.values()
        },
    )
    def export(self, request: Request) -> Any:
        given = self.body(AuditExportInput)
        form = given.pop("form")
        file = export_audit(form=form, filters=_filters(given), by=self.actor, now=clock.now())
        return FileResponse(
            file,
            as_attachment=True,
            filename=f"activity-{clock.now():%Y-%m-%d}.{form}",
            content_type=f"{FORMS[form]}; charset=utf-8",
        )


def _filters(asked: Mapping[str, Any]) -> Filters:
    return Filters(
        text=asked.get("text", ""),
        action=asked.get("action", ""),
        actor_id=asked.get("actor"),
        actor_kind=asked.get("actor_kind", ""),
        client_id=asked.get("client"),
        subject_id=asked.get("subject"),
        since=asked.get("since"),
        until=asked.get("until"),
    )
