"""A view that states no right serves nobody, however it came into the URL map."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from agency.api.views import ApiView
from agency.web.views import StaffPage
from config.doors import is_open


def states_a_right(view: Any, route: str) -> bool:
    """By its base, which asks for it; or because the route is one of `OPEN`, for the reason that is given there."""
    shown = getattr(view, "cls", None) or getattr(view, "view_class", None)
    return is_open(route) or (isinstance(shown, type) and issubclass(shown, ApiView | StaffPage))


class StatedRights:
    """The last middleware, right before the view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Raises: ImproperlyConfigured, which is answered as any fault of ours is: with 500 and no content."""
        match = request.resolver_match
        if match is None or not states_a_right(view, match.route.removeprefix("^")):
            raise ImproperlyConfigured(
                f"The view of “{match and match.route}” states no right, so it serves nobody."
            )
