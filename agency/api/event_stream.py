"""The stream of events (server-sent events): numbers and ids as things happen, to go and look.

The stream's own process answers until somebody leaves (`config.stream`). Where that isn't it, the answer holds what has
happened since the reader was here last and ends; the reader comes again after `retry`, and misses nothing either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from django.http import HttpRequest, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.exceptions import APIException
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from agency.actor import Actor
from agency.api.authentication import KeyOrSession
from agency.api.events import after_field, type_name
from agency.api.renderers import Orjson
from agency.api.schema import operation
from agency.api.serializers import Filters, Several
from agency.api.views import ApiView
from agency.errors import DomainError, Invalid
from agency.queries.feed import BIGGEST, Head, Note, feed_head, read_notes
from agency.rights import Right

MEDIA_TYPE = "text/event-stream"
# Milliseconds after which a reader comes again: at once after a stream that broke, later where each answer ends.
AGAIN, AGAIN_LATER = 1_000, 3_000
BATCH = 1_000
LAST_EVENT_ID = "Last-Event-ID"


class TooManyStreams(DomainError):
    """One caller, or all of them, have as many open as there may be."""

    code, status, title = "too_many_streams", 429, "Too many streams"
    headers = {"Retry-After": "15"}


@dataclass(frozen=True, slots=True)
class Opening:
    """A stream that was let in.

    Attributes:
        by: who reads.
        after: the number that they have read up to.
        head: how far the feed goes at this moment.
    """

    by: Actor
    after: int
    head: Head
    types: frozenset[str] = frozenset()

    def wants(self, note: Note) -> bool:
        """Whether this reader is told of it."""
        limit = self.by.clients
        if limit is not None and note.client_id not in limit:
            return False
        return not self.types or note.type in self.types


class Gate(Protocol):
    """Where streams stay open: what such a process hangs on the request, as `streams`."""

    def enter(self, opening: Opening) -> None:
        """Count the stream. Raises: TooManyStreams."""


class Opened(HttpResponse):
    """The head of a stream's answer; the process that holds the gate writes the rest."""

    def __init__(self, opening: Opening, content: bytes) -> None:
        super().__init__(content, content_type=MEDIA_TYPE)
        self.opening = opening
        self["Cache-Control"] = "no-store"
        # For nginx, which would else collect what is meant to arrive at once.
        self["X-Accel-Buffering"] = "no"


class StreamFilters(Filters):
    after = after_field(
        "The number of the last event that you have; without it, only what happens from now on."
    )
    type = Several(
        child=type_name(),
        required=False,
        help_text="Only these types.",
    )


class EventStreamFormat(BaseRenderer):
    """Lets callers ask for it by Accept; what goes wrong is still a problem in JSON."""

    media_type = MEDIA_TYPE
    format = "event-stream"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return Orjson().render(data)


class EventStreamViews(ApiView):
    rights = {"stream": Right.READ}
    filters = {"stream": StreamFilters}
    renderer_classes = [EventStreamFormat, Orjson]

    @operation(
        "stream_events",
        "Be told of events as they happen",
        gives=OpenApiResponse(
            OpenApiTypes.ANY,  # some read it as a text, some as one event after the other
            description="Server-sent events. First `open` with the number that you have read up to; then, for each event,"
            ' `data: {"id": "…", "number": 1042}` with the number as its id; at last `end` with a `code` and a `detail`.',
        ),
        status=(200, MEDIA_TYPE),
        also=(410, 429),
        description="Carries ids only: read what happened by `list_events` with `after`. Send the last id that you got in"
        " the header `Last-Event-ID` (EventSource does), or as `after`, to go on without missing anything. A comment comes"
        " every 15 seconds. The stream ends within 5 seconds after your access does, and says so. It may also end because"
        " Earshot restarts, or because it is served by a process that can't wait: come again after `retry`.",
    )
    def stream(self, request: Request) -> Opened:
        opening = self._opening(request)
        gate: Gate | None = getattr(request._request, "streams", None)
        if gate is not None:
            if request.method != "HEAD":
                gate.enter(opening)
            return Opened(opening, hello(opening.after, again=AGAIN))
        told = hello(opening.after, again=AGAIN_LATER)
        if request.method != "HEAD":
            head, notes = read_notes(after=opening.after, limit=BATCH)
            told += tell_all(note for note in notes if opening.wants(note))
            told += passed(notes[-1].number if len(notes) == BATCH else head.last)
        return Opened(opening, told)

    def _opening(self, request: Request) -> Opening:
        """Raises: Invalid; EventsGone."""
        after, asked = self._after(request), self.asked
        if after is None:
            head = feed_head()
            after = head.last
        else:
            head, _ = read_notes(after=after, limit=0)
        return Opening(
            by=self.actor,
            after=after,
            head=head,
            types=frozenset(asked.get("type") or ()),
        )

    def _after(self, request: Request) -> int | None:
        # Whoever comes again sends both: the address as it was, and what it has read since.
        told = request.headers.get(LAST_EVENT_ID, "").strip()
        if not told:
            found: int | None = self.asked.get("after")
            return found
        if not (told.isascii() and told.isdigit() and len(told) <= 16 and int(told) <= BIGGEST):
            raise Invalid.field(LAST_EVENT_ID, "Send the last id that this stream gave you: a number.")
        return int(told)


# What is written ----------------------------------------------------------------------------------------


def hello(after: int, *, again: int) -> bytes:
    """The first lines. The number comes as an id, so that who loses the connection now knows where to go on."""
    return b"retry: %d\n\nevent: open\nid: %d\ndata: %b\n\n" % (again, after, orjson.dumps({"number": after}))


def tell(note: Note) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (
        note.number,
        orjson.dumps({"id": str(note.event_id), "number": note.number}),
    )


def tell_all(notes: Iterable[Note]) -> bytes:
    return b"".join(map(tell, notes))


def passed(number: int) -> bytes:
    """No message, but the last id that the reader comes again with: what was none of theirs isn't looked through twice."""
    return b"id: %d\n\n" % number


@dataclass(frozen=True, slots=True)
class End:
    """Why a stream ends."""

    code: str
    detail: str

    def written(self) -> bytes:
        return b"event: end\ndata: %b\n\n" % orjson.dumps({"code": self.code, "detail": self.detail})


BEAT = b": still here\n\n"
RESTARTING = End("restarting", "Earshot is being restarted. Come again.")
UNSURE = End("unsure", "Earshot can't tell at the moment whether you may still read this. Come again.")


# Whether it goes on -------------------------------------------------------------------------------------


def why_end(request: HttpRequest, opening: Opening) -> End | None:
    """Sign in again, as the stream was opened; None: all is as it was.

    Args:
        request: with the same headers, and the session as it is now.
    """
    try:
        found = KeyOrSession().authenticate(Request(request))
    except (APIException, DomainError) as error:
        said = str(error.detail) if isinstance(error, APIException) else error.message
        return End("access_ended", said)
    if found is None:
        return End("access_ended", "You are signed out, or have no place in this agency any more.")
    actor, before = found[1], opening.by
    if (actor.kind, actor.id, actor.agency_id) != (before.kind, before.id, before.agency_id):
        return End("access_ended", "You work in another agency now.")
    if not actor.may(Right.READ):
        return End("access_ended", f"This needs the right “{Right.READ.value}”.")
    if actor.clients != before.clients:
        return End("access_changed", "The clients that you work for have changed. Come again.")
    return None
