"""The agency's hours: the calendar that clients without hours of their own run by."""

from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import operation
from agency.rights import Right
from clients.actions.calendars import set_default_calendar
from clients.api.calendar_shapes import MOVES, DefaultInput, DefaultOutput
from clients.api.effects import EffectsOutput
from clients.api.previews import LOOKS, Previewing
from clients.api.references import named_calendar
from clients.queries.calendars import default_calendar


class DefaultCalendarViews(Previewing):
    rights = {"retrieve": Right.READ, "update": Right.MANAGE, "preview": Right.MANAGE}

    @operation("get_default_calendar", "The agency's hours", gives=DefaultOutput)
    def retrieve(self, request: Request) -> Response:
        return Response(DefaultOutput({"calendar": default_calendar()}).data)

    @operation(
        "set_default_calendar",
        "Set the agency's hours",
        takes=DefaultInput,
        gives=DefaultOutput,
        description=f"Every client without hours of its own runs by them. {MOVES}",
    )
    def update(self, request: Request) -> Response:
        self._set()
        return self.retrieve(request)

    @operation(
        "preview_default_calendar",
        "What other hours of the agency would change",
        takes=DefaultInput,
        gives=EffectsOutput,
        description=LOOKS,
    )
    def preview(self, request: Request) -> Response:
        self.actor.require_all_clients()
        return self.previewed(self._set, None)

    def _set(self) -> None:
        calendar = named_calendar(self.body(DefaultInput)["calendar"], by=self.actor)
        set_default_calendar(calendar, by=self.actor, now=clock.now())
