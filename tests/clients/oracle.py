"""Open hours against two oracles: a clerk who looks at a wall clock each minute, and django-bizcal.

    uv run python -m tests.clients.oracle --cases 10000

The clerk knows nothing of `clients.hours`: for each minute of a stretch it asks `zoneinfo` what a clock on the wall shows,
and looks that time up on the sheet of that date, which the version that holds then says. Stretches lie around clock changes and
away from them, in zones that change oddly: by half an hour, at midnight, by a whole day, twice a year around Ramadan.

django-bizcal has other definitions where an interval's edge falls into a clock change: it reads each edge of an interval
as one moment. So a start that the clocks skip is moved on by the whole hour instead of to the next instant that exists, and
of an interval inside a repeated hour it knows the first round only. There the two are both defined, and the same, where no
clock changes within reach, and for one version: there they are compared.
"""

import argparse
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django_bizcal.calendars.working import WorkingCalendar
from django_bizcal.providers import SetHolidayProvider
from django_bizcal.windows import ScheduleBlock

from clients.calendar_hours import CalendarHours
from clients.hours import InvalidWeek, Rules, Span

Pairs = list[tuple[str, str]]
MINUTE, MICROSECOND, ZERO = timedelta(minutes=1), timedelta(microseconds=1), timedelta(0)
DAYS = 4

# Zone → days around which something odd happens, and a quiet one.
PLACES: dict[str, list[str]] = {
    "Europe/Riga": ["2026-03-29", "2026-10-25", "2026-06-23"],
    "America/New_York": ["2026-03-08", "2026-11-01", "2026-07-04"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04", "2026-01-26"],
    "Asia/Kathmandu": ["1986-01-01", "2026-02-14"],
    "Pacific/Apia": ["2011-12-30", "2012-04-01", "2026-05-04"],
    "America/St_Johns": ["2010-11-07", "2010-03-14", "2026-03-08", "2026-08-03"],
    "Africa/Casablanca": ["2026-02-15", "2026-03-22", "2026-09-01"],
    "Asia/Tehran": ["2021-03-22", "2021-09-22", "2026-03-21"],
    "America/Sao_Paulo": ["2018-11-04", "2019-02-17", "2026-02-17"],
    "Pacific/Chatham": ["2026-04-05", "2026-09-27", "2026-12-25"],
    "Antarctica/Troll": ["2026-03-29", "2026-10-25", "2026-07-01"],
    "Africa/Cairo": ["2026-04-24", "2026-10-30", "2026-01-07"],
    "America/Havana": ["2026-03-08", "2026-11-01"],
    "Asia/Beirut": ["2026-03-29", "2026-10-25"],
    "Asia/Pyongyang": ["2018-05-05", "2015-08-15"],
    "Pacific/Kiritimati": ["1994-12-31", "2026-12-31"],
    "America/Asuncion": ["2024-03-24", "2024-10-06"],
    "Europe/Dublin": ["2026-03-29", "2026-10-25"],
    "UTC": ["2026-12-31"],
}
STRETCHES = [(zone, date.fromisoformat(day)) for zone, days in PLACES.items() for day in days]


@dataclass(frozen=True)
class Version:
    zone: str
    week: dict[int, Pairs]
    exceptions: dict[date, Pairs]
    holidays: frozenset[date]
    since: datetime

    def of_day(self, day: date) -> Pairs:
        """What opens on that date."""
        if day in self.exceptions:
            return self.exceptions[day]
        return [] if day in self.holidays else self.week.get(day.weekday(), [])

    def sheet(self, day: date) -> bytearray:
        """That date's minutes as a clock on the wall shows them, each 1 where it is open."""
        minutes = bytearray(24 * 60)
        for opens, closes in map(_minutes, self.of_day(day)):
            end = closes if closes > opens else 24 * 60
            minutes[opens:end] = b"\1" * (end - opens)
        for opens, closes in map(_minutes, self.of_day(day - timedelta(days=1))):
            if closes <= opens:  # last night's
                minutes[:closes] = b"\1" * closes
        return minutes


@dataclass
class Case:
    """Versions, and a stretch of minutes from `start`."""

    versions: list[Version]
    start: datetime
    words: list[bool] = field(default_factory=list)  # a minute's word each, by the clerk
    sums: list[int] = field(default_factory=list)  # open minutes before each

    @property
    def end(self) -> datetime:
        return self.start + len(self.words) * MINUTE

    def hours(self) -> CalendarHours:
        return CalendarHours(
            [
                Rules(v.zone, v.week, {**{day: [] for day in v.holidays}, **v.exceptions}, since=v.since)
                for v in self.versions
            ]
        )


def _minutes(pair: tuple[str, str]) -> Span:
    opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in pair)
    return opens, closes


@lru_cache(maxsize=300)
def walls(zone: str, start: datetime, minutes: int) -> list[tuple[date, int]]:
    """What a clock on the wall shows in each minute."""
    tz = ZoneInfo(zone)
    shown = ((start + number * MINUTE).astimezone(tz) for number in range(minutes))
    return [(wall.date(), wall.hour * 60 + wall.minute) for wall in shown]


# Making cases ---------------------------------------------------------------------------------------------


def make_case(random: Random) -> Case:
    zone, middle = random.choice(STRETCHES)
    first = datetime.combine(middle, time(0), tzinfo=UTC) - timedelta(days=DAYS // 2)
    minutes = DAYS * 24 * 60
    versions = [make_version(random, zone, middle, datetime(2000, 1, 1, tzinfo=UTC))]
    for since in sorted(random.sample(range(minutes), random.choice((0, 0, 1, 2)))):
        other = zone if random.random() < 0.7 else random.choice(STRETCHES)[0]
        versions.append(make_version(random, other, middle, first + since * MINUTE))
    case = Case(versions, first)
    case.words = list(_words(case, minutes))
    case.sums = list(accumulate(case.words, initial=0))
    return case


def _words(case: Case, minutes: int) -> Iterator[bool]:
    begins = [0, *((version.since - case.start) // MINUTE for version in case.versions[1:]), minutes]
    for version, (begin, end) in zip(case.versions, pairwise(begins), strict=True):
        sheets: dict[date, bytearray] = {}
        for day, minute in walls(version.zone, case.start, minutes)[begin:end]:
            if day not in sheets:
                sheets[day] = version.sheet(day)
            yield bool(sheets[day][minute])


def make_version(random: Random, zone: str, middle: date, since: datetime) -> Version:
    week = make_week(random)
    near = [middle + timedelta(days=n) for n in range(-DAYS, DAYS + 1)]
    exceptions = {day: make_day(random) for day in random.sample(near, random.choice((0, 0, 1, 2)))}
    holidays = frozenset(random.sample(near, random.choice((0, 0, 1, 2))))
    return Version(zone, week, exceptions, holidays, since)


def make_week(random: Random) -> dict[int, Pairs]:
    while True:
        week = {day: make_day(random) for day in range(7) if random.random() < 0.8}
        try:
            Rules("UTC", week)
        except InvalidWeek:  # a night runs into the next day
            continue
        return week


def make_day(random: Random) -> Pairs:
    """Up to three spells that don't overlap; the last may pass midnight."""
    kind = random.random()
    if kind < 0.1:
        return [("00:00", "24:00")]
    step = random.choice((1, 15, 30, 60))
    times = sorted(random.sample(range(0, 24 * 60, step), random.choice((0, 2, 2, 4, 6))))
    pairs = [(_text(a), _text(b)) for a, b in zip(times[::2], times[1::2], strict=True)]
    if pairs and kind > 0.75:
        opens, _ = pairs.pop()
        later = random.choice(
            ("24:00", "00:00", *(_text(m) for m in range(15, _minutes((opens, opens))[0], 75)))
        )
        pairs.append((opens, later if later != opens else "24:00"))
    return pairs


def _text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


# Comparing ------------------------------------------------------------------------------------------------


def differences(case: Case, random: Random) -> list[str]:
    """What `clients.hours` says otherwise than the clerk; nothing, if all is well."""
    hours = case.hours()
    found = []
    heard = [
        word
        for since, until, word in hours.slices(case.start, case.end)
        for _ in range((until - since) // MINUTE)
    ]
    if heard != case.words:
        first = next(n for n, (a, b) in enumerate(zip(heard, case.words, strict=False)) if a != b)
        found.append(f"slices: minute {first} of {case.start} is {heard[first]}")
    for _ in range(4):
        found += _between_and_walk(case, hours, random)
    return found


def _between_and_walk(case: Case, hours: CalendarHours, random: Random) -> Iterator[str]:
    left, right = sorted(random.choices(range(len(case.sums)), k=2))
    counted = (case.sums[right] - case.sums[left]) * MINUTE
    since, until = case.start + left * MINUTE, case.start + right * MINUTE
    if hours.between(since, until) != counted:
        yield f"between {since} and {until}: {hours.between(since, until)}, not {counted}"
    # To the microsecond: inside one minute, time is open or it isn't.
    odd = timedelta(microseconds=random.randrange(60_000_000))
    number = random.randrange(len(case.words))
    inside = case.start + number * MINUTE + odd
    if hours.is_open(inside) is not case.words[number]:
        yield f"is_open at {inside}"
    if hours.between(case.start, inside) != case.sums[number] * MINUTE + (
        odd if case.words[number] else ZERO
    ):
        yield f"between {case.start} and {inside}"
    amount = random.randint(0, case.sums[-1] - case.sums[left])
    reached = bisect_left(case.sums, case.sums[left] + amount, lo=left)
    expected = case.start + reached * MINUTE if amount else since
    if hours.walk(since, amount * MINUTE) != expected:
        yield f"walk {amount} min from {since}: {hours.walk(since, amount * MINUTE)}, not {expected}"


def is_steady(case: Case) -> bool:
    """One version, and no clock change within reach: where django-bizcal is defined as we are."""
    if len(case.versions) > 1:
        return False
    tz = ZoneInfo(case.versions[0].zone)
    edges = [case.start + timedelta(days=day) for day in range(-3, DAYS + 4)]
    return len({moment.astimezone(tz).utcoffset() for moment in edges}) == 1


def second_oracle(version: Version) -> WorkingCalendar:
    """The same hours for django-bizcal."""

    def blocks(pairs: Pairs) -> list[Any]:
        return [_block(*pair) for pair in pairs]

    return WorkingCalendar(
        tz=version.zone,
        weekly_schedule={day: blocks(pairs) for day, pairs in version.week.items()},
        holiday_provider=SetHolidayProvider.from_dates(version.holidays) if version.holidays else None,
        day_overrides={day: blocks(pairs) for day, pairs in version.exceptions.items()},
    )


def _block(opens: str, closes: str) -> ScheduleBlock:
    over = closes == "24:00" or closes <= opens
    return ScheduleBlock.from_pair(opens, "00:00" if closes == "24:00" else closes, int(over))


def other_differences(case: Case, random: Random) -> list[str]:
    """What `clients.hours` says otherwise than django-bizcal, where both mean the same."""
    hours, other, found = case.hours(), second_oracle(case.versions[0]), []
    left, right = sorted(random.choices(range(len(case.sums)), k=2))
    since, until = case.start + left * MINUTE, case.start + right * MINUTE
    if hours.between(since, until) != other.business_time_between(since, until):
        found.append(f"bizcal, between {since} and {until}: {other.business_time_between(since, until)}")
    amount = random.randint(0, case.sums[-1] - case.sums[left]) * MINUTE
    if amount and hours.walk(since, amount) != other.add_business_time(since, amount):
        found.append(f"bizcal, walk {amount} from {since}: {other.add_business_time(since, amount)}")
    return found


@dataclass
class Tally:
    cases: int = 0
    zones: set[str] = field(default_factory=set)
    changing: int = 0
    versions: int = 0
    exceptions: int = 0
    compared: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, case: Case, random: Random) -> list[str]:
        found = differences(case, random)
        if is_steady(case):
            self.compared += 1
            found += other_differences(case, random)
        self.cases += 1
        self.zones |= {version.zone for version in case.versions}
        self.changing += _changes(case)
        self.versions += len(case.versions) > 1
        self.exceptions += any(version.exceptions or version.holidays for version in case.versions)
        self.differences += found
        return found

    def __str__(self) -> str:
        return (
            f"oracle: {self.cases} cases, {len(self.zones)} zones, {len(self.differences)} differences"
            f" ({self.changing} with a clock change, {self.versions} with several versions, {self.exceptions} with"
            f" exceptions or holidays; {self.compared} also by django-bizcal)"
        )


def _changes(case: Case) -> bool:
    offsets = [
        {
            (case.start + n * timedelta(hours=6)).astimezone(ZoneInfo(version.zone)).utcoffset()
            for n in range(4 * DAYS + 1)
        }
        for version in case.versions
    ]
    return any(len(several) > 1 for several in offsets)


def run(cases: int, seed: int, say: Callable[[str], object]) -> Tally:
    tally = Tally()
    for number in range(cases):
        own = Random(f"{seed}-{number}")  # noqa: S311  (cases, no secrets)
        for difference in tally.add(make_case(own), own):
            say(f"case {number} of seed {seed}: {difference}")
        if number and number % 1000 == 0:
            say(f"{number} cases …")
    return tally


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    tally = run(options.cases, options.seed, lambda text: sys.stderr.write(text + "\n"))
    sys.stdout.write(f"{tally}\n")
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main())
