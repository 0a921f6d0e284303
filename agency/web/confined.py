"""What a session may not open that an agency's identity provider began: the person's own account.

The provider may name anybody. Could it change a password or a passkey here, its agency's owner would hold the account of
a person who works for a rival too.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.queries.doors import is_confined
from agency.web.answers import error_page

_ACCOUNT = ("/account/", "/accounts/")
# Coming and going.
_OPEN = frozenset(
    {
        "account_logout",
        "account_login",
        "agency-sign-in-code",
        "agency-sign-in",
        "agency-sign-in-go",
        "agency-sign-in-back",
    }
)


class Confined:
    """Middleware, after the sessions'."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not request.path_info.startswith(_ACCOUNT):
            return None
        match = request.resolver_match
        if (match and match.url_name in _OPEN) or not is_confined(request.session):
            return None
        return error_page(
            request,
            status=403,
            title="Your account isn't open here",
            sentence="You are signed in with your agency's account, which opens that agency and nothing else.",
            what_to_do="To change your password, second factor or sessions, sign out and sign in with your password.",
            back_url=reverse("account_logout"),
            back_label="Sign out",
        )
