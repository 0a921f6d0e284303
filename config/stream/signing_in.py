"""Django's part of a stream, in a thread: letting a caller in, and looking whether they still may."""

from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core import signals
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from agency.api.event_stream import End, Gate, Opening, why_end

Scope = dict[str, Any]


class SigningIn:
    """All that Django does with any other call: middleware, sign-in, rights, limits, problems."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._handler = WSGIHandler()

    def open(self, scope: Scope) -> HttpResponseBase:
        set_script_prefix("/")
        signals.request_started.send(sender=type(self), scope=scope)
        request = _request(scope)
        request.streams = self._gate
        response: HttpResponseBase = self._handler.get_response(request)
        response.close()
        return response


def look_again(scope: Scope, opening: Opening) -> End | None:
    """Why the stream has to end; None: it goes on."""
    request = _request(scope)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.user = get_user(request)
    return why_end(request, opening)


def _request(scope: Scope) -> Any:
    return ASGIRequest(scope, BytesIO())
