"""Codes of the second factor: each is taken once."""

import hmac

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from django.db import transaction

from agency.actions.sessions import end_sessions
from agency.models import User

# In the authenticator's data: the time step of the last code that was taken.
_LAST = "last_step"


def take_code(user: User, typed: str) -> Authenticator | None:
    """The app or the recovery codes that this code is of; it can't be used again. None: it is wrong, or was used.

    A code of the app is valid for a minute and a half. As RFC 6238 asks, it is taken once, and none before it is taken
    after it: kept in the authenticator's row, because a cache may forget.
    """
    code = "".join(typed.split()).replace("-", "")
    with transaction.atomic():
        rows = (
            Authenticator.objects.select_for_update()
            .filter(user=user)
            .exclude(type=Authenticator.Type.WEBAUTHN)
        )
        for authenticator in rows.order_by("-type"):  # the app first
            if authenticator.type == Authenticator.Type.TOTP:
                if _take_step(authenticator, code):
                    return authenticator
            elif authenticator.wrap().validate_code(code):
                return authenticator
    return None


def step_of(secret: str, code: str) -> int | None:
    """The time step, of those that are valid now, whose code this is."""
    found = None
    for step in yield_hotp_counters_from_time():
        if hmac.compare_digest(format_hotp_value(hotp_value(secret, step)).encode(), code.encode()):
            found = step
    return found


def note_step(authenticator: Authenticator, step: int) -> None:
    """Of a code that was taken elsewhere: the one that showed that the app was set up."""
    authenticator.data[_LAST] = step
    authenticator.save(update_fields=["data"])


def remove_second_factor(user: User) -> int:
    """Take away every factor and recovery code of a person who lost them, and end their sessions.

    Only for who runs the installation (`manage.py reset_second_factor`): an owner of one agency could otherwise weaken the
    account of a person who works for another one, and a refusal would tell that there is another one.

    Returns:
        How many there were.
    """
    with transaction.atomic():
        removed, _ = Authenticator.objects.filter(user=user).delete()
        end_sessions(user)
    return int(removed)


def _take_step(authenticator: Authenticator, code: str) -> bool:
    step = step_of(decrypt(authenticator.data["secret"]), code)
    if step is None or step <= authenticator.data.get(_LAST, -1):
        return False
    note_step(authenticator, step)
    return True
