"""The second factor, by allauth: authenticator apps, passkeys and recovery codes, in our words and with our rules."""

import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal.auth import get_state
from cryptography.exceptions import InvalidSignature
from django import forms
from django.conf import settings
from django.contrib import messages
from fido2.webauthn import UserVerificationRequirement

from agency import vault
from agency.actions.second_factor import step_of, take_code
from agency.models import User
from agency.queries.second_factor import codes_left
from agency.text import one_line
from agency.web.accounts.devices import guess_of
from agency.web.accounts.forms import Plain
from agency.web.accounts.lockout import allow_guess, guessed_right

# One place for all of allauth's secrets: its hook doesn't say whose they are.
SEALED_FOR = "account:second-factor"
_LONGEST_NAME = 60


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That didn't work. Try again.",
        "cannot_generate_recovery_codes": "Recovery codes need an authenticator app or a passkey first.",
    }

    def encrypt(self, text: str) -> str:
        return vault.seal(text, context=SEALED_FOR)

    def decrypt(self, encrypted_text: str) -> str:
        return vault.unseal(encrypted_text, context=SEALED_FOR)

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002  (allauth's name)
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """From EARSHOT_BASE_URL, never from the request: a passkey belongs to one address for good."""
        return {"id": relying_party(), "name": "Earshot"}


def relying_party() -> str:
    """Browsers make no passkeys for bare network addresses; the trial's own is reachable as localhost too."""
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    return "localhost" if host in {"127.0.0.1", "::1"} else host


class _TakesCode(Plain):
    user: User

    def clean_code(self) -> str:
        guess = guess_of(context.request, self.user.email, code=True)
        allow_guess(context.request, guess)
        authenticator = take_code(self.user, self.cleaned_data["code"])
        if authenticator is None:
            raise forms.ValidationError("That code is wrong, or was used already. Wait for the next one.")
        guessed_right(guess)
        authenticator.user = self.user
        self.authenticator = authenticator
        return str(self.cleaned_data["code"])


class EnterCode(_TakesCode, AuthenticateForm):  # type: ignore[misc]
    def save(self) -> None:
        super().save()
        if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            left = codes_left(self.user) or 0
            many = f"{left} recovery code{'' if left == 1 else 's'} left" if left else "no recovery code left"
            messages.warning(context.request, f"You have {many}. Make new ones on the page of your account.")


class EnterCodeAgain(_TakesCode, ReauthenticateForm):  # type: ignore[misc]
    pass


class StartApp(Plain, ActivateTOTPForm):  # type: ignore[misc]
    """The first code, which shows that the app holds the secret. It isn't taken again for signing in."""

    step: int

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        step = step_of(self.secret, code)
        if step is None:
            raise forms.ValidationError(
                "That isn't the code that the app shows now. If it keeps failing, check your phone's clock."
            )
        self.step = step
        return code


class _Json(forms.JSONField):
    """Django's passes on what its parser raises of huge numbers and deep nests."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (ValueError, RecursionError):
            raise forms.ValidationError("That didn't work. Try again.") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return None


class _ReadsCredential(forms.Form):
    """What a browser says a passkey answered, or anybody else: allauth passes on what its parsers raise."""

    credential = _Json(widget=forms.HiddenInput)

    def clean_credential(self) -> Any:
        read = getattr(super(), "clean_credential", None)
        return _reading(read) if read else self.cleaned_data["credential"]

    def clean(self) -> Any:
        return _reading(super().clean)


def _reading(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (InvalidSignature, LookupError, TypeError, ValueError, AttributeError, struct.error):
        raise forms.ValidationError("That didn't work. Try again.") from None


class SignInWithPasskey(_ReadsCredential, LoginWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Any:
        # The challenge of the step after a password, perhaps of another account, doesn't ask for a PIN or a fingerprint:
        # answered here, a found security key alone would let in.
        if (get_state() or {}).get("user_verification") != UserVerificationRequirement.REQUIRED:
            raise forms.ValidationError("That didn't work. Try again.")
        return super().clean_credential()


class UsePasskey(_ReadsCredential, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class UsePasskeyAgain(_ReadsCredential, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class _Named(Plain):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Name"
        self.fields["name"].help_text = "What you know it by, such as the device that holds it."
        self.fields["name"].widget.attrs["maxlength"] = _LONGEST_NAME

    def clean_name(self) -> str:
        # Not refused for its length: the browser has made the passkey by now.
        parent: Any = super()
        name = parent.clean_name() if hasattr(parent, "clean_name") else self.cleaned_data["name"]
        return one_line(str(name), _LONGEST_NAME) or "Passkey"


class AddPasskey(_Named, _ReadsCredential, AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        alone = self.fields["passwordless"]
        alone.label, alone.initial = "Sign in with it alone, without a password", True
        alone.help_text = (
            "Your device then asks for a fingerprint, a face or a PIN. Untick it for a simple security key."
        )


class RenamePasskey(_Named, EditWebAuthnForm):  # type: ignore[misc]
    pass
