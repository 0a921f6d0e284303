"""The browsers in which a person has signed in before: each keeps a signed cookie that says whose it is.

It opens nothing. It only makes guesses from there count by themselves, so that nobody is kept out of their own browser by
guesses that others make from elsewhere (agency/actions/guesses.py).
"""

import hashlib
import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from agency.actions.guesses import Guess, account_key
from agency.web.address import client_address

COOKIE = "earshot_device"
_AGE = 180 * 24 * 3600
_SALT = "earshot.device"


def remember_device(request: HttpRequest, response: HttpResponse, account: str) -> None:
    """For who has just signed in."""
    mark = _device(request, account) or secrets.token_urlsafe(12)
    value = signing.dumps([_digest(account), mark], salt=_SALT)
    response.set_cookie(
        COOKIE, value, max_age=_AGE, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def guess_of(request: HttpRequest, account: str, *, code: bool = False) -> Guess:
    return Guess(account, client_address(request), _device(request, account), code)


def _device(request: HttpRequest, account: str) -> str:
    """The mark of the browser, where it is one that this account is known in; else empty."""
    try:
        digest, mark = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(mark) if digest == _digest(account) else ""


def _digest(account: str) -> str:
    return hashlib.sha256(account_key(account).encode()).hexdigest()[:32]
