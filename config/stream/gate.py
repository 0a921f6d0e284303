"""How many streams there may be: of one caller, and in one process."""

from collections import Counter
from threading import Lock
from uuid import UUID

from agency.api.event_stream import Opening, TooManyStreams


class Gate:
    """Counts the streams of this process. Asked by the threads that sign callers in."""

    def __init__(self, *, each: int, all_: int) -> None:
        self._each, self._all = each, all_
        self._open: Counter[UUID | None] = Counter()
        self._lock = Lock()

    def enter(self, opening: Opening) -> None:
        """Raises: TooManyStreams."""
        who = opening.by.id
        with self._lock:
            if self._open[who] >= self._each:
                raise TooManyStreams(f"You have {self._each} streams open. Close one, or share them.")
            if self._open.total() >= self._all:
                raise TooManyStreams("As many streams are open as this server keeps. Try again later.")
            self._open[who] += 1

    def leave(self, opening: Opening) -> None:
        with self._lock:
            self._open[opening.by.id] -= 1
            if not self._open[opening.by.id]:
                del self._open[opening.by.id]

    def __len__(self) -> int:
        return self._open.total()
