"""Calendars and their versions."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import operation
from agency.api.serializers import Filters, Moment, PageFilters, YesOrNo
from agency.errors import Invalid
from agency.rights import Right
from clients.actions.calendars import (
    archive_calendar,
    change_calendar,
    create_calendar,
    rename_calendar,
    withdraw_version,
)
from clients.api.calendar_shapes import (
    MOVES,
    CalendarInput,
    CalendarName,
    CalendarOutput,
    CalendarVersionInput,
    DueOutput,
    OpenNowOutput,
    WholeCalendarOutput,
    as_in_the_body,
    opening_of,
    whole,
)
from clients.api.effects import EffectsOutput
from clients.api.previews import LOOKS, Previewing
from clients.api.references import named_client
from clients.models import Calendar
from clients.queries.calendars import (
    get_calendar,
    get_version,
    hours_by_calendar,
    list_calendars,
    state_of,
    versions_of,
)
from clients.terms import LONGEST

# Between these a calendar can say something.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


class CalendarFilters(PageFilters):
    client = serializers.UUIDField(required=False, help_text="Its own, and those for the whole agency.")
    archived = YesOrNo(required=False, default=False, help_text="The archived ones instead of those in use.")


class AtFilters(Filters):
    at = Moment(required=False, help_text="Now, where it is left out.")


class DueFilters(Filters):
    seconds = serializers.IntegerField(
        min_value=0, max_value=int(LONGEST.total_seconds()), help_text="How much open time."
    )

    def get_fields(self) -> dict[str, Any]:
        return {
            **super().get_fields(),
            "from": Moment(required=False, help_text="Now, where it is left out."),
        }


class CalendarViews(Previewing):
    rights = {
        "list": Right.READ,
        "create": Right.MANAGE,
        "retrieve": Right.READ,
        "partial_update": Right.MANAGE,
        "change": Right.MANAGE,
        "preview": Right.MANAGE,
        "withdraw": Right.MANAGE,
        "archive": Right.MANAGE,
        "open": Right.READ,
        "due": Right.READ,
    }
    filters = {"list": CalendarFilters, "open": AtFilters, "due": DueFilters}

    @operation("list_calendars", "Calendars, by name", gives=CalendarOutput(many=True))
    def list(self, request: Request) -> Response:
        asked = self.asked
        rows = list_calendars(by=self.actor, archived=asked["archived"], client_id=asked.get("client"))
        return self.page(rows, CalendarOutput, by="name", kind="s")

    @operation(
        "create_calendar",
        "Add a calendar",
        takes=CalendarInput,
        gives=WholeCalendarOutput,
        status=201,
        description="Nothing runs by it until a client, a promise or the agency does.",
    )
    def create(self, request: Request) -> Response:
        given = self.body(CalendarInput)
        client = named_client(given["client"], by=self.actor) if given["client"] else None
        with as_in_the_body():
            calendar = create_calendar(
                client=client, name=given["name"], opening=opening_of(given), by=self.actor, now=clock.now()
            )
        return self._whole(calendar, status=201)

    @operation("get_calendar", "A calendar with all its versions", gives=WholeCalendarOutput)
    def retrieve(self, request: Request, calendar_id: UUID) -> Response:
        return self._whole(get_calendar(calendar_id, by=self.actor))

    @operation("rename_calendar", "Rename a calendar", takes=CalendarName, gives=WholeCalendarOutput)
    def partial_update(self, request: Request, calendar_id: UUID) -> Response:
        calendar, given = get_calendar(calendar_id, by=self.actor), self.body(CalendarName)
        name = given.get("name", calendar.name)
        return self._whole(rename_calendar(calendar, name=name, by=self.actor, now=clock.now()))

    @operation(
        "change_calendar",
        "Let a calendar say something else",
        takes=CalendarVersionInput,
        gives=WholeCalendarOutput,
        description=f"A new version, from now or from a moment to come. {MOVES} A version that was planned for the same "
        "moment goes. Saying what it says already changes nothing.",
    )
    def change(self, request: Request, calendar_id: UUID) -> Response:
        calendar = get_calendar(calendar_id, by=self.actor)
        self._change(calendar)
        return self._whole(calendar)

    @operation(
        "preview_calendar_change",
        "What another version of a calendar would change",
        takes=CalendarVersionInput,
        gives=EffectsOutput,
        description=LOOKS,
    )
    def preview(self, request: Request, calendar_id: UUID) -> Response:
        calendar = get_calendar(calendar_id, by=self.actor)
        return self.previewed(lambda: self._change(calendar), calendar.client)

    @operation(
        "withdraw_calendar_version",
        "Take a planned version of a calendar back",
        status=204,
        conflicts=True,
        description=f"Of one that holds already, nothing can be taken back. {MOVES}",
    )
    def withdraw(self, request: Request, version_id: UUID) -> Response:
        withdraw_version(get_version(version_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

    @operation(
        "archive_calendar",
        "Archive a calendar",
        gives=WholeCalendarOutput,
        conflicts=True,
        description="Not while something runs by it: the answer says what. What ran by it stays as it was counted.",
    )
    def archive(self, request: Request, calendar_id: UUID) -> Response:
        calendar = get_calendar(calendar_id, by=self.actor)
        return self._whole(archive_calendar(calendar, by=self.actor, now=clock.now()))

    @operation("is_calendar_open", "Is it open, and when does that change?", gives=OpenNowOutput)
    def open(self, request: Request, calendar_id: UUID) -> Response:
        calendar = get_calendar(calendar_id, by=self.actor)
        at = _within("at", self.asked.get("at"))
        is_open, changes_at = state_of(hours_by_calendar([calendar.pk])[calendar.pk], at)
        return Response(OpenNowOutput({"at": at, "open": is_open, "changes_at": changes_at}).data)

    @operation(
        "count_calendar_time",
        "When is an amount of open time used up?",
        gives=DueOutput,
        description="As the clocks count: the earliest moment by which so much open time has passed.",
    )
    def due(self, request: Request, calendar_id: UUID) -> Response:
        calendar = get_calendar(calendar_id, by=self.actor)
        since, seconds = _within("from", self.asked.get("from")), self.asked["seconds"]
        due_at = hours_by_calendar([calendar.pk])[calendar.pk].walk(since, timedelta(seconds=seconds))
        return Response(DueOutput({"from": since, "seconds": seconds, "due_at": due_at}).data)

    def _change(self, calendar: Calendar) -> None:
        given = self.body(CalendarVersionInput)
        since = given["effective_from"]
        with as_in_the_body():
            change_calendar(
                calendar, opening=opening_of(given), effective_from=since, by=self.actor, now=clock.now()
            )

    def _whole(self, calendar: Calendar, *, status: int = 200) -> Response:
        return Response(whole(calendar, versions_of(calendar), clock.now()), status=status)


def _within(name: str, at: datetime | None) -> datetime:
    """Raises: Invalid: a moment of which no calendar says anything."""
    if at is None:
        return clock.now()
    if not EARLIEST <= at < LATEST:
        raise Invalid.field(name, "Choose a moment from 1970 to 2098.")
    return at.astimezone(UTC)
