"""Calendars: open hours by name. What they say is in versions; time that has passed keeps the version it ran under."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from agency.actions.alarms import clear_alarms, set_alarm
from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Conflict, Invalid
from agency.rights import Right
from agency.tenancy import all_clients, current_agency
from clients.actions.spreading import spread_soon
from clients.hours_text import write_intervals, write_other_day
from clients.models import Calendar, CalendarVersion, Client
from clients.opening import DAY_FIELDS, Opening, check, holidays_in
from clients.queries.calendars import uses_of, versions_of
from clients.words import CALENDAR_UPKEEP

# How far ahead a change can be planned.
FARTHEST = timedelta(days=3 * 366)
# Public holidays are written down from the year before to this many years after.
YEARS_AHEAD = 5
MONTHLY = timedelta(days=30)


class CalendarInUse(Conflict):
    """Something still runs by it."""

    code, title = "calendar_in_use", "This calendar is in use"


def create_calendar(
    *, client: Client | None, name: str, opening: Opening, by: Actor, now: datetime
) -> Calendar:
    """Open hours for one client, or (None) for the whole agency. Nothing runs by them until something names them.

    Raises:
        Invalid: the name is taken, or the hours can't be meant.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk if client else None)
    _check_name(name, client)
    holidays = _checked(opening, now)
    calendar = Calendar(client=client, name=name, created_at=now)
    calendar.save(force_insert=True)
    version = write_version(calendar, opening, 1, now, holidays=holidays, by=by.name, now=now)
    details = {"client": client.name if client else None, "name": name, **_told(version)}
    record("calendar.created", by=by, subject=calendar, now=now, details=details)
    emit("calendar.created", subject=calendar, now=now, data={"name": name, "version": 1})
    return calendar


def rename_calendar(calendar: Calendar, *, name: str, by: Actor, now: datetime) -> Calendar:
    """Raises: Invalid: the name is taken."""
    calendar = _locked(calendar, by)
    if name == calendar.name:
        return calendar
    _check_name(name, calendar.client, but=calendar)
    before, calendar.name = calendar.name, name
    calendar.save(update_fields=["name"])
    record("calendar.renamed", by=by, subject=calendar, now=now, details={"name": [before, name]})
    emit("calendar.renamed", subject=calendar, now=now, data={"name": name})
    return calendar


def change_calendar(
    calendar: Calendar, *, opening: Opening, effective_from: datetime | None = None, by: Actor, now: datetime
) -> CalendarVersion:
    """Let it say something else from now or from a later moment on. A version that was planned for that moment goes.

    Saying what it would say then anyway changes nothing.

    Raises:
        Invalid: the hours can't be meant, or the moment is past or too far ahead.
    """
    calendar = _locked(calendar, by)
    versions = versions_of(calendar)
    if effective_from is None:
        now = _after_all(versions, now)
    since = _moment(effective_from, now)
    replaced = next((version for version in versions if version.effective_from == since), None)
    before = [version for version in versions if version.effective_from <= since][-1]
    if Opening.of(before).kept() == opening.kept():
        return before
    holidays = _checked(opening, since)
    if replaced is not None:
        replaced.delete()
    number = next_number(versions)
    version = write_version(calendar, opening, number, since, holidays=holidays, by=by.name, now=now)
    changed = differences(_told(before), _told(version))
    details = {"effective_from": since.isoformat(), **changed}
    record("calendar.changed", by=by, subject=calendar, now=now, details=details)
    tell_changed(calendar, version, now)
    return version


def withdraw_version(version: CalendarVersion, *, by: Actor, now: datetime) -> None:
    """Take a planned version back.

    Raises:
        Conflict: it holds already.
    """
    calendar = _locked(version.calendar, by)
    if version.effective_from <= now:
        raise Conflict("It holds already: time has passed by it. Change the calendar instead.")
    details = {"effective_from": [version.effective_from.isoformat(), None], **_told(version)}
    version.delete()
    record("calendar.plan_withdrawn", by=by, subject=calendar, now=now, details=details)
    tell_changed(calendar, versions_of(calendar)[-1], now)


def archive_calendar(calendar: Calendar, *, by: Actor, now: datetime) -> Calendar:
    """Take it from the lists. What ran by it can still be counted.

    Raises:
        CalendarInUse: something runs by it; the sentence says what.
    """
    calendar = _locked(calendar, by)
    if calendar.archived_at is not None:
        return calendar
    with all_clients():
        uses = uses_of(calendar)
    if uses.any:
        raise CalendarInUse(f"{calendar.name} is still used: {uses.sentence()}. Give them other hours first.")
    calendar.archived_at = now
    calendar.save(update_fields=["archived_at"])
    clear_alarms(CALENDAR_UPKEEP, [calendar.pk])
    record("calendar.archived", by=by, subject=calendar, now=now)
    emit("calendar.archived", subject=calendar, now=now)
    return calendar


def set_default_calendar(calendar: Calendar | None, *, by: Actor, now: datetime) -> None:
    """The office hours of the agency, and of every client without its own; None: around the clock again.

    Raises:
        Invalid: it is one client's, or archived.
    """
    by.require(Right.MANAGE)
    by.require_all_clients()
    _hold_default()
    if calendar is not None:
        # Held until it is the default, so that nobody archives it meanwhile.
        calendar = Calendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
        if calendar.client_id is not None or calendar.archived_at is not None:
            raise Invalid.field(
                "calendar", "The agency's hours are a calendar for all clients that isn't archived."
            )
    before = Calendar.objects.select_for_update(no_key=True).filter(is_default=True).first()
    if before == calendar:
        return
    if before is not None:
        before.is_default = False
        before.save(update_fields=["is_default"])
        _tell_default(before, by=by, now=now)
    if calendar is not None:
        calendar.is_default = True
        calendar.save(update_fields=["is_default"])
        _tell_default(calendar, by=by, now=now)
    spread_soon(None, now)


def _hold_default() -> None:
    """Until the transaction ends, nobody else sets the agency's hours: where there are none yet, there is no row to lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 12))", [f"default hours of {current_agency()}"]
        )


def _tell_default(calendar: Calendar, *, by: Actor, now: datetime) -> None:
    action = "calendar.made_default" if calendar.is_default else "calendar.default_taken_back"
    record(action, by=by, subject=calendar, now=now)
    emit(action, subject=calendar, now=now, data={"name": calendar.name})


# Parts ----------------------------------------------------------------------------------------------------


def _locked(calendar: Calendar, by: Actor) -> Calendar:
    """The calendar as it is now, held, so that two editors get consecutive versions."""
    by.require(Right.MANAGE)
    by.require_client(calendar.client_id)
    held: Calendar = (
        Calendar.objects.select_for_update(of=("self",), no_key=True)
        .select_related("client")
        .get(pk=calendar.pk)
    )
    return held


def _check_name(name: str, client: Client | None, *, but: Calendar | None = None) -> None:
    same = Calendar.objects.filter(client=client, name__iexact=name, archived_at=None)
    if (same.exclude(pk=but.pk) if but else same).exists():
        raise Invalid.field("name", f"There is a calendar called “{name}” already.")


def _moment(asked: datetime | None, now: datetime) -> datetime:
    if asked is None:
        return now
    if asked < now:
        raise Invalid.field(
            "effective_from", "Time that has passed keeps the hours it had. Choose a moment to come."
        )
    if asked > now + FARTHEST:
        raise Invalid.field("effective_from", "Choose a moment within the next three years.")
    return asked.astimezone(UTC)


def _after_all(versions: Sequence[CalendarVersion], now: datetime) -> datetime:
    """`now`, unless another change took effect while this one waited for it: what is saved last holds."""
    begun = (version.effective_from for version in versions if version.effective_from <= version.created_at)
    held = max(begun, default=now)
    return now if now >= held else held + timedelta(microseconds=1)


def next_number(versions: Sequence[CalendarVersion]) -> int:
    return max(version.version for version in versions) + 1


def holiday_years(since: datetime) -> range:
    """For which years public holidays are written down."""
    return range(since.year - 1, since.year + YEARS_AHEAD + 1)


def _checked(opening: Opening, since: datetime) -> list[dict[str, str]]:
    """The public holidays of hours that can be meant.

    Raises:
        Invalid: by field, as `check` does.
    """
    holidays = holidays_in(opening, holiday_years(since))
    check(opening, holidays, since=since)
    return holidays


def write_version(
    calendar: Calendar,
    opening: Opening,
    number: int,
    since: datetime,
    *,
    holidays: list[dict[str, str]],
    by: str,
    now: datetime,
) -> CalendarVersion:
    """Append a version that was checked."""
    version = CalendarVersion(
        calendar=calendar,
        version=number,
        effective_from=since,
        **opening.kept(),
        holidays=holidays,
        created_at=now,
        created_by=by,
    )
    version.save(force_insert=True)
    if opening.country:
        set_alarm(CALENDAR_UPKEEP, calendar.pk, now + MONTHLY)
    return version


def _told(version: CalendarVersion) -> dict[str, Any]:
    """What a version says, in the words of the log."""
    week = {DAY_FIELDS[int(day)]: write_intervals(pairs) for day, pairs in version.week.items()}
    exceptions = "; ".join(write_other_day(day) for day in version.exceptions)
    place = "-".join(part for part in (version.country, version.region) if part)
    return {
        "zone": version.zone,
        **dict.fromkeys(DAY_FIELDS, ""),
        **week,
        "exceptions": exceptions,
        "holidays": place,
    }


def tell_changed(calendar: Calendar, version: CalendarVersion, now: datetime) -> None:
    """To programs, and to the clocks that run by it."""
    data = {"version": version.version, "effective_from": version.effective_from.isoformat()}
    emit("calendar.changed", subject=calendar, now=now, data=data)
    spread_soon(calendar.client, now)
