"""The hours in which a member is reached."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.called import called
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Named, Text
from agency.api.views import ApiView
from agency.errors import Forbidden, Invalid
from clients.actions.rotas import clear_member_hours, set_member_hours
from clients.api.references import named_calendar
from clients.api.weeks import MORNING, WeekInput, WeekOutput, asked_week, shown_week
from clients.models import MemberHours
from clients.opening import DAY_FIELDS
from clients.queries.rotas import hours_of_member


@example({"time_zone": "Europe/Riga", "week": {"monday": [MORNING]}})
class MemberHoursInput(Input):
    time_zone = Text(
        max_length=64, required=False, allow_blank=True, default="", help_text="An IANA name: of `week`."
    )
    week = WeekInput(required=False, allow_null=True, default=None)
    calendar = Id(required=False, allow_null=True, default=None, help_text="Instead of a week.")


@example(
    {
        "time_zone": "Europe/Riga",
        "week": {**{day: [] for day in DAY_FIELDS}, "monday": [MORNING]},
        "calendar": None,
    }
)
class MemberHoursOutput(serializers.Serializer[Any]):
    time_zone = serializers.CharField(
        allow_null=True, help_text="Null where a calendar says it, or at any time."
    )
    week = WeekOutput(allow_null=True, help_text="Null where a calendar says it, or at any time.")
    calendar = Named(allow_null=True)


def _shown(row: MemberHours | None) -> dict[str, Any]:
    about = {
        "time_zone": (row.zone or None) if row else None,
        "week": shown_week(row.week) if row and row.week is not None else None,
        "calendar": row.calendar if row else None,
    }
    return dict(MemberHoursOutput(about).data)


class MemberHoursViews(ApiView):
    """One's own; a key's are those of the member who made it."""

    rights = {"retrieve": None, "update": None, "destroy": None}

    @operation(
        "get_my_hours",
        "When I work",
        gives=MemberHoursOutput,
        description="What isn't urgent reaches you then. All null: at any time.",
    )
    def retrieve(self, request: Request) -> Response:
        if self.actor.member_id is None:
            raise Forbidden("Only a member has working hours.")
        return Response(_shown(hours_of_member(self.actor.member_id)))

    @operation("set_my_hours", "Say when I work", takes=MemberHoursInput, gives=MemberHoursOutput)
    def update(self, request: Request) -> Response:
        given = self.body(MemberHoursInput)
        calendar = named_calendar(given["calendar"], by=self.actor)
        if calendar is not None and given["week"] is not None:
            raise Invalid.field("calendar", "Send a week or a calendar, not both.")
        with called(zone="time_zone"):
            row = set_member_hours(
                zone=given["time_zone"],
                week=None if given["week"] is None else asked_week(given["week"]),
                calendar=calendar,
                by=self.actor,
                now=clock.now(),
            )
        return Response(_shown(row))

    @operation("clear_my_hours", "Be reached at any time", status=204)
    def destroy(self, request: Request) -> Response:
        clear_member_hours(by=self.actor, now=clock.now())
        return Response(status=204)
