"""What a calendar is asked to say: read from what people sent, checked field by field, and written as a version keeps it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from agency.errors import Invalid
from clients.calendar_hours import CalendarHours
from clients.hours import DAYS, HoursError, Intervals, InvalidWeek, Rules, UnknownZone
from clients.models import CalendarVersion
from clients.public_holidays import UnknownCountry, UnknownRegion, countries, public_holidays, regions

# The names of the fields of a week, Monday first.
DAY_FIELDS = tuple(day.lower() for day in DAYS)
# Somewhere in here it must be open.
OPEN_WITHIN = timedelta(days=400)
MOST_EXCEPTIONS, MOST_INTERVALS = 400, 12
ZONES = frozenset(available_timezones())


@dataclass(frozen=True, slots=True)
class OtherDay:
    """A date that isn't like its weekday. No intervals: closed."""

    date: date
    intervals: Intervals
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """When it is open, in local times. `week`: 0 is Monday; days left out are closed."""

    zone: str
    week: Mapping[int, Intervals]
    exceptions: Sequence[OtherDay] = ()
    country: str = ""
    region: str = ""

    @classmethod
    def of(cls, version: CalendarVersion) -> "Opening":
        """What a version says."""
        return cls(
            zone=version.zone,
            week={int(day): _pairs(pairs) for day, pairs in version.week.items()},
            exceptions=[
                OtherDay(date.fromisoformat(day["date"]), _pairs(day["intervals"]), day.get("name", ""))
                for day in version.exceptions
            ],
            country=version.country,
            region=version.region,
        )

    def kept(self) -> dict[str, Any]:
        """As a version's columns, the same for what means the same."""
        week = {str(day): sorted(map(list, pairs)) for day, pairs in sorted(self.week.items()) if pairs}
        exceptions = [
            {"date": day.date.isoformat(), "intervals": sorted(map(list, day.intervals)), "name": day.name}
            for day in sorted(self.exceptions, key=lambda day: day.date)
        ]
        place = {"country": self.country, "region": self.region}
        return {"zone": self.zone, "week": week, "exceptions": exceptions, **place}


def rules_of(version: CalendarVersion) -> Rules:
    """A version as rules. A date's own intervals go before a holiday, and both before the week.

    Raises:
        HoursError: as `Rules` does.
    """
    return _rules(Opening.of(version), [day["date"] for day in version.holidays], version.effective_from)


def _rules(opening: Opening, holidays: Iterable[str], since: datetime) -> Rules:
    dates: dict[date, Intervals] = {date.fromisoformat(day): () for day in holidays}
    dates |= {day.date: day.intervals for day in opening.exceptions}
    return Rules(opening.zone, opening.week, dates, since=since)


def _pairs(pairs: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    return [(opens, closes) for opens, closes in pairs]


def holidays_in(opening: Opening, years: range) -> list[dict[str, str]]:
    """The public holidays of its place, as a version keeps them.

    Raises:
        Invalid: nobody knows such a country or region.
    """
    if not opening.country:
        if opening.region:
            raise Invalid.field("region", "Choose the country that this is a region of.")
        return []
    return holidays_of(opening.country, opening.region, years)


def holidays_of(country: str, region: str, years: range) -> list[dict[str, str]]:
    """The public holidays of a country, or ("" for none) that part of it.

    Raises:
        Invalid: nobody knows such a country or region.
    """
    try:
        known = public_holidays(country, region, years)
    except UnknownCountry:
        raise _no_such_country(country) from None
    except UnknownRegion:
        raise Invalid.field("region", _no_such_region(country, region)) from None
    return [{"date": day.day.isoformat(), "name": day.name} for day in known]


def regions_of(country: str) -> dict[str, str]:
    """Code → name of its parts with public holidays of their own.

    Raises:
        Invalid: nobody knows such a country.
    """
    try:
        return regions(country)
    except UnknownCountry:
        raise _no_such_country(country) from None


def _no_such_country(country: str) -> Invalid:
    sentence = f"We know no public holidays of “{country}”. Use a country's two letters, such as LV."
    return Invalid.field("country", sentence)


def _no_such_region(code: str, region: str) -> str:
    known, country = regions(code), countries()[code]
    if not known:
        return f"{country} has the same public holidays everywhere: leave the region empty."
    few = ", ".join(list(known)[:20])
    return f"“{region}” isn't a region of {country} with public holidays of its own. There are: {few}."


def check(opening: Opening, holidays: list[dict[str, str]], *, since: datetime) -> None:
    """Refuse what can't be meant, and what is never open.

    Raises:
        Invalid: by field: `zone`, a day of the week such as `monday`, `exceptions`, or `week` for the whole of it.
    """
    if opening.zone not in ZONES:
        raise Invalid.field("zone", f"“{opening.zone}” isn't a time zone. Use a name such as Europe/Riga.")
    problems = _amounts(opening)
    days = [day.date for day in opening.exceptions]
    if twice := sorted({day for day in days if days.count(day) > 1}):
        problems["exceptions"] = f"{twice[0].isoformat()} is there twice. Put its times on one line."
    problems |= _wrong_times(opening)
    if problems:
        raise Invalid("Some of these times can't be meant.", fields=problems)
    hours = CalendarHours([_rules(opening, [day["date"] for day in holidays], since)])
    if not hours.between(since, since + OPEN_WITHIN):
        raise Invalid.field("week", "It would never be open in the next 400 days. Enter times for a day.")


def _amounts(opening: Opening) -> dict[str, str]:
    problems = {
        DAY_FIELDS[day]: f"Use at most {MOST_INTERVALS} spells a day."
        for day, pairs in opening.week.items()
        if day in range(7) and len(pairs) > MOST_INTERVALS
    }
    too_many = any(len(day.intervals) > MOST_INTERVALS for day in opening.exceptions)
    if too_many or len(opening.exceptions) > MOST_EXCEPTIONS:
        problems["exceptions"] = (
            f"Use at most {MOST_EXCEPTIONS} dates, with at most {MOST_INTERVALS} spells each."
        )
    return problems


def _wrong_times(opening: Opening) -> dict[str, str]:
    """Each day by itself first, so that all that is wrong is said at once; then the nights that meet the next day."""
    problems: dict[str, str] = {}
    parts: list[tuple[Mapping[int, Intervals], Mapping[date, Intervals]]] = [
        *(({day: pairs}, {}) for day, pairs in opening.week.items()),
        *(({}, {day.date: day.intervals}) for day in opening.exceptions),
    ]
    for week, dates in [*parts, (opening.week, {})]:
        try:
            Rules(opening.zone, week, dates)
        except InvalidWeek as error:
            field = DAY_FIELDS[error.day] if isinstance(error.day, int) else _field_of(error)
            problems.setdefault(field, str(error))
        except (UnknownZone, HoursError) as error:
            problems.setdefault("zone", str(error))
    return problems


def _field_of(error: InvalidWeek) -> str:
    return "exceptions" if error.day is not None else "week"
