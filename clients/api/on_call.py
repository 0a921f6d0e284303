"""Who is on call now, and in the weeks to come."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Filters, Named
from agency.api.views import ApiView
from agency.rights import Right
from clients.api.duty import BEN, MARA, named
from clients.api.references import named_client
from clients.models import Rota
from clients.queries.rotas import Person, on_call, people, rota_covering, turns_of
from clients.rota import Turn

AHEAD = timedelta(days=28)


class OnCallFilters(Filters):
    client = serializers.UUIDField(
        required=False, help_text="Who is on call for this client; else for the agency."
    )


class OnCallTurnOutput(serializers.Serializer[Any]):
    member = Named(allow_null=True, help_text="Null: nobody.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    missing = Named(many=True, help_text="Whose turn it would be, if they could take it.")


_TURN = {
    "member": BEN,
    "starts_at": "2026-03-02T07:00:00Z",
    "ends_at": "2026-03-09T07:00:00Z",
    "missing": [],
}


@example(
    {
        "rota": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e40", "name": "Evenings and weekends"},
        "at": "2026-03-06T17:04:00Z",
        "member": BEN,
        "until": "2026-03-09T07:00:00Z",
        "next": {**_TURN, "member": MARA},
        "turns": [_TURN],
        "gaps": [],
    }
)
class OnCallOutput(serializers.Serializer[Any]):
    rota = Named(allow_null=True, help_text="Null: no rota covers it.")
    at = serializers.DateTimeField()
    member = Named(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    next = OnCallTurnOutput(allow_null=True)
    turns = OnCallTurnOutput(many=True, help_text="Of the next four weeks.")
    gaps = OnCallTurnOutput(many=True, help_text="Those that somebody can't take, and those without anybody.")


class OnCallViews(ApiView):
    rights = {"retrieve": Right.READ}
    filters = {"retrieve": OnCallFilters}

    @operation("get_on_call", "Who is on call", gives=OnCallOutput)
    def retrieve(self, request: Request) -> Response:
        asked = self.asked.get("client")
        client_id = named_client(asked, by=self.actor).pk if asked else None
        rota, now = rota_covering(client_id), clock.now()
        about = _nobody(now) if rota is None else _duty(rota, client_id, now)
        return Response(OnCallOutput(about).data)


def _nobody(now: datetime) -> dict[str, Any]:
    return {**dict.fromkeys(("rota", "member", "until", "next")), "at": now, "turns": [], "gaps": []}


def _duty(rota: Rota, client_id: UUID | None, now: datetime) -> dict[str, Any]:
    known = people()
    current = on_call(rota, now, client_id=client_id, known=known)
    turns = turns_of(rota, now, now + AHEAD, known=known, client_id=client_id)
    return {
        "rota": rota,
        "at": now,
        "member": named(current.member, known) if current.member else None,
        "until": current.until,
        "next": _turn(current.next, known) if current.next else None,
        "turns": [_turn(turn, known) for turn in turns],
        "gaps": [_turn(turn, known) for turn in turns if turn.missing or turn.member is None],
    }


def _turn(turn: Turn, known: Mapping[UUID, Person]) -> dict[str, Any]:
    return {
        "member": named(turn.member, known) if turn.member else None,
        "starts_at": turn.start,
        "ends_at": turn.end,
        "missing": [named(member, known) for member in turn.missing],
    }
