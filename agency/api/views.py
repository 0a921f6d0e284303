"""The base of every API view: sign-in, the stated right, then the agency's transaction around one domain call."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import classonlymethod
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from agency.actor import Actor
from agency.api.idempotency import once
from agency.api.locations import locate
from agency.api.pagination import paged
from agency.api.rates import refuse_beyond, spend
from agency.api.serializers import Filters, Input
from agency.queries.paging import keyset
from agency.rights import Right
from agency.tenancy import tenant

SAFE = frozenset({"GET", "HEAD"})


class ApiView(GenericViewSet[Any]):
    """States the right of each of its actions in `rights`; None: whoever is signed in.

    The handler runs inside the caller's agency: one transaction, read-only for GET, rolled back by any error.

    Attributes:
        filters: action → its query parameters; an action that isn't there takes none.
        address: where what it makes is found, if that isn't below the list; see `locate`.
        actor: who asks.
        asked: the query parameters, checked.
        outside: set by a handler whose effect is outside the database, and run when its transaction is over; its answer
            is the call's.
    """

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    rights: ClassVar[dict[str, Right | None]] = {}
    filters: ClassVar[dict[str, type[Filters]]] = {}
    address: ClassVar[str] = ""
    actor: Actor
    asked: Mapping[str, Any]
    outside: Callable[[], Response] | None = None

    @classonlymethod
    def as_view(cls, actions: dict[str, Any] | None = None, **initkwargs: Any) -> Any:  # noqa: N805
        unstated = {*(actions or {}).values()} - cls.rights.keys()
        if unstated:
            raise ImproperlyConfigured(f"{cls.__name__} states no right for {', '.join(sorted(unstated))}.")
        return super().as_view(actions, **initkwargs)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        asked: Request = self.initialize_request(request, *args, **kwargs)
        self.request = asked
        self.headers = self.default_response_headers
        try:
            if asked.method == "OPTIONS":  # DRF would describe the view to anybody
                self.action = None  # type: ignore[assignment]
            self.initial(asked, *args, **kwargs)
            handler = getattr(self, (asked.method or "").lower(), None)
            if self.action is None or handler is None:
                response = self.http_method_not_allowed(asked, *args, **kwargs)
            else:
                self.actor = cast("Actor", asked.auth)
                self.asked = self.filters.get(self.action, Filters).read(asked.query_params)
                if asked.method in SAFE:
                    with tenant(self.actor.agency_id, read_only=True, clients=self.actor.clients):
                        response = handler(asked, *args, **kwargs)
                else:
                    response = self.act(handler, asked, *args, **kwargs)
        except Exception as error:
            response = self.handle_exception(error)
        self.response = self.finalize_response(asked, response, *args, **kwargs)
        return self.response

    def perform_authentication(self, request: Request) -> None:
        """Sign in, and count the call, before anything else is asked: each answer then says what is left.

        Raises:
            RateLimited: there were too many.
        """
        super().perform_authentication(request)
        if isinstance(request.auth, Actor):
            budget = spend(request.auth)
            self.headers.update(budget.headers)
            refuse_beyond(budget)

    def act(self, handler: Callable[..., Any], asked: Request, *args: Any, **kwargs: Any) -> Any:
        """Let a handler change something: once, where the caller sent an Idempotency-Key."""
        agency_id, clients, call = self.actor.agency_id, self.actor.clients, once(asked, self.actor)
        with tenant(agency_id, clients=clients):
            if call is not None and (before := call.again()) is not None:
                return before
            response = locate(handler(asked, *args, **kwargs), asked, address=self.address)
            if call is not None:
                if self.outside is None:
                    return call.keep(response)
                call.reserve()
        if self.outside is None:
            return response
        response = self.outside()
        if call is not None:
            with tenant(agency_id, clients=clients):
                return call.keep(response)
        return response

    def body(self, form: type[Input]) -> dict[str, Any]:
        """What was sent, checked; of a PATCH only what it names.

        Raises:
            ValidationError: by field.
        """
        return form.read(self.request.data, partial=self.request.method == "PATCH")

    def page(
        self, rows: "QuerySet[Any]", output: type[BaseSerializer[Any]], *, by: str, kind: str
    ) -> Response:
        """A page of rows in the order of the field `by` (see `keyset`).

        Raises:
            Invalid: a cursor from another list.
        """
        found = keyset(rows, by=by, kind=kind, cursor=self.asked.get("cursor"), limit=self.asked["limit"])
        return paged(self.request, output(found.rows, many=True).data, following=found.next)
