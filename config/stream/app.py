"""The ASGI application of the stream."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from agency.api.event_stream import Opened
from agency.api.problems import problem_page
from agency.ids import new_id
from config.stream.gate import Gate
from config.stream.hub import Database, Hub
from config.stream.reader import Reader
from config.stream.signing_in import SigningIn, look_again

log = structlog.get_logger("earshot.stream")

PATH = "/api/v1/events/stream/"
THREADS = 4
Message = MutableMapping[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Streams:
    """Lets callers in by Django, in a few threads, and tells them of events in the loop, which costs no thread."""

    def __init__(self) -> None:
        self._gate = Gate(each=settings.STREAMS_EACH, all_=settings.STREAMS)
        self._signing_in = SigningIn(self._gate)
        self._database = Database(THREADS)
        self._hub = Hub(self._database)
        self._running: asyncio.Task[None] | None = None
        self._stopping: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] != "http":
            raise ValueError(f"Nothing is served by {scope['type']}.")
        elif scope["path"] == PATH:
            await self._stream(scope, receive, send)
        else:
            await _answer(_nowhere(), send)

    # The process ------------------------------------------------------------------------------------

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._begin()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _begin(self) -> asyncio.Event:
        """Begin to look for news; from the first stream on where the server says nothing of its life."""
        if self._stopping is None:
            self._stopping = asyncio.Event()
            self._running = asyncio.get_running_loop().create_task(self._hub.run())
            _on_terminate(self._stopping.set)
        return self._stopping

    async def stop(self) -> None:
        if self._stopping is not None:
            self._stopping.set()
        if self._running is not None:
            self._running.cancel()
        self._database.close()

    # A stream ---------------------------------------------------------------------------------------

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        stopping = self._begin()
        try:
            response = await self._database(lambda: self._signing_in.open(scope))
        except Error:
            response = _unavailable()
        if not isinstance(response, Opened) or scope["method"] != "GET":
            return await _answer(response, send)
        gone = asyncio.Event()
        leaving = asyncio.ensure_future(_left(receive, gone))
        opening = response.opening
        reader = Reader(
            opening, self._hub, self._database, lambda: look_again(scope, opening), gone, stopping
        )
        try:
            await _begin_answer(response, send)
            await send({"type": "http.response.body", "body": response.content, "more_body": True})
            async for part in reader.parts():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            if not gone.is_set():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            self._gate.leave(opening)


def _on_terminate(act: Callable[[], None]) -> None:
    """Streams never end by themselves, and the server waits for them: they are ended as soon as it is asked to stop.

    The loop's own handlers, the server's, are run as well: they are called by what the loop reads, not by Python.
    """
    loop = asyncio.get_running_loop()
    with suppress(ValueError):  # not the process's main thread, as in a test
        signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(act))
        signal.siginterrupt(signal.SIGTERM, False)


async def _left(receive: Receive, gone: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def _begin_answer(response: HttpResponseBase, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.items()
        if name.lower() != "content-length" or not isinstance(response, Opened)
    ]
    headers += [
        (b"set-cookie", cookie.output(header="").strip().encode()) for cookie in response.cookies.values()
    ]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})


async def _answer(response: HttpResponseBase, send: Send) -> None:
    await _begin_answer(response, send)
    body = b"" if response.streaming else response.content  # type: ignore[attr-defined]
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _problem(status: int, code: str, detail: str) -> HttpResponse:
    asked = HttpRequest()
    asked.META["HTTP_X_REQUEST_ID"] = request_id = str(new_id())
    answer = problem_page(asked, status=status, code=code, detail=detail)
    answer["X-Request-ID"] = request_id
    return answer


def _nowhere() -> HttpResponse:
    return _problem(
        404,
        "not_found",
        f"This process serves {PATH} alone. The other addresses are served by “manage.py web”.",
    )


def _unavailable() -> HttpResponse:
    answer = _problem(503, "unavailable", "The database can't be reached at the moment. Try again.")
    answer["Retry-After"] = "5"
    return answer
