"""A mention's ledger as a picture: a band a round, its slices coloured by whose time it was, with what happened above it
and what the clocks said below. Numbers only; the template draws them, and a table says the same in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format

from agency.templatetags import words as say
from workflows.ledger import OFF_HOURS, Ledger, Owner, Slice, sentence_of, told_shares, totals, written
from workflows.web.timescale import HOUR, Scale, scale_of, spread, ticks

LEAST = 1.6  # per cent of the width: so much every slice has, however short it was
AHEAD = 22.0  # at the most: the time that is still to come until something is due
PIN_APART = 6.6
MOST_PINS = 28
OFF = frozenset(OFF_HOURS.values())


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to mark on the band. `lane`: people's doings above it, the clocks' words below; `tone` colours it."""

    at: datetime
    text: str
    lane: str = "doing"  # doing, clock
    tone: str = ""  # client, ok, warn, late


@dataclass(frozen=True, slots=True)
class Part:
    """A slice as it is drawn; x and width as SVG reads them."""

    key: str
    label: str
    off: bool
    start: datetime
    end: datetime
    told: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Pin:
    number: int
    at: datetime
    text: str
    tone: str
    x: str  # of the pin
    foot: str  # of the moment itself


@dataclass(frozen=True, slots=True)
class Band:
    """One round.

    Attributes:
        shares: (owner, label, length) of those who had a part.
        ahead: (x, width) of the time that is still to come until something is due.
    """

    number: int
    title: str
    sentence: str
    start: datetime
    end: datetime
    is_open: bool
    parts: list[Part]
    shares: list[tuple[str, str, str]]
    whole: str
    pins: list[Pin]
    signs: list[Pin]
    ticks: list[dict[str, str]]
    ahead: tuple[str, str] | None = None
    due_at: datetime | None = None


def draw(
    ledger: Ledger, marks: Sequence[Mark], *, due_at: datetime | None, us: str = "us", you: str = "the client"
) -> list[Band]:
    """A band for each round that lasted. `due_at`: what is due next, shown where the present round is open."""
    rounds = [ledger.slices, *ledger.reopened]
    bands = []
    for number, slices in enumerate(rounds, 1):
        if not slices:
            continue
        is_open = ledger.resolved_at is None and number == len(rounds)
        following = rounds[number][0].start if number < len(rounds) and rounds[number] else None
        mine = [
            m
            for m in marks
            if (number == 1 or m.at >= slices[0].start) and (following is None or m.at < following)
        ]
        due = due_at if is_open and due_at and due_at > slices[-1].end else None
        bands.append(_band(number, len(rounds), slices, mine, is_open, due, (us, you)))
    return bands


def _band(
    number: int,
    rounds: int,
    slices: Sequence[Slice],
    marks: Sequence[Mark],
    is_open: bool,
    due: datetime | None,
    names: tuple[str, str],
) -> Band:
    edges = [slices[0].start, *(part.end for part in slices), *([due] if due else [])]
    scale = scale_of(edges, least=LEAST, most_last=AHEAD if due else 100.0)
    end = slices[-1].end
    title = "" if rounds == 1 else "Until the first close" if number == 1 else f"Round {number}, reopened"
    us, you = names
    marks = sorted(marks, key=lambda mark: mark.at)
    return Band(
        number=number,
        title=title,
        sentence=sentence_of(totals(slices), us=us, you=you),
        start=slices[0].start,
        end=end,
        is_open=is_open,
        parts=[_part(part, scale) for part in slices],
        shares=_shares(slices),
        whole=exactly(slices[0].start, end),
        pins=_pins([mark for mark in marks if mark.lane == "doing"], scale),
        signs=[_pin(0, m, scale, scale.at(m.at)) for m in marks if m.lane == "clock"],
        ticks=_ticks(scale),
        ahead=(_percent(scale.at(end)), _percent(100 - scale.at(end))) if due else None,
        due_at=due,
    )


def _part(part: Slice, scale: Scale) -> Part:
    x = scale.at(part.start)
    return Part(
        key=part.owner.value,
        label=str(say.OWNERS[part.owner.value]),
        off=part.owner in OFF,
        start=part.start,
        end=part.end,
        told=exactly(part.start, part.end),
        x=_percent(x),
        width=_percent(scale.at(part.end) - x),
    )


def _shares(slices: Iterable[Slice]) -> list[tuple[str, str, str]]:
    has = totals(slices)
    told = told_shares(has)
    return [
        (key, str(label), written(told[Owner(key)]))
        for key, label in say.OWNERS.items()
        if has[Owner(key)] > timedelta(0)
    ]


def _pins(marks: Sequence[Mark], scale: Scale) -> list[Pin]:
    shown = marks[:MOST_PINS]
    places = spread([scale.at(mark.at) for mark in shown], apart=PIN_APART)
    return [_pin(n, mark, scale, place) for n, (mark, place) in enumerate(zip(shown, places, strict=True), 1)]


def _pin(number: int, mark: Mark, scale: Scale, place: float) -> Pin:
    return Pin(number, mark.at, mark.text, mark.tone, _percent(place), _percent(scale.at(mark.at)))


def _ticks(scale: Scale) -> list[dict[str, str]]:
    name = timezone.get_current_timezone_name()
    zone = ZoneInfo(name)
    short = scale.edges[-1] - scale.edges[0] < HOUR / 12
    found = []
    for moment, midnight in ticks(scale, zone):
        place = scale.at(moment)
        anchor = "start" if place < 6 else "end" if place > 94 else "middle"
        pattern = "D j M" if midnight else "G:i:s" if short else "G:i"
        label = date_format(moment.astimezone(zone), pattern)
        found.append({"x": _percent(place), "label": label, "anchor": anchor})
    return found


def exactly(start: datetime, end: datetime) -> str:
    """From one second to another: "2 d 3:05:09", "0:18:00". Such lengths add up as they are written."""
    length = end.replace(microsecond=0) - start.replace(microsecond=0)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{length.days} d " if length.days else ""
    return f"{days}{hours}:{minutes:02}:{seconds:02}"


def _percent(value: float) -> str:
    return f"{value:.3f}%"


def drawn(bands: Sequence[Band], ledger: Ledger) -> dict[str, Any]:
    """What the template needs."""
    rounds = len(bands)
    first, total = ledger.first_resolution, ledger.total_resolution
    return {
        "bands": bands,
        "closed": ledger.closed,
        "first_resolution": first,
        "total_resolution": total if rounds > 1 else None,
        "rounds": rounds,
        "disordered": ledger.disordered,
        "source_ahead": ledger.source_ahead,
        "zone": timezone.get_current_timezone_name(),
    }
