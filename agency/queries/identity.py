"""The agency's own identity provider."""

import hashlib
import hmac
import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from agency.actor import Actor
from agency.errors import Conflict, NotFound
from agency.models import Agency, Identity, IdentityProvider
from agency.oidc import Provider
from agency.rights import Right
from agency.sealed import opened

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_CODE = re.compile(f"[{_ALPHABET}]{{4}}(-[{_ALPHABET}]{{4}}){{2}}")


class NoProvider(Conflict):
    """There is nothing to test, disable or delete."""

    code, title = "no_identity_provider", "The agency has no identity provider"


def sign_in_code(agency: Agency) -> str:
    """The code in the address of the agency's sign-in: known before there is a provider, because it is asked for there.

    From the agency's salt, which is shown nowhere, so that nobody can guess it.
    """
    digest = hmac.new(agency.salt.encode(), b"earshot sign-in code", hashlib.sha256).digest()
    signs = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:12])
    return "-".join((signs[:4], signs[4:8], signs[8:]))


def read_code(typed: str) -> str:
    """The code in what a person typed or pasted, perhaps the whole address; "" where there is none."""
    found = _CODE.search(typed.strip().lower())
    return found[0] if found else ""


def sign_in_url(code: str) -> str:
    return f"{settings.BASE_URL}{reverse('agency-sign-in', args=[code])}"


def redirect_uri(code: str) -> str:
    return f"{settings.BASE_URL}{reverse('agency-sign-in-back', args=[code])}"


def find_provider(code: str) -> IdentityProvider | None:
    """The provider that signs people in at this address; None where there is none, or it is disabled."""
    return (
        IdentityProvider.objects.select_related("agency")
        .filter(code=code, disabled_at=None, agency__erasing_at=None)
        .first()
    )


def provider_of(agency_id: UUID) -> IdentityProvider | None:
    """For who is inside the agency already."""
    return IdentityProvider.objects.filter(agency_id=agency_id).select_related("agency").first()


def find_provider_of(agency_id: UUID) -> IdentityProvider | None:
    """The one that its people sign in by; None where there is none, or it is disabled."""
    return IdentityProvider.objects.filter(agency_id=agency_id, disabled_at=None).first()


def get_provider(*, by: Actor) -> IdentityProvider:
    """Raises: NoProvider."""
    by.require(Right.AGENCY)
    provider = provider_of(by.agency_id)
    if provider is None:
        raise NoProvider
    return provider


def list_identities(*, by: Actor) -> "QuerySet[Any]":
    """Who is tied to an account of the provider."""
    by.require(Right.AGENCY)
    return Identity.objects.select_related("member__user").filter(member__left_at=None)


def get_identity(identity_id: UUID, *, by: Actor) -> Identity:
    """Raises: NotFound."""
    found: Identity | None = list_identities(by=by).filter(pk=identity_id).first()
    if found is None:
        raise NotFound
    return found


def relying_on(provider: IdentityProvider) -> Provider:
    """What is needed to ask it, the secret in memory alone.

    Raises:
        VaultError: the secret can't be opened.
    """
    return Provider(
        issuer=provider.issuer,
        client_id=provider.client_id,
        client_secret=opened(provider, "client_secret"),
        redirect_uri=redirect_uri(provider.code),
    )
