"""Overrides: somebody takes a rota over for a while."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Moment, Named, Text
from agency.api.views import ApiView
from agency.rights import Right
from clients.actions.rotas import add_override, end_override, take_over
from clients.api.duty import MARA, named
from clients.models import RotaOverride
from clients.queries.rotas import Person, get_override, get_rota, holds_until, people

OVERRIDE = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e41",
    "rota": "0195677c-0a54-7000-8d2f-0f3c9a6b1e40",
    "member": MARA,
    "starts_at": "2026-03-07T08:00:00Z",
    "ends_at": "2026-03-07T18:00:00Z",
    "note": "Ben is at a wedding",
    "created_at": "2026-03-06T17:04:00Z",
    "created_by": "Ben",
}


@example(
    {
        "member": MARA["id"],
        "starts_at": "2026-03-07T08:00:00Z",
        "ends_at": "2026-03-07T18:00:00Z",
        "note": "Ben is at a wedding",
    }
)
class OverrideInput(Input):
    member = Id()
    starts_at = Moment()
    ends_at = Moment()
    note = Text(max_length=200, required=False, allow_blank=True, default="")


@example(OVERRIDE)
class OverrideOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    rota = serializers.UUIDField()
    member = Named()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(help_text="Or when it was ended before its time.")
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()


def override_shown(row: RotaOverride, known: Mapping[UUID, Person]) -> dict[str, Any]:
    about = {
        "id": row.pk,
        "rota": row.rota_id,
        "member": named(row.member_id, known),
        "starts_at": row.starts_at,
        "ends_at": holds_until(row),
        "note": row.note,
        "created_at": row.made_at,
        "created_by": row.made_by,
    }
    return dict(OverrideOutput(about).data)


class OverrideViews(ApiView):
    rights = {
        "create": Right.RESPOND,
        "take_over": Right.RESPOND,
        "retrieve": Right.READ,
        "destroy": Right.RESPOND,
    }
    address = "overrides/{id}/"

    @operation(
        "add_override",
        "Have somebody take over for a while",
        takes=OverrideInput,
        gives=OverrideOutput,
        status=201,
        description="Of two at once the one that is made later holds.",
    )
    def create(self, request: Request, rota_id: UUID) -> Response:
        rota, given = get_rota(rota_id, by=self.actor), self.body(OverrideInput)
        row = add_override(rota, member_id=given.pop("member"), **given, by=self.actor, now=clock.now())
        return Response(override_shown(row, people()), status=201)

    @operation(
        "take_over_rota",
        "Be on call now, until the turn that goes on ends",
        gives=OverrideOutput,
        status=201,
        conflicts=True,
    )
    def take_over(self, request: Request, rota_id: UUID) -> Response:
        row = take_over(get_rota(rota_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(override_shown(row, people()), status=201)

    @operation("get_override", "An override", gives=OverrideOutput)
    def retrieve(self, request: Request, override_id: UUID) -> Response:
        return Response(override_shown(get_override(override_id, by=self.actor), people()))

    @operation("end_override", "End an override", status=204, conflicts=True)
    def destroy(self, request: Request, override_id: UUID) -> Response:
        end_override(get_override(override_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)
