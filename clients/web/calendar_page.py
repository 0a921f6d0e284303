"""What the page of one calendar shows."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from clients.models import Calendar, CalendarVersion
from clients.opening import Opening
from clients.public_holidays import countries, regions
from clients.queries.calendars import Uses, hours_by_calendar, in_force, uses_of, versions_of
from clients.web.calendar_words import other_days, place_words, state_words, week_rows, week_words

# Dates that come within this are shown at once, others on demand.
COMING = timedelta(days=366)
TICKS = tuple({"x": f"{hour / 24 * 100:g}%", "text": f"{hour:02}"} for hour in (0, 6, 12, 18, 24))


def about(calendar: Calendar, *, may: bool, now: datetime) -> dict[str, Any]:
    versions = versions_of(calendar)
    held = in_force(versions, now)
    today = now.astimezone(ZoneInfo(held.zone)).date()
    days = [day for day in other_days(held) if day["date"] >= today]
    uses = uses_of(calendar)
    return {
        "calendar": calendar,
        "client_name": calendar.client.name if calendar.client else "",
        "state": state_words(hours_by_calendar([calendar.pk])[calendar.pk], now, held.zone),
        "zone": held.zone,
        "place": _place(held),
        "rows": week_rows(held.week, now=now, zone=held.zone),
        "ticks": TICKS,
        "coming": [day for day in days if day["date"] < today + COMING],
        "later": [day for day in days if day["date"] >= today + COMING],
        "uses": _used_by(uses),
        "versions": _history(versions, held, now, may=may),
        "urls": _urls(calendar) if may else {},
        "now": now,
    }


def _place(version: CalendarVersion) -> str:
    known = regions(version.country) if version.country in countries() else {}
    return place_words(version.country, countries(), version.region, known)


def _urls(calendar: Calendar) -> dict[str, str]:
    names = ("change", "rename", "archive", *(() if calendar.client_id else ("default",)))
    return {name: reverse(f"calendar-{name}", args=[calendar.pk]) for name in names}


def _used_by(uses: Uses) -> list[dict[str, str]]:
    lines = []
    if uses.default:
        lines.append(
            {"name": "The agency", "what": "its own hours, and those of clients without others", "url": ""}
        )
    lines += [
        {"name": name, "what": "its office hours", "url": reverse("client-detail", args=[client_id])}
        for client_id, name in uses.clients.items()
    ]
    lines += [
        {"name": name or "The agency’s default", "what": "promises that name it", "url": ""}
        for name in uses.promises
    ]
    if uses.members:
        lines.append(
            {"name": "Members", "what": f"the working hours of {uses.members}", "url": reverse("team")}
        )
    return lines


def _history(
    versions: list[CalendarVersion], held: CalendarVersion, now: datetime, *, may: bool
) -> list[dict[str, Any]]:
    """The newest first: what it said and what was new in it."""
    lines = []
    for before, version in zip([None, *versions], versions, strict=False):
        planned = version.effective_from > now
        lines.append(
            {
                "number": version.version,
                "from": version.effective_from,
                "by": version.created_by,
                "held": version == held,
                "planned": planned,
                "changes": _changes(before, version),
                "withdraw_url": reverse("calendar-withdraw", args=[version.pk]) if planned and may else "",
            }
        )
    return lines[::-1]


def _changes(before: CalendarVersion | None, version: CalendarVersion) -> list[str]:
    if before is None:
        return [f"{week_words(version.week)} ({version.zone})", *_holidays(None, version)]
    said, then = Opening.of(version).kept(), Opening.of(before).kept()
    changes = []
    if said["zone"] != then["zone"]:
        changes.append(f"Time zone: {before.zone} → {version.zone}")
    if said["week"] != then["week"]:
        changes.append(f"Week: {week_words(version.week)}")
    if said["exceptions"] != then["exceptions"]:
        changes.append(_dates(len(before.exceptions), len(version.exceptions)))
    return [*changes, *_holidays(before, version)] or ["Nothing else."]


def _dates(before: int, after: int) -> str:
    return (
        f"Dates that are different: {before} → {after}"
        if before != after
        else "Other dates that are different"
    )


def _holidays(before: CalendarVersion | None, version: CalendarVersion) -> list[str]:
    place = _place(version)
    if before is None:
        return [f"Public holidays of {place}"] if place else []
    if (before.country, before.region) != (version.country, version.region):
        return [f"Public holidays: {_place(before) or 'none'} → {place or 'none'}"]
    if before.holidays != version.holidays and version.holidays:
        return [f"Public holidays of {place}, until {version.holidays[-1]['date'][:4]}"]
    return []
