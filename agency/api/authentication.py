"""Who calls: an API key as a bearer token, or a member's session in the browser (then with a CSRF token)."""

from typing import Any

import structlog
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication, get_authorization_header
from rest_framework.request import Request

from agency import clock
from agency.actor import Actor
from agency.api.guessing import note_failure, note_success, refuse_guessing
from agency.api.rates import Budget
from agency.errors import DomainError
from agency.queries.access import SecondFactorRequired, lacks_second_factor
from agency.queries.doors import doors, is_confined
from agency.queries.keys import actor_of_key, look_up, note_use
from agency.queries.people import actor_of_member
from agency.web.address import client_address

CHALLENGE = 'Bearer realm="earshot"'


class WrongKey(DomainError):
    """One sentence for whatever is wrong with it: who guesses learns nothing."""

    code, status, title = "authentication_failed", 401, "Sign in first"

    def __init__(self, budget: Budget) -> None:
        super().__init__("This key is unknown, revoked or expired. Send: Authorization: Bearer esk_…")
        self.headers = {**budget.headers, "WWW-Authenticate": CHALLENGE}


class KeyOrSession(SessionAuthentication):
    """Gives (user or None, Actor)."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        header = get_authorization_header(request)
        if header:
            return self._by_key(request, header)
        user = getattr(request._request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        session = request._request.session
        membership = doors(user, session).enter(session.get("agency_id"))
        if membership is None or not user.is_active:
            return None
        self.enforce_csrf(request)
        if not is_confined(session) and lacks_second_factor(membership):
            raise SecondFactorRequired
        return user, actor_of_member(membership, address=client_address(request._request))

    def _by_key(self, request: Request, header: bytes) -> tuple[None, Actor]:
        scheme, _, rest = header.decode("latin-1").partition(" ")
        token, address = rest.strip(), client_address(request._request)
        refuse_guessing(token, address)
        looked = look_up(token) if scheme.lower() == "bearer" else None
        if looked is None:
            raise WrongKey(note_failure(token, address))
        at, key = looked
        clock.came_along(at)
        now = clock.now()
        if key is None or not key.lets_in(now):
            raise WrongKey(note_failure(token, address))
        note_success(token)
        structlog.contextvars.bind_contextvars(key=key.prefix)
        note_use(key, address=address, now=now)
        return None, actor_of_key(key, address=address)

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class KeyOrSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "agency.api.authentication.KeyOrSession"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key: esk_…"}
