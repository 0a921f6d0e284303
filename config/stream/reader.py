"""One reader of the stream: what they missed, then what happens, until they leave or may not read any more."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from random import uniform

import structlog
from django.db import Error

from agency.api.event_stream import BEAT, RESTARTING, UNSURE, End, Opening, passed, tell_all
from agency.queries.feed import EventsGone
from config.stream.hub import BATCH, Channel, Database, Hub

log = structlog.get_logger("earshot.stream")

BEAT_SECONDS = 15.0
# Access is looked at within 5 seconds: not all readers' at the same moment, and it takes a moment itself.
LOOK_SECONDS = (3.0, 4.0)


@dataclass
class Reader:
    """Writes what a reader gets, in parts.

    Attributes:
        look: asks whether they may still read.
        gone: set when they have left.
    """

    opening: Opening
    hub: Hub
    database: Database
    look: Callable[[], End | None]
    gone: asyncio.Event
    stopping: asyncio.Event

    async def parts(self) -> AsyncIterator[bytes]:
        channel = self.hub.join(self.opening.by.agency_id, self.opening.head.last)
        try:
            async for part in self._parts(channel):
                yield part
        finally:
            self.hub.leave(channel)

    async def _parts(self, channel: Channel) -> AsyncIterator[bytes]:
        at, wrote = self.opening.after, time.monotonic()
        look_at = wrote + uniform(*LOOK_SECONDS)  # noqa: S311
        while not self.gone.is_set():
            news = channel.news
            end: End | None = RESTARTING if self.stopping.is_set() else None
            if end is None and time.monotonic() >= look_at:
                end, look_at = await self._looked(), time.monotonic() + uniform(*LOOK_SECONDS)  # noqa: S311
            told = b""
            if end is None:
                told, at, end = await self._next(channel, at)
            if time.monotonic() - wrote >= BEAT_SECONDS:
                told = told or BEAT + passed(at)
            if told:
                wrote = time.monotonic()
                yield told
            if end is not None:
                yield end.written()
                return
            if at >= channel.head:
                await self._wait(news, until=min(look_at, wrote + BEAT_SECONDS))

    async def _next(self, channel: Channel, at: int) -> tuple[bytes, int, End | None]:
        """(what is written, the number that was read up to, why it ends)."""
        if channel.is_broken:
            return b"", at, RESTARTING
        if at >= channel.head:
            return b"", at, None
        try:
            if at >= channel.floor:
                notes, upto = channel.since(at), channel.head
            else:
                head, found = await self.hub.read(channel.agency_id, at)
                notes = list(found)
                upto = notes[-1].number if len(notes) == BATCH else head.last
        except EventsGone as error:
            return b"", at, End(error.code, error.message)
        except Error:
            return b"", at, UNSURE
        return tell_all(note for note in notes if self.opening.wants(note)), upto, None

    async def _looked(self) -> End | None:
        try:
            return await self.database(self.look)
        except Error:
            # Not open to who may have lost the right meanwhile. What happens is found when they come again.
            return UNSURE

    async def _wait(self, news: asyncio.Event, *, until: float) -> None:
        waiting = [asyncio.ensure_future(event.wait()) for event in (news, self.gone, self.stopping)]
        try:
            await asyncio.wait(
                waiting, timeout=max(0.0, until - time.monotonic()), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for one in waiting:
                one.cancel()
