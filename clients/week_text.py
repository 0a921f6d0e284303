"""A week as people write it, a line for days that are alike: "Mon-Fri 18:00-09:00". Pure: standard library only."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from clients.hours import DAYS
from clients.hours_text import Unreadable, read_intervals, write_intervals

Week = dict[int, list[tuple[str, str]]]
_SHORT = tuple(day[:3] for day in DAYS)
_NUMBER = {name.lower(): number for names in (DAYS, _SHORT) for number, name in enumerate(names)}
_LINE = re.compile(r"\s*([A-Za-z][A-Za-z ,–—-]*?)\s*:?\s+(\d.*)")
_EVERY = frozenset({"daily", "every day", "all days", "always"})


def read_week(text: str) -> Week:
    """Lines such as "Mon-Fri 09:00-17:00" and "Sat, Sun 10:00-12:00, 14:00-16:00".

    Raises:
        Unreadable
    """
    week: Week = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise Unreadable(f"Line {number}: write days and times, such as Mon-Fri 18:00-09:00.")
        try:
            pairs = read_intervals(found[2])
        except Unreadable as error:
            raise Unreadable(f"Line {number}: {error}") from None
        for day in _days(found[1], number):
            week.setdefault(day, []).extend(pairs)
    return week


def _days(text: str, line: int) -> list[int]:
    if text.strip().lower() in _EVERY:
        return list(range(7))
    found: list[int] = []
    for part in filter(str.strip, text.split(",")):
        ends = [end.strip().lower() for end in re.split(r"[-–—]", part)]
        unknown = next((end for end in ends if end not in _NUMBER), None)
        if unknown is not None or len(ends) > 2:
            raise Unreadable(f"Line {line}: “{part.strip()}” isn't a day. Write Mon, Tue … or Mon-Fri.")
        first, last = _NUMBER[ends[0]], _NUMBER[ends[-1]]
        found += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    return list(dict.fromkeys(found))


def write_week(week: Mapping[int, Sequence[Sequence[str]]]) -> str:
    """As `read_week` reads it, days that are alike and follow one another in one line."""
    told = [(day, write_intervals(week.get(day, ()))) for day in range(7)]
    lines = []
    for times, days in groupby(told, key=lambda pair: pair[1]):
        alike = [_SHORT[day] for day, _ in days]
        if times:
            lines.append(f"{alike[0]}-{alike[-1]} {times}" if len(alike) > 1 else f"{alike[0]} {times}")
    return "\n".join(lines)
