"""When each session was last used: in the cache, because a GET changes nothing in the database."""

import hashlib
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

EVERY = 60.0  # seconds
_MOST = 10_000


class LastSeen:
    """Middleware. Each process writes once a minute and session, so a cache that is away costs next to nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._written: dict[str, float] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        key = request.session.session_key if hasattr(request, "session") else None
        # Only where a view asked who it is: static files and health checks don't.
        if (
            key
            and request.session.accessed
            and getattr(request, "user", None)
            and request.user.is_authenticated
        ):
            self._note(key)
        return response

    def _note(self, key: str) -> None:
        now = time.monotonic()
        if now - self._written.get(key, -EVERY) < EVERY:
            return
        if len(self._written) >= _MOST:
            self._written.clear()
        self._written[key] = now
        cache.set(_name(key), time.time(), settings.SESSION_COOKIE_AGE)


def last_seen(keys: Iterable[str]) -> dict[str, datetime]:
    """Session key → when it was last used, of those that the cache knows."""
    names = {_name(key): key for key in keys}
    return {names[name]: datetime.fromtimestamp(at, UTC) for name, at in cache.get_many([*names]).items()}


def _name(key: str) -> str:
    # A cache is read by more people than a session table; the key itself would let one in.
    return f"seen:{hashlib.sha256(key.encode()).hexdigest()}"
