"""Looks for news once a second, for all agencies whose feed somebody reads here, and hands it to their readers."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID

import structlog
from django.db import Error, close_old_connections

from agency.queries.feed import EventsGone, Head, Note, feed_heads, read_notes
from agency.tenancy import tenant

log = structlog.get_logger("earshot.stream")

SECONDS = 1.0
# What each agency's readers can be told without asking again.
KEPT, BATCH = 2_000, 1_000
T = TypeVar("T")


class Database:
    """A few threads with a connection each. Whoever waits for something else holds none of them."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")

    async def __call__(self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _asked, ask)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _asked(ask: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return ask()
    finally:
        close_old_connections()


class Channel:
    """An agency's news.

    Attributes:
        head: the number up to which its readers can be told.
        floor: what is numbered higher than this, up to the head, is in `notes`.
        is_broken: the feed is shorter than it was; whoever reads it begins anew.
    """

    def __init__(self, agency_id: UUID, head: int) -> None:
        self.agency_id, self.head, self.floor = agency_id, head, head
        self.notes: deque[Note] = deque()
        self.readers = 0
        self.is_broken = False
        self._news = asyncio.Event()

    @property
    def news(self) -> asyncio.Event:
        """Set as soon as there is something new; another one afterwards."""
        return self._news

    def add(self, notes: Iterable[Note], head: int) -> None:
        self.notes.extend(notes)
        while len(self.notes) > KEPT:
            self.floor = self.notes.popleft().number
        self.head = head
        self.wake()

    def wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def since(self, number: int) -> list[Note]:
        """What follows `number`, which isn't below the floor."""
        found: list[Note] = []
        for note in reversed(self.notes):
            if note.number <= number:
                break
            found.append(note)
        return found[::-1]


class Hub:
    """The channels of this process, and what keeps them up to date."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._channels: dict[UUID, Channel] = {}
        self._failing = False

    def join(self, agency_id: UUID, head: int) -> Channel:
        channel = self._channels.get(agency_id)
        if channel is None:
            channel = self._channels[agency_id] = Channel(agency_id, head)
        channel.readers += 1
        return channel

    def leave(self, channel: Channel) -> None:
        channel.readers -= 1
        if channel.readers == 0 and self._channels.get(channel.agency_id) is channel:
            del self._channels[channel.agency_id]

    async def run(self) -> None:
        while True:
            try:
                if self._channels:
                    await self._look()
            except Exception:  # whatever it is: without this loop nobody here is told anything any more
                log.exception("looking for news failed")
            await asyncio.sleep(SECONDS)

    async def _look(self) -> None:
        wanted = list(self._channels)  # here, not in the thread: readers come and go meanwhile
        try:
            heads = await self._database(lambda: feed_heads(wanted))
            for agency_id, head in heads.items():
                channel = self._channels.get(agency_id)
                if channel is not None and head != channel.head:
                    await self._fetch(channel)
        except Error as error:
            if not self._failing:
                log.warning("no news from the database", error=type(error).__name__)
            self._failing = True
        else:
            self._failing = False

    async def _fetch(self, channel: Channel) -> None:
        more = True
        while more:
            try:
                head, notes = await self.read(channel.agency_id, channel.head)
            except EventsGone:
                channel.is_broken = True
                self._channels.pop(channel.agency_id, None)
                channel.wake()
                return
            more = len(notes) == BATCH
            channel.add(notes, notes[-1].number if more else head.last)

    async def read(self, agency_id: UUID, after: int) -> tuple[Head, Sequence[Note]]:
        """Raises: EventsGone."""
        return await self._database(lambda: _read(agency_id, after))


def _read(agency_id: UUID, after: int) -> tuple[Head, Sequence[Note]]:
    with tenant(agency_id, read_only=True):
        return read_notes(after=after, limit=BATCH)
