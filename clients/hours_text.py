"""Open hours as people write them: "09:00–12:00, 13:00–17:00", and a date a line. Pure: standard library only."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

Pairs = list[tuple[str, str]]

# 9, 9:00, 09.00 or 0900; what it means is for the hours to say.
_TIME = r"(\d{1,2})(?:[:.h]?(\d{2}))?"
_SPELL = re.compile(rf"{_TIME}\s*(?:-|–|—|to|until)\s*{_TIME}", re.IGNORECASE)
_LINE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})\s*[:,]?\s*(.*)")
CLOSED = frozenset({"", "closed", "-", "–"})


class Unreadable(ValueError):
    """Not written as we read it; the message says which part."""


def read_intervals(text: str) -> Pairs:
    """Spells with commas between them; "closed" or nothing: none.

    Raises:
        Unreadable
    """
    if text.strip().lower() in CLOSED:
        return []
    return [_spell(part.strip()) for part in re.split(r"[,;]", text) if part.strip()]


def _spell(text: str) -> tuple[str, str]:
    found = _SPELL.fullmatch(text)
    if found is None:
        raise Unreadable(f"“{text[:40]}” isn't a spell of time. Write it as 09:00–17:00.")
    opens, opens_past, closes, closes_past = found.groups()
    return f"{int(opens):02}:{opens_past or '00'}", f"{int(closes):02}:{closes_past or '00'}"


def write_intervals(pairs: Iterable[Sequence[str]]) -> str:
    """ "09:00–12:00, 13:00–17:00" """
    return ", ".join(f"{opens}–{closes}" for opens, closes in pairs)


def read_other_day(line: str) -> tuple[date, Pairs, str]:
    """ "2026-12-24 09:00–12:00 Christmas Eve": the date, when it is open then ("closed" for not at all), and its name.

    Raises:
        Unreadable
    """
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise Unreadable(f"“{line[:40]}” doesn't begin with a date such as 2026-12-24.")
    try:
        day = date(*map(int, found[1].split("-")))
    except ValueError:
        raise Unreadable(f"There is no {found[1]}.") from None
    words, spells = found[2].strip(), list[tuple[str, str]]()
    while match := _SPELL.match(words):
        spells.append(_spell(match[0]))
        words = words[match.end() :].lstrip(" ,;")
    if not spells:
        said = re.match(r"closed\b[ ,:;]*", words, re.IGNORECASE)
        if said is None:
            raise Unreadable(f"{found[1]}: say “closed”, or when it is open, such as 10:00–14:00.")
        words = words[said.end() :]
    if re.match(r"\d{1,2}[:.]\d{2}", words):
        raise Unreadable(f"{found[1]}: “{words[:40]}” isn't a spell of time. Write it as 09:00–17:00.")
    return day, spells, words.strip()


def write_other_day(day: Mapping[str, Any]) -> str:
    """A date as a version keeps it, on a line."""
    times = write_intervals(day["intervals"]) or "closed"
    return f"{day['date']} {times} {day.get('name', '')}".rstrip()
