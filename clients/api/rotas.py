"""Rotas: who takes turns at being on call."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import time
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.called import called
from agency.api.pagination import paged
from agency.api.schema import example, operation
from agency.api.serializers import Day, Id, Input, Named, PageFilters, Text, Whole
from agency.api.views import ApiView
from agency.queries.paging import keyset
from agency.rights import Right
from clients.actions.rotas import NewLayer, add_rota, change_rota, end_rota
from clients.api.duty import BEN, MARA, named
from clients.api.overrides import OVERRIDE, OverrideOutput, override_shown
from clients.api.references import named_client
from clients.api.weeks import WeekInput, WeekOutput, asked_week, shown_week
from clients.models import Rota, RotaLayer
from clients.opening import DAY_FIELDS
from clients.queries.rotas import Person, get_rota, holds_until, list_rotas, people

_LAYER = {
    "members": [BEN["id"], MARA["id"]],
    "since": "2026-03-02",
    "at": "09:00",
    "turn_days": 7,
    "week": {
        **{day: [{"opens": "18:00", "closes": "09:00"}] for day in DAY_FIELDS[:5]},
        **{day: [{"opens": "00:00", "closes": "24:00"}] for day in DAY_FIELDS[5:]},
    },
}


class RotaLayerInput(Input):
    members = serializers.ListField(
        child=Id(), max_length=30, help_text="In the order in which they take turns."
    )
    since = Day(help_text="The local day on which the first of them takes over.")
    at = serializers.RegexField(
        r"^([01][0-9]|2[0-3]):[0-5][0-9]$", default="09:00", help_text="Local time of every hand-over."
    )
    turn_days = Whole(default=7, min_value=1, max_value=90, help_text="Local days that a turn lasts.")
    week = WeekInput(
        required=False, allow_null=True, default=None, help_text="The hours it is on; null: always."
    )


@example({"name": "Evenings and weekends", "time_zone": "Europe/Riga", "layers": [_LAYER]})
class RotaChanges(Input):
    name = Text(max_length=120)
    time_zone = Text(max_length=64, help_text="An IANA name, such as Europe/Riga.")
    layers = serializers.ListField(
        child=RotaLayerInput(),
        max_length=5,
        help_text="Where nobody of the first is on, the next one is asked.",
    )


@example({"client": None, "name": "Evenings and weekends", "time_zone": "Europe/Riga", "layers": [_LAYER]})
class RotaInput(RotaChanges):
    client = Id(required=False, allow_null=True, default=None, help_text="Null: every client without a rota.")


class RotaLayerOutput(serializers.Serializer[Any]):
    members = Named(many=True)
    since = serializers.DateField()
    at = serializers.CharField()
    turn_days = serializers.IntegerField()
    week = WeekOutput(allow_null=True)


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e40",
        "client": None,
        "name": "Evenings and weekends",
        "time_zone": "Europe/Riga",
        "layers": [{**_LAYER, "members": [BEN, MARA]}],
        "overrides": [OVERRIDE],
        "created_at": "2026-03-02T08:00:00Z",
    }
)
class RotaOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client = Named(allow_null=True)
    name = serializers.CharField()
    time_zone = serializers.CharField()
    layers = RotaLayerOutput(many=True)
    overrides = OverrideOutput(many=True, help_text="Those that aren't over, in the order they were made.")
    created_at = serializers.DateTimeField()


def _shown(rota: Rota, known: Mapping[UUID, Person]) -> dict[str, Any]:
    now = clock.now()
    about = {
        "id": rota.pk,
        "client": rota.client,
        "name": rota.name,
        "time_zone": rota.zone,
        "layers": [_layer(layer, known) for layer in rota.layers.all()],
        "overrides": [override_shown(row, known) for row in rota.overrides.all() if holds_until(row) > now],
        "created_at": rota.created_at,
    }
    return dict(RotaOutput(about).data)


def _layer(layer: RotaLayer, known: Mapping[UUID, Person]) -> dict[str, Any]:
    return {
        "members": [named(member, known) for member in layer.members],
        "since": layer.since,
        "at": f"{layer.at:%H:%M}",
        "turn_days": layer.every,
        "week": None if layer.week is None else shown_week(layer.week),
    }


def _asked(given: Sequence[Mapping[str, Any]]) -> list[NewLayer]:
    return [
        NewLayer(
            members=layer["members"],
            since=layer["since"],
            at=time.fromisoformat(layer["at"]),
            every=layer["turn_days"],
            week=None if layer["week"] is None else asked_week(layer["week"]),
        )
        for layer in given
    ]


class RotaViews(ApiView):
    rights = {
        "list": Right.READ,
        "create": Right.MANAGE,
        "retrieve": Right.READ,
        "update": Right.MANAGE,
        "destroy": Right.MANAGE,
    }
    filters = {"list": PageFilters}

    @operation("list_rotas", "Rotas, by name", gives=RotaOutput(many=True))
    def list(self, request: Request) -> Response:
        rows = list_rotas(by=self.actor)
        found = keyset(rows, by="name", kind="s", cursor=self.asked.get("cursor"), limit=self.asked["limit"])
        known = people()
        return paged(self.request, [_shown(rota, known) for rota in found.rows], following=found.next)

    @operation(
        "add_rota",
        "Set up who is on call",
        takes=RotaInput,
        gives=RotaOutput,
        status=201,
        conflicts=True,
        description="One rota a client, and one for all that have none of their own.",
    )
    def create(self, request: Request) -> Response:
        given = self.body(RotaInput)
        client = named_client(given["client"], by=self.actor) if given["client"] else None
        with _called():
            rota = add_rota(client=client, **_said(given), by=self.actor, now=clock.now())
        return Response(_shown(rota, people()), status=201)

    @operation("get_rota", "A rota", gives=RotaOutput)
    def retrieve(self, request: Request, rota_id: UUID) -> Response:
        return Response(_shown(get_rota(rota_id, by=self.actor), people()))

    @operation("change_rota", "Change who is on call", takes=RotaChanges, gives=RotaOutput)
    def update(self, request: Request, rota_id: UUID) -> Response:
        rota, given = get_rota(rota_id, by=self.actor), self.body(RotaChanges)
        with _called():
            rota = change_rota(rota, **_said(given), by=self.actor, now=clock.now())
        return Response(_shown(rota, people()))

    @operation("end_rota", "End a rota", status=204)
    def destroy(self, request: Request, rota_id: UUID) -> Response:
        end_rota(get_rota(rota_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)


def _called() -> AbstractContextManager[None]:
    return called(zone="time_zone", every="turn_days")


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": given["name"], "zone": given["time_zone"], "layers": _asked(given["layers"])}
