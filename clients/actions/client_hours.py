"""A client's office hours, and what the agency does for it outside of them."""

from datetime import datetime
from typing import Any

from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from clients.actions.spreading import spread_soon
from clients.models import Calendar, Client
from clients.words import Cover


def set_client_hours(
    client: Client, *, calendar: Calendar | None, cover: Cover, by: Actor, now: datetime
) -> Client:
    """Which calendar it runs by (None: the agency's), and its after-hours cover. Clocks that run are moved soon after.

    Raises:
        Invalid: another client's calendar, or one that is archived.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk)
    client = (
        Client.objects.select_for_update(of=("self",), no_key=True)
        .select_related("calendar")
        .get(pk=client.pk)
    )
    if calendar is not None and calendar != client.calendar:
        _check(calendar, client)
    changed: dict[str, list[Any]] = {}
    if calendar != client.calendar:
        changed["calendar"] = [client.calendar and client.calendar.name, calendar and calendar.name]
    if cover != client.cover:
        changed["cover"] = [client.cover, cover.value]
    if not changed:
        return client
    client.calendar, client.cover = calendar, cover.value
    client.save(update_fields=["calendar", "cover"])
    record("client.hours_changed", by=by, subject=client, now=now, details=changed)
    data = {"calendar": str(calendar.pk) if calendar else None, "cover": cover.value}
    emit("client.hours_changed", subject=client, now=now, data=data)
    spread_soon(client, now)
    return client


def _check(calendar: Calendar, client: Client) -> None:
    # Held until the client names it, so that nobody archives it meanwhile.
    calendar = Calendar.objects.select_for_update(of=("self",), no_key=True).get(pk=calendar.pk)
    if calendar.client_id not in {None, client.pk}:
        raise Invalid.field("calendar", f"{calendar.name} is another client's calendar.")
    if calendar.archived_at is not None:
        raise Invalid.field("calendar", f"{calendar.name} is archived.")
