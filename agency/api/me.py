"""Who the caller is."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency.actor import ActorKind
from agency.api.schema import example, operation
from agency.api.serializers import ChoiceOrNull, Named
from agency.api.views import ApiView
from agency.queries.people import get_agency, get_member
from agency.rights import Right, Role


class ActorOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField([ActorKind.MEMBER.value, ActorKind.KEY.value])
    id = serializers.UUIDField()
    name = serializers.CharField()


@example(
    {
        "agency": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e01", "name": "Northlight"},
        "actor": {"kind": "key", "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e02", "name": "Reports"},
        "role": None,
        "rights": ["read"],
        "clients": None,
    }
)
class MeOutput(serializers.Serializer[Any]):
    agency = Named()
    actor = ActorOutput()
    role = ChoiceOrNull(Role.choices, help_text="A member's; a key has rights alone.")
    rights = serializers.ListField(child=serializers.ChoiceField(Right.choices))
    clients = serializers.ListField(
        child=serializers.UUIDField(), allow_null=True, help_text="The only clients that you see; null: all."
    )


class MeViews(ApiView):
    rights = {"retrieve": None}

    @operation("get_me", "Who you are, and what you may do", gives=MeOutput)
    def retrieve(self, request: Request) -> Response:
        me = self.actor
        member = get_member(me.id, agency_id=me.agency_id) if me.kind is ActorKind.MEMBER and me.id else None
        about = {
            "agency": get_agency(by=me),
            "actor": me,
            "role": member.role if member else None,
            "rights": sorted(me.rights),
            "clients": None if me.clients is None else sorted(me.clients),
        }
        return Response(MeOutput(about).data)
