"""A calendar's hours through all its versions, worked out as far as somebody asks.

Pure: standard library only. Every question has an answer, so that no sweep and no page ever fails for want of a
longer table: outside the years 1970 to 2099 it is closed, and a walk that finds too little open time until then ends
with them.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from clients.hours import (
    ALWAYS,
    DAY,
    HorizonExceeded,
    Hours,
    KnownHours,
    ReversedSpan,
    Rules,
    stitched,
    to_micros,
)

BEGIN, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
FIRST, LAST = to_micros(BEGIN), to_micros(END)
# More than was asked for, so that one table serves what is asked next.
BACK, AHEAD = 40 * DAY, 400 * DAY


class CalendarHours(Hours):
    """Hours without a horizon. Threads that make the table longer at the same time each have a right one."""

    __slots__ = ("_table", "_versions")

    def __init__(self, versions: Sequence[Rules]) -> None:
        """Take the rules that follow one another: at least one, rising by `since`."""
        self._versions = tuple(versions)
        self._table: KnownHours | None = None

    def is_open(self, at: datetime) -> bool:
        return self._reaching(at, at).is_open(at)

    def between(self, start: datetime, end: datetime) -> timedelta:
        return self._reaching(start, end).between(start, end)

    def slices(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
        return self._reaching(start, end).slices(start, end)

    def walk(self, start: datetime, amount: timedelta) -> datetime:
        if amount < timedelta(0):
            raise ReversedSpan(f"Can't walk a negative amount: {amount}.")
        if (known := self._table) is not None:
            try:
                return known.walk(start, amount)
            except HorizonExceeded:
                pass  # a longer table is needed
        table = self._reaching(start, start)
        while True:
            try:
                return table.walk(start, amount)
            except HorizonExceeded:
                if table.last > LAST:
                    return max(start.astimezone(UTC), END)
                # Twice as long each time, so that far walks cost what the last table costs.
                table = self._longer(table.first, 2 * table.last - table.first)

    def _reaching(self, start: datetime, end: datetime) -> KnownHours:
        """A table that knows both moments, and what comes right after the later one."""
        table, first, last = self._table, to_micros(start), to_micros(end)
        if table is None:
            return self._longer(first - BACK, last + AHEAD)
        if table.first <= first and last < table.last:
            return table
        return self._longer(min(first - BACK, table.first), max(last + AHEAD, table.last))

    def _longer(self, first: int, last: int) -> KnownHours:
        """A table from `first` to `last`; beyond the years that this knows, closed for ever."""
        begin, end = min(max(first, FIRST), LAST - DAY), max(min(last, LAST), FIRST + DAY)
        table = stitched(self._versions, begin, end)
        if begin == FIRST or end == LAST:
            ever = ALWAYS.first if begin == FIRST else begin, ALWAYS.last if end == LAST else end
            table = KnownHours(table.starts, table.ends, *ever)
        self._table = table
        return table
