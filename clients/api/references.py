"""A client or calendar that a body names: one that isn't there is the field's fault, not the address's."""

from uuid import UUID

from agency.actor import Actor
from agency.errors import Invalid, NotFound
from clients.models import Calendar, Client
from clients.queries.calendars import get_calendar
from clients.queries.clients import get_client


def named_client(client_id: UUID, *, by: Actor) -> Client:
    """The client that the field `client` names.

    Raises:
        Invalid: there is no such client.
    """
    try:
        return get_client(client_id, by=by)
    except NotFound:
        raise Invalid.field("client", "There is no client with this id.") from None


def named_calendar(calendar_id: UUID | None, *, by: Actor) -> Calendar | None:
    """The calendar that the field `calendar` names; None where it names none.

    Raises:
        Invalid: there is no such calendar.
    """
    try:
        return get_calendar(calendar_id, by=by) if calendar_id else None
    except NotFound:
        raise Invalid.field("calendar", "There is no calendar with this id.") from None
