"""allauth's forms in our words."""

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from allauth.core import context
from django import forms

from agency.web.accounts.devices import guess_of
from agency.web.accounts.lockout import allow_guess, guessed_right

_LABELS = {
    "login": "Mail address",
    "email": "Mail address",
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password, once more",
    "code": "Code",
}
_MISSING = {
    "login": "Enter your mail address.",
    "email": "Enter your mail address.",
    "code": "Enter the code.",
    "name": "Enter a name.",
}


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


class FirstPassword(Plain, SetPasswordForm):  # type: ignore[misc]
    pass


class ChangePassword(Plain, ChangePasswordForm):  # type: ignore[misc]
    def clean_oldpassword(self) -> str:
        # allauth compares it by itself: guesses at it by who found a browser open are counted like others.
        guess = guess_of(context.request, self.user.email)
        allow_guess(context.request, guess)
        typed = str(super().clean_oldpassword())
        guessed_right(guess)
        return typed


class ConfirmPassword(Plain, ReauthenticateForm):  # type: ignore[misc]
    pass
