"""The changes to how a person signs in: what is noted of each, what is mailed, and what else ends."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from agency.models import User


@dataclass(frozen=True, slots=True)
class Change:
    """`ends_sessions`: all but the one that it was made in. `proves_mail`: it was made by a link in a mail."""

    action: str
    subject: str
    ends_sessions: bool = False
    adds_factor: bool = False
    proves_mail: bool = False


# By allauth's name for its mail.
CHANGES = {
    "account/email/password_changed": Change(
        "account.password_changed", "Your password was changed", ends_sessions=True
    ),
    "account/email/password_set": Change(
        "account.password_changed", "Your password was set", ends_sessions=True
    ),
    "account/email/password_reset": Change(
        "account.password_changed", "Your password was changed", ends_sessions=True, proves_mail=True
    ),
    "mfa/email/totp_activated": Change(
        "account.app_added", "An authenticator app was added", adds_factor=True
    ),
    "mfa/email/totp_deactivated": Change("account.app_removed", "Your authenticator app was removed"),
    "mfa/email/webauthn_added": Change("account.passkey_added", "A passkey was added", adds_factor=True),
    "mfa/email/webauthn_removed": Change("account.passkey_removed", "A passkey was removed"),
    "mfa/email/recovery_codes_generated": Change("account.codes_made", "New recovery codes were made"),
}


def mail_of(change: Change, user: User, *, address: str, now: datetime) -> EmailMessage:
    context = {
        "subject": change.subject,
        "user": user,
        "address": address,
        "now": now,
        "account_url": f"{settings.BASE_URL}{reverse('account')}",
        "reset_url": f"{settings.BASE_URL}{reverse('account_reset_password')}",
    }
    text = render_to_string("agency/mail/account_changed.txt", context)
    return EmailMessage(f"{change.subject} at Earshot", text, settings.DEFAULT_FROM_EMAIL, [user.email])
