"""Open hours: how many questions a second, against django-bizcal, and whether they slow down with the calendar's length.

uv run python -m tests.benchmarks.calendars [--quick]

The calendar is an office's: two spells a day, the public holidays of Latvia, clock changes. Every question is about
mentions of the present: twenty minutes to five days of time, and targets of fifteen minutes to three days.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

from django_bizcal.calendars.working import WorkingCalendar

from clients.calendar_hours import CalendarHours
from clients.hours import KnownHours, Rules, stitched, to_micros
from clients.public_holidays import public_holidays
from tests.benchmarks.ground import say, tell

ZONE, COUNTRY = "Europe/Riga", "LV"
WEEK = {day: [("09:00", "12:00"), ("13:00", "17:30")] for day in range(5)}
FIRST = 2021
LONG, SHORT = 10, 1  # years
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ROUNDS = 9

Question = tuple[datetime, datetime, timedelta]
Ask = Callable[[Question], object]


def questions(count: int, *, start: datetime, days: int) -> list[Question]:
    """(from, until, target)."""
    random = Random(1)  # noqa: S311  (questions, no secrets)
    found = []
    for _ in range(count):
        since = start + timedelta(seconds=random.randrange(days * 86_400))
        until = since + timedelta(minutes=random.randrange(20, 5 * 1440))
        found.append((since, until, timedelta(minutes=random.choice((15, 60, 240, 480, 1440, 4320)))))
    return found


def rules() -> Rules:
    holidays = public_holidays(COUNTRY, "", range(FIRST, FIRST + LONG + 1))
    return Rules(ZONE, WEEK, {day.day: () for day in holidays})


def table(years: int) -> KnownHours:
    """A table of so many years that ends after the questions."""
    last = datetime(2027, 1, 1, tzinfo=UTC)
    return stitched([rules()], to_micros(last - timedelta(days=365 * years)), to_micros(last))


def other() -> WorkingCalendar:
    spells = [(opens, closes) for opens, closes in WEEK[0]]
    years = range(FIRST, FIRST + LONG + 1)
    return WorkingCalendar.from_country(
        country=COUNTRY, years=list(years), tz=ZONE, weekly_schedule=dict.fromkeys(WEEK, spells)
    )


def rates(asks: dict[str, Ask], asked: list[Question]) -> dict[str, float]:
    """Questions a second of each: the median of rounds in which all take their turns."""
    taken: dict[str, list[float]] = {name: [] for name in asks}
    for _ in range(ROUNDS):
        for name, ask in asks.items():
            begun = time.perf_counter()
            for question in asked:
                ask(question)
            taken[name].append(time.perf_counter() - begun)
    return {name: len(asked) / median(times) for name, times in taken.items()}


def agree(ours: CalendarHours, theirs: WorkingCalendar, asked: list[Question]) -> None:
    for since, until, target in asked:
        # No clock changes in the questions' weeks, where the two mean the same.
        if ours.between(since, until) != theirs.business_time_between(since, until):
            raise AssertionError(f"between {since} and {until}")
        if ours.walk(since, target) != theirs.add_business_time(since, target):
            raise AssertionError(f"walk {target} from {since}")


def measure(*, quick: bool = False) -> bool:
    """Say what was measured; whether all targets were met."""
    asked = questions(40 if quick else 200, start=NOW, days=14)
    ours, theirs = CalendarHours([rules()]), other()
    agree(ours, theirs, asked)
    tell(f"calendars: {len(asked)} questions, both libraries agree")
    asks: dict[str, Ask] = {
        "between": lambda q: ours.between(q[0], q[1]),
        "bizcal between": lambda q: theirs.business_time_between(q[0], q[1]),
        "walk": lambda q: ours.walk(q[0], q[2]),
        "bizcal walk": lambda q: theirs.add_business_time(q[0], q[2]),
    }
    found = rates(asks, asked)
    met = [
        say(
            f"calendar_{name}_per_second",
            found[name],
            "1/s",
            limit=found[f"bizcal {name}"],
            target=1,
            at_least=True,
        )
        for name in ("between", "walk")
    ]
    long, short = table(LONG), table(SHORT)
    many = questions(400 if quick else 4000, start=NOW, days=200)
    grown = rates(
        {
            "long between": lambda q: long.between(q[0], q[1]),
            "between": lambda q: short.between(q[0], q[1]),
            "long walk": lambda q: long.walk(q[0], q[2]),
            "walk": lambda q: short.walk(q[0], q[2]),
        },
        many,
    )
    # Time a question in ten years over time a question in one.
    met += [
        say(
            f"calendar_{name}_growth_{LONG}_years",
            1e6 / grown[f"long {name}"],
            "us",
            limit=1e6 / grown[name],
            target=1.5,
        )
        for name in ("between", "walk")
    ]
    begun = time.perf_counter()
    CalendarHours([rules()]).is_open(NOW)
    tell(f"calendars: a table from nothing takes {(time.perf_counter() - begun) * 1000:.1f} ms")
    return all(met)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer questions")
    return 0 if measure(quick=parser.parse_args().quick) else 1


if __name__ == "__main__":
    sys.exit(main())
