"""Calendars learn of further public holidays: each month those with a country are compared with what is known by now."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from agency.actions.alarms import on_alarm
from agency.actions.audit import record
from agency.actor import system
from agency.errors import Invalid
from agency.tenancy import current_agency
from clients.actions.calendars import MONTHLY, holiday_years, next_number, tell_changed, write_version
from clients.models import Calendar, CalendarVersion
from clients.opening import Opening, holidays_in
from clients.queries.calendars import in_force, versions_of
from clients.words import CALENDAR_UPKEEP

# When somebody is just changing a calendar.
BUSY = timedelta(minutes=1)


@on_alarm(CALENDAR_UPKEEP)
def keep_calendars(calendars: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Append the years that came nearer, and what was decreed since. A version never changes: it gets a successor."""
    rows = Calendar.objects.filter(archived_at=None, pk__in=calendars)
    upcoming: dict[UUID, datetime | None] = dict.fromkeys(rows.values_list("pk", flat=True), now + BUSY)
    for calendar in (
        rows.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("client")
        .order_by("id")
    ):
        upcoming[calendar.pk] = now + MONTHLY if _renew(calendar, now) else None
    return upcoming


def _renew(calendar: Calendar, now: datetime) -> bool:
    """Whether it has public holidays at all."""
    versions = versions_of(calendar)
    number = next_number(versions)
    live = [in_force(versions, now), *(version for version in versions if version.effective_from > now)]
    for version in live:
        holidays = _known_by_now(version, now)
        if holidays is not None:
            _replace(calendar, version, number, holidays, now)
            number += 1
    return any(version.country for version in live)


def _known_by_now(version: CalendarVersion, now: datetime) -> list[dict[str, str]] | None:
    """The public holidays to write down instead; None where those to come are the same."""
    try:
        known = holidays_in(Opening.of(version), holiday_years(max(version.effective_from, now)))
    except Invalid:  # the library knows the place no more: what is written down stays
        return None
    today = now.date().isoformat()
    same = [day for day in known if day["date"] > today] == [
        day for day in version.holidays if day["date"] > today
    ]
    return None if same else known


def _replace(
    calendar: Calendar, version: CalendarVersion, number: int, holidays: list[dict[str, str]], now: datetime
) -> None:
    since = max(version.effective_from, now)
    if since == version.effective_from:
        version.delete()
    by = system(current_agency())
    renewed = write_version(
        calendar, Opening.of(version), number, since, holidays=holidays, by=by.name, now=now
    )
    years = [
        version.holidays[-1]["date"][:4] if version.holidays else None,
        holidays[-1]["date"][:4] if holidays else None,
    ]
    record("calendar.holidays_renewed", by=by, subject=calendar, now=now, details={"until": years})
    tell_changed(calendar, renewed, now)
