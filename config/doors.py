"""Every door of Earshot, read from the URL map: its path, methods, and the right that it states."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from agency.api.views import ApiView
from agency.rights import Right
from agency.web.views import StaffPage
from workflows.queries.possible import ACTIONS

# Doors that no member's right guards, each with its reason.
OPEN = {
    "healthz": "says that the process lives",
    "readyz": "says whether it can work",
    "api/schema/": "the API's document, about nobody",
    "accounts/": "allauth's sign-in",
    "account/": "one's own account; the frame around it is the only thing of an agency",
    "ack/": "the link of a notice is the authority; it takes what the notice is about, and shows that",
    "approve/": "a contact's own link is the authority",
    "alert/": "an alert recipient's own link is the authority; it says that they have seen one mention",
    "see/": "a viewer's own link is the authority; it only shows",
    "switch/": "chooses among one's own agencies",
    "demo/": "the demo's forum; only where trying out is meant",
}


@dataclass(frozen=True, slots=True)
class Door:
    """One URL and method. `right` None: whoever is signed in."""

    route: str  # such as mentions/<uuid:mention_id>/
    method: str
    right: Right | None
    is_api: bool

    @property
    def names(self) -> list[str]:
        """What the route takes, such as mention_id."""
        return re.findall(r"<\w+:(\w+)>", self.route)

    def path(self, **ids: Any) -> str:
        return "/" + re.sub(r"<\w+:(\w+)>", lambda found: str(ids[found[1]]), self.route)


def routes() -> Iterator[tuple[str, Any]]:
    """(route, view callback) of every pattern."""
    yield from _walk("", get_resolver().url_patterns)


def _walk(prefix: str, patterns: list[Any]) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from _walk(route, pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


@lru_cache(maxsize=1024)
def is_open(route: str) -> bool:
    # The API's page, and what answers for every address that isn't there: both say nothing about anybody.
    return route == "api/" or any(
        route == known or (known.endswith("/") and route.startswith(known)) for known in OPEN
    )


def guarded() -> list[Door]:
    """Every door that asks for a right; one whose address names a move is a door for each move."""
    found: list[Door] = []
    spelt = [
        (route.replace("<slug:move>", move), callback)
        for route, callback in routes()
        for move in (ACTIONS if "<slug:move>" in route else ("",))
    ]
    for route, callback in spelt:
        api, page = getattr(callback, "cls", None), getattr(callback, "view_class", None)
        if api is not None and issubclass(api, ApiView):
            for method, action in callback.actions.items():
                if method != "head":
                    found.append(Door(route, method.upper(), api.rights[action], is_api=True))
        elif page is not None and issubclass(page, StaffPage):
            if hasattr(page, "get"):
                found.append(Door(route, "GET", page.right, is_api=False))
            if hasattr(page, "post"):
                found.append(Door(route, "POST", getattr(page, "write_right", page.right), is_api=False))
    return found
