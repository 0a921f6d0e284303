"""Exports: everything about the agency, a client or an author, to take away."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.renderers import Orjson
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, OrNull, PageFilters
from agency.api.views import ApiView
from agency.models import Export
from agency.rights import Right
from workflows.actions.exports import delete_export, request_export
from workflows.api.subjects import ID_OR_NULL, about, named_in, one_subject
from workflows.download import ZIP, download
from workflows.queries.exports import get_export, list_exports, rows_so_far


@example({"kind": "client", "client": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08"})
class ExportInput(Input):
    kind = serializers.ChoiceField(Export.Kind.choices)
    client = Id(required=False, allow_null=True, default=None, help_text="For the kind `client`: which one.")
    author = Id(required=False, allow_null=True, default=None, help_text="For the kind `author`: which one.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return one_subject(attrs)


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e31",
        "kind": "client",
        "client": "0195677c-0a54-7000-8d2f-0f3c9a6b1e08",
        "author": None,
        "state": "ready",
        "created_by": "Ana",
        "created_at": "2026-03-06T17:04:00Z",
        "ready_at": "2026-03-06T17:04:09Z",
        "expires_at": "2026-03-13T17:04:09Z",
        "rows": 5120,
        "size": 482113,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "error": None,
    }
)
class ExportOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Export.Kind.choices)
    client = serializers.SerializerMethodField(help_text="Of the kind `client`: which one.")
    author = serializers.SerializerMethodField(help_text="Of the kind `author`: which one.")
    state = serializers.ChoiceField(Export.State.choices)
    created_by = serializers.CharField(source="requested_by")
    created_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When the file is deleted.")
    rows = serializers.SerializerMethodField(help_text="Records so far.")
    size = serializers.IntegerField(help_text="In bytes.")
    sha256 = OrNull(help_text="Of the file.")
    error = OrNull()

    @extend_schema_field(ID_OR_NULL)
    def get_client(self, export: Export) -> Any:
        return about(export, Export.Kind.CLIENT)

    @extend_schema_field(ID_OR_NULL)
    def get_author(self, export: Export) -> Any:
        return about(export, Export.Kind.AUTHOR)

    def get_rows(self, export: Export) -> int:
        return rows_so_far(export) if export.state == Export.State.QUEUED else export.rows


class Zip(Orjson):
    """Named by who asks for the file as what it is; errors are JSON still."""

    media_type = ZIP
    format = "zip"


class ExportViews(ApiView):
    rights = {
        "list": Right.DATA,
        "create": Right.DATA,
        "retrieve": Right.DATA,
        "download": Right.DATA,
        "destroy": Right.DATA,
    }
    filters = {"list": PageFilters}

    def get_renderers(self) -> list[Any]:
        return [Orjson(), Zip()] if self.action == "download" else super().get_renderers()

    @operation("list_exports", "Exports, newest first", gives=ExportOutput(many=True))
    def list(self, request: Request) -> Response:
        return self.page(list_exports(by=self.actor), ExportOutput, by="-created_at", kind="t")

    @operation(
        "request_export",
        "Ask for an export of everything about the agency, a client or an author",
        takes=ExportInput,
        gives=ExportOutput,
        status=201,
        conflicts=True,
        description="It is made in the background: look again until its `state` is `ready`. Its file, a ZIP of JSON lines "
        "with a table for spreadsheets, can be downloaded for a week.",
    )
    def create(self, request: Request) -> Response:
        body = self.body(ExportInput)
        with named_in(body):
            export = request_export(**body, by=self.actor, now=clock.now())
        return Response(ExportOutput(export).data, status=201)

    @operation("get_export", "An export, and how far it is", gives=ExportOutput)
    def retrieve(self, request: Request, export_id: UUID) -> Response:
        return Response(ExportOutput(get_export(export_id, by=self.actor)).data)

    @operation("delete_export", "Delete an export's file now instead of in a week", status=204)
    def destroy(self, request: Request, export_id: UUID) -> Response:
        delete_export(get_export(export_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

    @extend_schema(
        operation_id="download_export",
        summary="Download an export's file",
        description="Written down in the activity log.",
        request=None,
        responses={(200, ZIP): OpenApiResponse(OpenApiTypes.BINARY, description="The ZIP file.")},
    )
    def download(self, request: Request, export_id: UUID) -> Any:
        return download(get_export(export_id, by=self.actor), by=self.actor)

    download.conflicts = True  # type: ignore[attr-defined]
