"""Calendars as bodies: what comes in, and what goes out."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from rest_framework import serializers

from agency.api.called import called
from agency.api.schema import example
from agency.api.serializers import Day, Id, Input, Moment, Named, Text
from clients.api.weeks import (
    AFTERNOON,
    MORNING,
    IntervalOutput,
    Intervals,
    WeekInput,
    WeekOutput,
    asked_week,
    intervals,
    pairs,
    shown_week,
)
from clients.models import Calendar, CalendarVersion
from clients.opening import DAY_FIELDS, MOST_EXCEPTIONS, Opening, OtherDay
from clients.queries.calendars import in_force
from clients.words import Cover

_WEEK: dict[str, Any] = {
    day: [MORNING, AFTERNOON] if number < 5 else [] for number, day in enumerate(DAY_FIELDS)
}
MOVES = "Clocks that run are moved soon after; time that has passed keeps the hours it had."
_EVE = {"date": "2026-12-24", "intervals": [MORNING], "name": "Christmas Eve"}
_SAID: dict[str, Any] = {
    "time_zone": "Europe/Riga",
    "week": _WEEK,
    "exceptions": [_EVE],
    "country": "LV",
    "region": "",
}


class OtherDayInput(Input):
    """A date that isn't like its weekday, nor a public holiday if it is one."""

    date = Day()
    intervals = Intervals(help_text="None: closed.")
    name = Text(max_length=120, allow_blank=True, default="")


class OpeningInput(Input):
    time_zone = Text(max_length=64, help_text="An IANA name, such as Europe/Riga.")
    week = WeekInput()
    exceptions = serializers.ListField(child=OtherDayInput(), max_length=MOST_EXCEPTIONS, default=list)
    country = Text(
        max_length=2,
        allow_blank=True,
        default="",
        help_text="Whose public holidays are closed: two letters (ISO 3166-1). Empty: none.",
    )
    region = Text(
        max_length=40,
        allow_blank=True,
        default="",
        help_text="A part of it with holidays of its own, such as BY.",
    )


@example({"client": None, "name": "Office hours", **_SAID})
class CalendarInput(OpeningInput):
    client = Id(required=False, allow_null=True, default=None, help_text="Null: for the whole agency.")
    name = Text(max_length=120)


@example({"name": "Office hours"})
class CalendarName(Input):
    name = Text(max_length=120)


@example({**_SAID, "effective_from": None})
class CalendarVersionInput(OpeningInput):
    effective_from = Moment(
        required=False, allow_null=True, default=None, help_text="A moment to come; null: from now on."
    )


def opening_of(given: dict[str, Any]) -> Opening:
    """A body as the actions take it."""
    return Opening(
        zone=given["time_zone"],
        week=asked_week(given["week"]),
        exceptions=[
            OtherDay(day["date"], pairs(day["intervals"]), day["name"]) for day in given["exceptions"]
        ],
        country=given["country"].upper(),
        region=given["region"],
    )


def as_in_the_body() -> AbstractContextManager[None]:
    """Errors with their fields called as they are in a body."""
    return called(zone="time_zone", **{day: f"week/{day}" for day in DAY_FIELDS})


# Out --------------------------------------------------------------------------------------------------------


class OtherDayOutput(serializers.Serializer[Any]):
    date = serializers.DateField()
    intervals = IntervalOutput(many=True)
    name = serializers.CharField(allow_blank=True)


@example({"date": "2026-11-18", "name": "Republic of Latvia Proclamation Day"})
class HolidayOutput(serializers.Serializer[Any]):
    date = serializers.DateField()
    name = serializers.CharField()


class CalendarVersionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    effective_from = serializers.DateTimeField()
    time_zone = serializers.CharField(source="zone")
    week = WeekOutput()
    exceptions = OtherDayOutput(many=True)
    country = serializers.CharField(allow_blank=True)
    region = serializers.CharField(allow_blank=True)
    holidays = HolidayOutput(many=True, help_text="Closed; written down when the version was made.")
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()

    def to_representation(self, instance: CalendarVersion) -> dict[str, Any]:
        about: dict[str, Any] = {name: getattr(instance, name) for name in _PLAIN}
        about["week"] = shown_week(instance.week)
        about["exceptions"] = [
            {**day, "intervals": intervals(day["intervals"]), "name": day.get("name", "")}
            for day in instance.exceptions
        ]
        return dict(super().to_representation(about))


_PLAIN = (
    "id",
    "version",
    "effective_from",
    "zone",
    "country",
    "region",
    "holidays",
    "created_at",
    "created_by",
)


_CALENDAR: dict[str, Any] = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21",
    "client": None,
    "name": "Office hours",
    "is_default": True,
    "created_at": "2026-03-06T17:04:00Z",
    "archived_at": None,
}


@example(_CALENDAR)
class CalendarOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client = Named(allow_null=True, help_text="Whose it is; null: the whole agency's.")
    name = serializers.CharField()
    is_default = serializers.BooleanField(help_text="The agency's own hours.")
    created_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)


@example(
    {
        **_CALENDAR,
        "version": 1,
        "versions": [
            {
                "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e22",
                "version": 1,
                "effective_from": "2026-03-06T17:04:00Z",
                **_SAID,
                "holidays": [{"date": "2026-12-25", "name": "Christmas Day"}],
                "created_at": "2026-03-06T17:04:00Z",
                "created_by": "Ana",
            }
        ],
    }
)
class WholeCalendarOutput(CalendarOutput):
    version = serializers.IntegerField(help_text="The one that holds now.")
    versions = CalendarVersionOutput(many=True, help_text="In the order in which they take effect.")


def whole(calendar: Calendar, versions: list[CalendarVersion], now: datetime) -> dict[str, Any]:
    about: dict[str, Any] = {name: getattr(calendar, name) for name in map(str, CalendarOutput().fields)}
    return dict(
        WholeCalendarOutput({**about, "version": in_force(versions, now).version, "versions": versions}).data
    )


@example({"at": "2026-03-06T17:04:00Z", "open": False, "changes_at": "2026-03-09T07:00:00Z"})
class OpenNowOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    open = serializers.BooleanField()
    changes_at = serializers.DateTimeField(
        allow_null=True, help_text="When it closes or opens next; null: not in the next 400 days."
    )


@example({"from": "2026-03-06T14:00:00Z", "seconds": 14400, "due_at": "2026-03-09T08:00:00Z"})
class DueOutput(serializers.Serializer[Any]):
    seconds = serializers.IntegerField()
    due_at = serializers.DateTimeField(help_text="The last moment that is in time.")

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateTimeField(), **super().get_fields()}


@example({"calendar": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21"})
class DefaultInput(Input):
    calendar = Id(allow_null=True, help_text="One for the whole agency; null: around the clock.")


@example({"calendar": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21", "name": "Office hours"}})
class DefaultOutput(serializers.Serializer[Any]):
    calendar = Named(allow_null=True, help_text="Null: around the clock.")


@example({"calendar": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21", "cover": "on_call"})
class ClientHoursInput(Input):
    calendar = Id(allow_null=True, help_text="One of its own or of the agency's; null: the agency's hours.")
    cover = serializers.ChoiceField(Cover.choices, help_text="What is done outside of its hours.")


@example(
    {
        "calendar": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21", "name": "Office hours"},
        "runs_by": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e21", "name": "Office hours"},
        "cover": "on_call",
    }
)
class ClientHoursOutput(serializers.Serializer[Any]):
    calendar = Named(allow_null=True, help_text="Its own choice; null: the agency's hours.")
    runs_by = Named(allow_null=True, help_text="What that comes to; null: around the clock.")
    cover = serializers.ChoiceField(Cover.choices)
