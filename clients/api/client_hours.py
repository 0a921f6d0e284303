"""A client's hours, and what is done outside of them."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import operation
from agency.rights import Right
from clients.actions.client_hours import set_client_hours
from clients.api.calendar_shapes import MOVES, ClientHoursInput, ClientHoursOutput
from clients.api.effects import EffectsOutput
from clients.api.previews import LOOKS, Previewing
from clients.api.references import named_calendar
from clients.models import Client
from clients.queries.calendars import default_calendar
from clients.queries.clients import get_client
from clients.words import Cover


class ClientHoursViews(Previewing):
    rights = {"retrieve": Right.READ, "update": Right.MANAGE, "preview": Right.MANAGE}

    @operation("get_client_hours", "A client's hours and after-hours cover", gives=ClientHoursOutput)
    def retrieve(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        runs_by = client.calendar or default_calendar()
        about = {"calendar": client.calendar, "runs_by": runs_by, "cover": client.cover}
        return Response(ClientHoursOutput(about).data)

    @operation(
        "set_client_hours",
        "Set a client's hours and after-hours cover",
        takes=ClientHoursInput,
        gives=ClientHoursOutput,
        description=MOVES,
    )
    def update(self, request: Request, client_id: UUID) -> Response:
        self._set(get_client(client_id, by=self.actor))
        return self.retrieve(request, client_id)

    @operation(
        "preview_client_hours",
        "What other hours of a client would change",
        takes=ClientHoursInput,
        gives=EffectsOutput,
        description=LOOKS,
    )
    def preview(self, request: Request, client_id: UUID) -> Response:
        client = get_client(client_id, by=self.actor)
        return self.previewed(lambda: self._set(client), client)

    def _set(self, client: Client) -> None:
        given = self.body(ClientHoursInput)
        calendar = named_calendar(given["calendar"], by=self.actor)
        set_client_hours(
            client, calendar=calendar, cover=Cover(given["cover"]), by=self.actor, now=clock.now()
        )
