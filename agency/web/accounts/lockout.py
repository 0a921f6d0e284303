"""Guesses at passwords and codes meet `agency.actions.guesses` here: django-axes asks before a password is looked at."""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from axes.handlers.base import AxesHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from agency import clock
from agency.actions.audit import record_for_user
from agency.actions.guesses import Guess, count_guess, forget_guess, forget_guesses
from agency.models import User
from agency.web.accounts.devices import guess_of
from agency.web.address import client_address


class GuessHandler(AxesHandler):  # type: ignore[misc]
    """django-axes' own handler looks first and counts later, and keeps what was posted; ours keeps counts alone."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        allow_guess(request, guess_of(request, str((credentials or {}).get("email") or "")))
        return True

    def reset_attempts(
        self, *, ip_address: str | None = None, username: str | None = None, ip_or_username: bool = False
    ) -> int:
        """By django-axes' commands: `axes_reset`, `axes_reset_username`, `axes_reset_ip`."""
        return forget_guesses(account=username or "", address=ip_address or "")

    def post_save_access_attempt(self, instance: Any, **kwargs: Any) -> None:
        """Nothing follows."""

    def post_delete_access_attempt(self, instance: Any, **kwargs: Any) -> None:
        """Nothing follows."""


def allow_guess(request: HttpRequest, guess: Guess) -> None:
    """Count it.

    Raises:
        ImmediateHttpResponse: it is one too many; the answer says for how long, the same for accounts that exist and for
            those that don't.
    """
    verdict = count_guess(guess, now=clock.now())
    if verdict.is_first:
        _note(guess, request)
    if verdict.wait is not None:
        raise ImmediateHttpResponse(busy(request, seconds=max(1, round(verdict.wait.total_seconds()))))


def guessed_right(guess: Guess) -> None:
    forget_guess(guess, now=clock.now())


def busy(request: HttpRequest, exception: Any = None, *, seconds: int = 60) -> HttpResponse:
    """429, also for what allauth limits by itself, such as mails for a new password."""
    minutes = max(1, -(-seconds // 60))
    wait = ngettext("Wait a minute", "Wait %(n)d minutes", minutes) % {"n": minutes}
    answer = render(request, "account/busy.html", {"wait": wait}, status=429)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer


def _note(guess: Guess, request: HttpRequest) -> None:
    """One entry when guessing is stopped, not one for each guess: the log can't be flooded by who isn't in."""
    user = User.objects.filter(email__iexact=guess.account.strip()).first()
    if user is not None:
        record_for_user(
            user,
            "account.guessing_stopped",
            address=client_address(request),
            now=clock.now(),
            details={"at": "the second factor" if guess.code else "the password"},
            proven=False,
        )
