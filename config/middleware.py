"""A request id in every answer and log line, the whole of a body, and one line a request in the log."""

import logging
import re
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, cast

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware

from agency.ids import new_id
from agency.web.address import client_address

# By the first digit of the status.
LEVELS = {4: logging.WARNING, 5: logging.ERROR}
_log = structlog.get_logger("django_structlog.middlewares.request")
_SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestId:
    """Takes the caller's `X-Request-ID` when it is sane, else makes one, and sends it back.

    The first of the middleware, so that each answer and each line of the log has it: those too of what a later one
    refuses. What it read from elsewhere than `META` would be the caller's own: `request.headers` is a copy, made once.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = offered if _SANE.fullmatch(offered) else str(new_id())
        request.META["HTTP_X_REQUEST_ID"] = request_id
        # Nothing of the request before.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        # Again: a later one cleared it, and Django's own line about an error is written when all of them are done.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response["X-Request-ID"] = request_id
        return response


class WholeBody:
    """Reads a body that comes in pieces (Transfer-Encoding: chunked), or by HTTP/2, without its length.

    A WSGI request whose length isn't said has no body for Django: what was sent would be left out without a word.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        said = request.META.get("CONTENT_LENGTH")
        in_pieces = bool(request.META.get("HTTP_TRANSFER_ENCODING"))
        by_two = not said and str(request.META.get("SERVER_PROTOCOL", "")).startswith("HTTP/2")
        if (in_pieces or by_two) and "wsgi.input" in request.META:
            body = _all_of(request.META["wsgi.input"], int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + 1)
            request._stream = BytesIO(body)  # noqa: SLF001
            request.META["CONTENT_LENGTH"] = str(len(body))
        return self.get_response(request)


def _all_of(source: Any, most: int) -> bytes:
    """To its end, or one byte beyond what is taken, so that it is refused as too large."""
    taken = bytearray()
    while len(taken) < most and (piece := source.read(most - len(taken))):
        taken += piece
    return bytes(taken)


class RequestLine(RequestMiddleware):
    """django_structlog's, with one line for a request, when it is answered, and how long that took.

    A line of its own for its beginning would tell nothing more, and cost as much again.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        self.bind_user_id(request)
        structlog.contextvars.bind_contextvars(ip=client_address(request))
        response = cast("HttpResponse", self.get_response(request))
        structlog.contextvars.bind_contextvars(
            user_agent=request.META.get("HTTP_USER_AGENT"), ms=round((time.perf_counter() - begun) * 1000, 1)
        )
        if response.streaming or hasattr(request, "_raised_exception"):
            self.handle_response(request, response)
        else:
            self._write(request, response)
        return response

    def _write(self, request: HttpRequest, response: HttpResponse) -> None:
        """As django_structlog writes it, which tells signals of it, too: nobody listens to them here."""
        self.bind_user_id(request)
        level = LEVELS.get(response.status_code // 100, logging.INFO)
        _log.log(level, "request_finished", code=response.status_code, request=self.format_request(request))
        structlog.contextvars.clear_contextvars()
