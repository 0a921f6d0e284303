"""Who calls: an API key as a bearer token, or a member's session in the browser (then with a CSRF token)."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from agency import clock
from agency.actor import Actor
from agency.queries.access import SecondFactorRequired, lacks_second_factor
from agency.queries.doors import doors, is_confined
from agency.queries.people import (
    actor_of_key,
    actor_of_member,
    find_key,
    note_use,
)
from agency.web.address import client_address


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
        scheme, _, token = header.decode("latin-1").partition(" ")
        now = clock.now()
        key = find_key(token.strip(), now=now) if scheme.lower() == "bearer" else None
        if key is None:
            raise AuthenticationFailed(
                "This key is unknown, revoked or expired. Send: Authorization: Bearer esk_…"
            )
        note_use(key, now=now)
        return None, actor_of_key(key, address=client_address(request._request))

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="earshot"'


class KeyOrSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "agency.api.authentication.KeyOrSession"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key: esk_…"}
