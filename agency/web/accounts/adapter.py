"""How allauth behaves here: its words, its mails, where it leads, and what becomes of what it does."""

import ipaddress
import smtplib
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from agency import clock
from agency.actions.accounts import ask_new_password
from agency.actions.audit import record_for_user
from agency.actions.guesses import forget_account
from agency.actions.sessions import end_sessions
from agency.queries.doors import only_agency
from agency.queries.second_factor import count_factors
from agency.web.accounts.changes import CHANGES, Change, mail_of
from agency.web.accounts.devices import guess_of, remember_device
from agency.web.accounts.lockout import guessed_right
from agency.web.address import client_address

log = structlog.get_logger("earshot.accounts")

_HOW = {
    "password": "password",
    "totp": "authenticator app",
    "recovery_codes": "recovery code",
    "webauthn": "passkey",
}

_OTHER_WAYS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is closed. Ask an owner of your agency.",
        "email_password_mismatch": "That mail address and password don't belong together.",
        "incorrect_password": "That isn't your password.",
        "enter_current_password": "That isn't your current password.",
        "too_many_login_attempts": "Too many tries. Wait a few minutes, or choose a new password.",
        "incorrect_code": "That didn't work. Try again.",
    }

    # Where it leads ---------------------------------------------------------------------------

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Only a path of ours. allauth would also take whole addresses on any host that we answer to."""
        local = url.startswith("/") and not url.startswith(("//", "/\\"))
        return local and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Ours, whatever host the request said."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.BASE_URL}{path.replace('UID-KEY', key)}"

    def get_client_ip(self, request: HttpRequest) -> str:
        """As everywhere here: the peer's. No header that a client could write is read."""
        address = client_address(request)
        try:
            return str(ipaddress.ip_address(address))
        except ValueError:
            return "0.0.0.0"  # noqa: S104  (a socket file has no address)

    # What it says -----------------------------------------------------------------------------

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Not where the page that follows says the same: after signing in, and after a new password by mail."""
        template = str(args[0] if args else kwargs.get("message_template") or "")
        by_mail = template.endswith("password_changed.txt") and not request.user.is_authenticated
        if not by_mail and not template.endswith(("logged_in.txt", "recovery_codes_generated.txt")):
            super().add_message(request, level, *args, **kwargs)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """allauth would tell the templates the host that the request named."""
        context = {**context, "email": email, "base_url": settings.BASE_URL}
        self.render_mail(template_prefix, email, context).send()

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        ask_new_password(user, now=clock.now())

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        return [
            {**method, "description": _OTHER_WAYS[str(method["id"])]}
            for method in super().get_reauthentication_methods(user)
        ]

    # What becomes of it -----------------------------------------------------------------------

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user:
            guessed_right(guess_of(request, str(credentials.get("email") or "")))
        return user

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_device(request, response, user.email)
        record_for_user(
            user,
            "account.signed_in",
            address=client_address(request),
            now=clock.now(),
            details={"by": _how(request)},
        )
        return response

    def logout(self, request: HttpRequest) -> None:
        user, key, only = request.user, request.session.session_key, only_agency(request.session)
        super().logout(request)
        if key and user.is_authenticated:
            end_sessions(user, only=key)
            record_for_user(
                user, "account.signed_out", address=client_address(request), now=clock.now(), only_in=only
            )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """allauth calls this once after each change to how a person signs in: all that follows of it is done here."""
        change = CHANGES.get(template_prefix)
        if change is None:
            super().send_notification_mail(template_prefix, user, context, email)
            return
        self._follow(change, user)
        record_for_user(user, change.action, address=client_address(self.request), now=clock.now())
        try:
            mail_of(change, user, address=client_address(self.request), now=clock.now()).send()
        except (OSError, smtplib.SMTPException) as error:
            # It is changed; that the mail server is away must not look as if it weren't.
            log.warning("mail not sent", about=change.action, error=type(error).__name__)

    def _follow(self, change: Change, user: Any) -> None:
        """Who changed the password, or added their first second factor, ends what was opened without it."""
        if change.proves_mail:
            forget_account(user.email)
        if change.ends_sessions or (change.adds_factor and count_factors(user) == 1):
            here = self.request.session.session_key if self.request.user.is_authenticated else None
            if end_sessions(user, but=here) and self.request.user.is_authenticated:
                messages.info(self.request, "You are signed out everywhere else.")


def _how(request: HttpRequest) -> str:
    """As "password, authenticator app"."""
    used = [
        _HOW.get(
            str(record.get("type") or record.get("method")),
            str(record.get("provider") or record.get("method")),
        )
        for record in get_authentication_records(request)
    ]
    return ", ".join(dict.fromkeys(used))
