"""The agency's own settings."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.members import change_agency
from agency.api.schema import example, operation
from agency.api.serializers import Input, Switch, Text, Whole
from agency.api.views import ApiView
from agency.queries.people import get_agency
from agency.rights import Right


@example({"undo_seconds": 120, "second_factor_required": True})
class AgencyInput(Input):
    name = Text(max_length=120)
    time_zone = Text(max_length=64, help_text="An IANA name, such as Europe/Riga.")
    undo_seconds = Whole(
        min_value=0, max_value=300, help_text="How long an approver can take a decision back."
    )
    second_factor_required = Switch(
        help_text="Members without a second factor are led to set one up before they see anything of the agency."
    )


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e01",
        "name": "Northlight",
        "time_zone": "Europe/Riga",
        "undo_seconds": 60,
        "second_factor_required": False,
        "created_at": "2026-03-06T17:04:00Z",
    }
)
class AgencyOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    undo_seconds = serializers.IntegerField()
    second_factor_required = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class AgencyViews(ApiView):
    rights = {"retrieve": Right.READ, "partial_update": Right.AGENCY}

    @operation("get_agency", "The agency", gives=AgencyOutput)
    def retrieve(self, request: Request) -> Response:
        return Response(AgencyOutput(get_agency(by=self.actor)).data)

    @operation("change_agency", "Change the agency's settings", takes=AgencyInput, gives=AgencyOutput)
    def partial_update(self, request: Request) -> Response:
        changes = self.body(AgencyInput)
        agency = change_agency(get_agency(by=self.actor), changes=changes, by=self.actor, now=clock.now())
        return Response(AgencyOutput(agency).data)
