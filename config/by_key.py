"""Calls by key pass none of what is there for browsers: sessions, forms, messages, static files.

A call to the API that carries a key is signed in by that alone (`agency.api.authentication`): whatever a session says isn't
looked at. What keeps everybody safe stays around it, the same as for pages; its answers are data, which nothing may be
loaded for, and which nobody may frame.
"""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch
from django.utils.module_loading import import_string

# Of settings.MIDDLEWARE, in its order, what comes after `ByKey` and is for programs too.
KEPT = (
    "django.middleware.common.CommonMiddleware",
    "config.middleware.RequestLine",
    "config.stated.StatedRights",
)
# What OWASP asks of an API's answers (its REST Security Cheat Sheet).
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}


class ByKey:
    """Middleware: the rest of the way for a call by key is a shorter one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._short = _Short()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        by_key = request.META.get("HTTP_AUTHORIZATION") and request.path_info.startswith("/api/v1/")
        if not by_key:
            return self.get_response(request)
        response = cast("HttpResponse", self._short.enter(request))
        for name, value in HEADERS.items():
            response[name] = value
        return response


class _Short(BaseHandler):
    """Django's own handler with fewer middlewares."""

    def __init__(self) -> None:
        # Of addresses that hold no id: there are only so many.
        self._found: dict[tuple[str, str], ResolverMatch] = {}
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self.enter: Any = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        for name in reversed(KEPT):
            middleware = import_string(name)(self.enter)
            if hasattr(middleware, "process_view"):
                self._view_middleware.insert(0, middleware.process_view)
            self.enter = convert_exception_to_response(middleware)

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """What answers an address, looked for once."""
        key = settings.ROOT_URLCONF, request.path_info
        match = self._found.get(key)
        if match is None:
            match = super().resolve_request(request)
            if match.route == request.path_info[1:]:
                self._found[key] = match
        request.resolver_match = match
        return match
