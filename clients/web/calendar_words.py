"""A calendar as people see it: its week in words and drawn, what comes, and whether it is open."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from clients.hours import DAYS, Hours
from clients.hours_text import write_intervals
from clients.models import CalendarVersion
from clients.queries.calendars import state_of

HOURS = 24
SOON = timedelta(days=6)
Week = Mapping[str, Sequence[Sequence[str]]]


def week_words(week: Week) -> str:
    """ "Mon–Fri 09:00–17:00; Sat 10:00–14:00" """
    times = [write_intervals(week.get(str(day), ())) for day in range(7)]
    parts = []
    for said, days in groupby(range(7), key=times.__getitem__):
        if said:
            first, *rest = (DAYS[day][:3] for day in days)
            parts.append(f"{first}{f'–{rest[-1]}' if rest else ''} {said}")
    return "; ".join(parts) or "Only on the dates listed"


def place_words(country: str, names: Mapping[str, str], region: str, regions: Mapping[str, str]) -> str:
    """ "Germany, Bayern" """
    if not country:
        return ""
    named = names.get(country, country)
    return f"{named}, {regions.get(region, region)}" if region else named


# Open or not ----------------------------------------------------------------------------------------------


def state_words(hours: Hours, now: datetime, zone: str) -> dict[str, Any]:
    """ "Open now, until Friday 17:00"."""
    is_open, changes = state_of(hours, now)
    when = _when(changes, now, zone) if changes else ""
    if is_open:
        return {"open": True, "sentence": f"Open now, until {when}" if when else "Open now, around the clock"}
    return {
        "open": False,
        "sentence": f"Closed now, opens {when}" if when else "Closed now, and for the next 400 days",
    }


def _when(at: datetime, now: datetime, zone: str) -> str:
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    if local.date() == today:
        return f"today {local:%H:%M}"
    if local.date() - today <= SOON:
        return f"{DAYS[local.weekday()]} {local:%H:%M}"
    return f"{DAYS[local.weekday()]}, {local.day} {local:%B %Y}, {local:%H:%M}"


# Drawn ----------------------------------------------------------------------------------------------------


def week_rows(week: Week, *, now: datetime, zone: str) -> list[dict[str, Any]]:
    """A line a day: its blocks, where in the day in per cent, and its times in words.

    What a night has left is drawn on the next day, paler: it belongs to the day on which it opened.
    """
    local = now.astimezone(ZoneInfo(zone))
    rows = []
    for day, name in enumerate(DAYS):
        own = [_minutes(pair) for pair in week.get(str(day), ())]
        night = [_minutes(pair) for pair in week.get(str((day - 1) % 7), ())]
        blocks = [
            *(_block(0, end - HOURS * 60, tail=True) for _, end in night if end > HOURS * 60),
            *(_block(start, min(end, HOURS * 60), tail=False) for start, end in own),
        ]
        today = day == local.weekday()
        rows.append(
            {
                "name": name,
                "short": name[:3],
                "times": write_intervals(week.get(str(day), ())),
                "blocks": blocks,
                "today": today,
                "now": _percent(local.hour * 60 + local.minute) if today else "",
            }
        )
    return rows


def _minutes(pair: Sequence[str]) -> tuple[int, int]:
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in pair)
    return start, end if end > start else end + HOURS * 60


def _block(start: int, end: int, *, tail: bool) -> dict[str, Any]:
    return {"x": _percent(start), "width": _percent(end - start), "tail": tail}


def _percent(minutes: int) -> str:
    return f"{minutes / (HOURS * 60) * 100:.3f}".rstrip("0").rstrip(".") + "%"


# Dates ----------------------------------------------------------------------------------------------------


def other_days(version: CalendarVersion) -> list[dict[str, Any]]:
    """The dates that aren't like their weekday, in order: the listed ones, and the other public holidays."""
    public = {day["date"]: day["name"] for day in version.holidays}
    listed = {day["date"]: day for day in version.exceptions}
    return [
        _day(
            day,
            name=listed[day].get("name") or public.get(day, "") if day in listed else public[day],
            times=write_intervals(listed[day]["intervals"]) if day in listed else "",
            public=day in public,
        )
        for day in sorted(listed.keys() | public.keys())
    ]


def _day(day: str, *, name: str, times: str, public: bool) -> dict[str, Any]:
    when = date.fromisoformat(day)
    return {
        "date": when,
        "weekday": DAYS[when.weekday()][:3],
        "name": name,
        "times": times or "closed",
        "open": bool(times),
        "public": public,
    }
