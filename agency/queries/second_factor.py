"""Who has a second factor: an authenticator app or a passkey. Recovery codes alone are none."""

from collections.abc import Iterable
from uuid import UUID

from allauth.mfa.models import Authenticator

from agency.models import User

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def count_factors(user: User) -> int:
    return int(Authenticator.objects.filter(user=user, type__in=FACTORS).count())


def codes_left(user: User) -> int | None:
    """How many recovery codes weren't used; None: there are none."""
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(codes.wrap().get_unused_codes()) if codes else None


def with_second_factor(users: Iterable[UUID]) -> set[UUID]:
    """Those of these people who have one."""
    return set(
        Authenticator.objects.filter(user_id__in=[*users], type__in=FACTORS).values_list("user_id", flat=True)
    )
