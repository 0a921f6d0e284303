"""Erasures of authors, clients and the agency, and the authors that aren't collected any more."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, PageFilters, Text
from agency.api.views import ApiView
from agency.models import Erasure
from agency.rights import Right
from mentions.actions.forgetting import lift_block
from workflows.actions.erasures import call_off, request_erasure
from workflows.api.subjects import ID_OR_NULL, about, named_in, one_subject
from workflows.queries.erasures import get_block, get_erasure, list_blocks, list_erasures


@example(
    {
        "kind": "author",
        "author": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21",
        "confirm": "Pauls Zariņš",
        "reason": "asked",
    }
)
class ErasureInput(Input):
    kind = serializers.ChoiceField(Erasure.Kind.choices)
    client = Id(required=False, allow_null=True, default=None, help_text="For the kind `client`: which one.")
    author = Id(required=False, allow_null=True, default=None, help_text="For the kind `author`: which one.")
    confirm = Text(max_length=200, help_text="The name of who or what is erased, as it is written.")
    reason = serializers.ChoiceField(Erasure.Reason.choices, default=Erasure.Reason.OTHER.value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return one_subject(attrs)


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e32",
        "kind": "author",
        "client": None,
        "author": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21",
        "reason": "asked",
        "state": "done",
        "asked_by": "Ana",
        "asked_at": "2026-03-06T17:04:00Z",
        "due_at": "2026-03-06T17:04:00Z",
        "finished_at": "2026-03-06T17:04:02Z",
        "counts": {"mentions": 3, "posts": 3, "authors": 1},
    }
)
class ErasureOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Erasure.Kind.choices)
    client = serializers.SerializerMethodField(help_text="Of the kind `client`: which one.")
    author = serializers.SerializerMethodField(help_text="Of the kind `author`: which one.")
    reason = serializers.ChoiceField(Erasure.Reason.choices)
    state = serializers.ChoiceField(Erasure.State.choices)
    asked_by = serializers.CharField()
    asked_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="When it begins.")
    finished_at = serializers.DateTimeField(allow_null=True)
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="What → how many were erased so far."
    )

    @extend_schema_field(ID_OR_NULL)
    def get_client(self, erasure: Erasure) -> Any:
        return about(erasure, Erasure.Kind.CLIENT)

    @extend_schema_field(ID_OR_NULL)
    def get_author(self, erasure: Erasure) -> Any:
        return about(erasure, Erasure.Kind.AUTHOR)


class ErasureViews(ApiView):
    rights = {"list": Right.DATA, "create": Right.DATA, "retrieve": Right.DATA, "call_off": Right.DATA}
    filters = {"list": PageFilters}

    @operation("list_erasures", "Erasures, newest first", gives=ErasureOutput(many=True))
    def list(self, request: Request) -> Response:
        return self.page(list_erasures(by=self.actor), ErasureOutput, by="-asked_at", kind="t")

    @operation(
        "request_erasure",
        "Erase an author, an archived client, or the agency",
        takes=ErasureInput,
        gives=ErasureOutput,
        status=201,
        conflicts=True,
        description="Nothing brings it back. Nothing but counts is left, and an erased author isn't collected again. "
        "The agency is erased when its time of grace is over; until then an owner can call it off on the pages, and no "
        "key works.",
    )
    def create(self, request: Request) -> Response:
        body = self.body(ErasureInput)
        with named_in(body):
            erasure = request_erasure(**body, by=self.actor, now=clock.now())
        return Response(ErasureOutput(erasure).data, status=201)

    @operation("get_erasure", "An erasure, and how far it is", gives=ErasureOutput)
    def retrieve(self, request: Request, erasure_id: UUID) -> Response:
        return Response(ErasureOutput(get_erasure(erasure_id, by=self.actor)).data)

    @operation(
        "call_off_erasure",
        "Call off the agency's erasure, before it begins",
        gives=ErasureOutput,
        conflicts=True,
    )
    def call_off(self, request: Request, erasure_id: UUID) -> Response:
        erasure = call_off(get_erasure(erasure_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(ErasureOutput(erasure).data)


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e33",
        "platform": "feed",
        "created_at": "2026-03-06T17:04:00Z",
        "created_by": "Ana",
        "erasure": "0195677c-0a54-7000-8d2f-0f3c9a6b1e32",
    }
)
class BlockOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    platform = serializers.CharField()
    created_at = serializers.DateTimeField(source="since")
    created_by = serializers.CharField(source="by_name")
    erasure = serializers.UUIDField(source="erasure_id", allow_null=True)


class BlockViews(ApiView):
    rights = {"list": Right.DATA, "destroy": Right.DATA}
    filters = {"list": PageFilters}

    @operation(
        "list_author_blocks",
        "Authors who were erased and aren't collected again: without their names, newest first",
        gives=BlockOutput(many=True),
    )
    def list(self, request: Request) -> Response:
        return self.page(list_blocks(by=self.actor), BlockOutput, by="-since", kind="t")

    @operation("lift_author_block", "Collect what an erased author posts again", status=204)
    def destroy(self, request: Request, block_id: UUID) -> Response:
        lift_block(get_block(block_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)
