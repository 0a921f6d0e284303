"""Sign-in, by allauth: accounts are made by invitation, never by signing up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
)
from django import forms
from django.http import HttpRequest
from django.urls import reverse

_LABELS = {
    "login": "Mail address",
    "email": "Mail address",
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password, once more",
}
_MISSING = {"login": "Enter your mail address.", "email": "Enter your mail address."}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is closed. Ask an owner of your agency.",
        "email_password_mismatch": "That mail address and password don't belong together.",
        "incorrect_password": "That isn't your password.",
        "enter_current_password": "That isn't your current password.",
        "too_many_login_attempts": "Too many tries. Wait a few minutes, or choose a new password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("settings")

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Not where the page that follows says the same: after signing in, and after a new password by mail."""
        template = str(args[0] if args else kwargs.get("message_template") or "")
        by_mail = template.endswith("password_changed.txt") and not request.user.is_authenticated
        if not by_mail and not template.endswith("logged_in.txt"):
            super().add_message(request, level, *args, **kwargs)


class Plain(forms.Form):
    """allauth's forms in our words: labels as on our other forms, and none of them again inside its field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = _LABELS.get(name, field.label)
            field.error_messages["required"] = _MISSING.get(name, "Enter a password.")
            field.widget.attrs.pop("placeholder", None)


class SignIn(Plain, LoginForm):  # type: ignore[misc]
    pass


class ForgottenPassword(Plain, ResetPasswordForm):  # type: ignore[misc]
    pass


class NewPassword(Plain, ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class ChangePassword(Plain, ChangePasswordForm):  # type: ignore[misc]
    pass


class ConfirmPassword(Plain, ReauthenticateForm):  # type: ignore[misc]
    pass
