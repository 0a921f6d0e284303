"""A request id in every answer and log line."""

import re
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from agency.ids import new_id

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
