"""Lists that go on: the addresses of their other pages."""

from typing import Any

from django.http import HttpRequest

from agency.queries.paging import Page

# The query parameter that carries a list's cursor.
AFTER = "after"


def cursor_of(request: HttpRequest) -> str | None:
    return request.GET.get(AFTER) or None


def pager(request: HttpRequest, page: Page[Any]) -> dict[str, str | None]:
    """`next_url`, and `newest_url` where this isn't the first page; filters stay as they are."""
    return {
        "next_url": _with(request, page.next) if page.next else None,
        "newest_url": _with(request, None) if cursor_of(request) else None,
    }


def _with(request: HttpRequest, cursor: str | None) -> str:
    asked = request.GET.copy()
    asked.pop(AFTER, None)
    if cursor:
        asked[AFTER] = cursor
    return f"{request.path}?{asked.urlencode()}" if asked else request.path
