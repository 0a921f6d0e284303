"""The base of every API view: sign-in, the stated right, then the agency's transaction around one domain call."""

from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from agency.actor import Actor
from agency.rights import Right
from agency.tenancy import tenant

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ApiView(GenericViewSet[Any]):
    """States the right of each of its actions in `rights`.

    The handler runs inside the caller's agency: one transaction, read-only for GET, rolled back by any error.
    """

    rights: ClassVar[dict[str, Right]] = {}
    actor: Actor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        self.args, self.kwargs = args, kwargs
        asked: Request = self.initialize_request(request, *args, **kwargs)
        self.request = asked
        self.headers = self.default_response_headers
        try:
            self.initial(asked, *args, **kwargs)
            handler = getattr(self, (asked.method or "").lower(), None)
            if self.action is None or handler is None:
                response = self.http_method_not_allowed(asked, *args, **kwargs)
            else:
                self.actor = asked.auth
                with tenant(self.actor.agency_id, read_only=asked.method in SAFE):
                    response = handler(asked, *args, **kwargs)
        except Exception as error:
            response = self.handle_exception(error)
        self.response = self.finalize_response(asked, response, *args, **kwargs)
        return self.response
