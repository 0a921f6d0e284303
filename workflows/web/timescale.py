"""A stretch of time laid along a line from 0 to 100: true to scale, but for parts so short that nobody would see them.

Pure. Each part has at least `least`; what these take is taken from the others in proportion to their length.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_EVERY = (
    *(timedelta(seconds=n) for n in (10, 30)),
    *(timedelta(minutes=n) for n in (1, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
)
_DAYS = (1, 2, 7, 14, 28, 91, 182, 364)
# Ticks nearer to each other than this would print over one another on a phone.
APART = 21.0


@dataclass(frozen=True, slots=True)
class Scale:
    """`edges`: the moments between the parts, rising; `places`: where each is drawn, from 0 to 100."""

    edges: tuple[datetime, ...]
    places: tuple[float, ...]

    def at(self, moment: datetime) -> float:
        """Where a moment is drawn; what lies outside is at the nearer end."""
        if moment <= self.edges[0]:
            return self.places[0]
        if moment >= self.edges[-1]:
            return self.places[-1]
        n = bisect_right(self.edges, moment) - 1
        share = (moment - self.edges[n]) / (self.edges[n + 1] - self.edges[n])
        return self.places[n] + share * (self.places[n + 1] - self.places[n])


def scale_of(edges: Sequence[datetime], *, least: float, most_last: float = 100.0) -> Scale:
    """A scale whose parts lie between these rising moments.

    Args:
        most_last: the most that the last part may have, such as the time that is still to come.
    """
    lengths = [(end - start) / timedelta(seconds=1) for start, end in pairwise(edges)]
    last = min(lengths[-1] / sum(lengths) * 100, most_last) if len(lengths) > 1 else 100.0
    if len(lengths) > 1 and last >= most_last:
        widths = [*_widths(lengths[:-1], 100 - last, least), last]
    else:
        widths = _widths(lengths, 100.0, least)
    return Scale(tuple(edges), tuple(accumulate(widths, initial=0.0)))


def _widths(lengths: Sequence[float], room: float, least: float) -> list[float]:
    least = min(least, room / (2 * len(lengths)))
    short: set[int] = set()
    while True:
        rest = sum(length for n, length in enumerate(lengths) if n not in short)
        per = (room - least * len(short)) / rest
        more = {n for n, length in enumerate(lengths) if n not in short and length * per < least}
        if not more:
            return [least if n in short else length * per for n, length in enumerate(lengths)]
        short |= more


def spread(places: Sequence[float], *, apart: float) -> list[float]:
    """The same places, rising, moved as little as it takes for each to be `apart` from the next, within 0 to 100."""
    apart = min(apart, 100 / max(len(places) - 1, 1))
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + apart) if moved else place)
    limit = 100.0
    for n in reversed(range(len(moved))):
        moved[n] = min(moved[n], limit)
        limit = moved[n] - apart
    return moved


def ticks(scale: Scale, zone: ZoneInfo, *, wanted: int = 4) -> list[tuple[datetime, bool]]:
    """Round times on the wall of that zone that are drawn along the line, and whether each is a midnight."""
    first, last = scale.edges[0], scale.edges[-1]
    found: list[tuple[datetime, bool]] = []
    for moment in _round(first, last, zone, wanted):
        place = scale.at(moment)
        if not found or place - scale.at(found[-1][0]) >= APART:
            local = moment.astimezone(zone)
            found.append((moment, (local.hour, local.minute, local.second) == (0, 0, 0)))
    return found


def _round(first: datetime, last: datetime, zone: ZoneInfo, wanted: int) -> list[datetime]:
    length = last - first
    midnight = first.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    every = next((step for step in _EVERY if length / step <= wanted), None)
    if every is not None:
        start = first.astimezone(zone)
        count = (start.replace(tzinfo=None) - midnight) // every + 1
        walls = [midnight + every * n for n in range(count, count + wanted + 2)]
    else:
        days = next((n for n in _DAYS if length / (DAY * n) <= wanted), _DAYS[-1])
        walls = [midnight + DAY * days * n for n in range(1, wanted + 2)]
    return [moment for wall in walls if first < (moment := wall.replace(tzinfo=zone)) < last]
