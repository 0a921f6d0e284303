"""An agency's identity provider: set, tested, disabled; and the sign-ins that it vouches for."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor, ActorKind
from agency.errors import Forbidden, Invalid
from agency.http import Client, origin_of
from agency.models import Agency, AuditEntry, Identity, IdentityProvider, Membership
from agency.oidc import LIMITS, Claims, check_issuer, discover
from agency.queries.identity import sign_in_code
from agency.queries.people import actor_of_member
from agency.rights import ROLE_RIGHTS, Right, Role
from agency.sealed import put

REFUSALS_IN = timedelta(minutes=15)
_SHOWN = ("name", "issuer", "client_id", "only_way")


class NoPlace(Forbidden):
    """The provider proved who it is, and that isn't somebody who may enter this agency by it."""

    code, title = "no_place_by_provider", "You can't come in this way"


def out() -> Client:
    """The way to a provider: as guarded as every other, and short."""
    return Client(allow_loopback=settings.ALLOW_LOOPBACK, limits=LIMITS)


def check_provider(issuer: str) -> None:
    """Read the provider's discovery document now. Not inside a transaction.

    Raises:
        OidcError: it can't be read, or can't be used.
    """
    discover(issuer, out())


def set_provider(
    agency: Agency,
    *,
    name: str,
    issuer: str,
    client_id: str,
    client_secret: str | None,
    only_way: bool,
    by: Actor,
    now: datetime,
) -> IdentityProvider:
    """Add the agency's provider, or change it.

    Another issuer or client ends the sessions that were begun by the former one; another issuer also unties everybody,
    because it knows people by other subjects.

    Args:
        client_secret: None leaves the stored one.

    Raises:
        Invalid: by field; Forbidden: somebody with less than an owner's rights.
    """
    by.require(Right.AGENCY)
    if not all(by.may(right) for right in ROLE_RIGHTS[Role.OWNER]):
        raise Forbidden(
            "Who sets this decides who comes in as an owner: that takes all of an owner's rights."
        )
    provider = IdentityProvider.objects.select_for_update().filter(agency=agency).first()
    issuer = issuer.strip()
    _check(provider, issuer=issuer, client_secret=client_secret)
    wanted: dict[str, Any] = {"name": name, "issuer": issuer, "client_id": client_id, "only_way": only_way}
    if provider is None:
        return _add(agency, wanted, client_secret or "", by, now)
    changed: dict[str, Any] = differences({field: getattr(provider, field) for field in _SHOWN}, wanted)
    for field, value in wanted.items():
        setattr(provider, field, value)
    if {"issuer", "client_id"} & changed.keys():
        provider.epoch += 1
    if "issuer" in changed:
        Identity.objects.filter(provider=provider).delete()
    if client_secret is not None:
        put(provider, "client_secret", client_secret)
        changed["client_secret"] = "changed"  # noqa: S105
    if changed:
        provider.save()
        record("identity_provider.changed", by=by, subject=provider, now=now, details=changed)
        emit("identity_provider.changed", subject=provider, now=now)
    return provider


def _check(provider: IdentityProvider | None, *, issuer: str, client_secret: str | None) -> None:
    problem = check_issuer(issuer, allow_loopback=settings.ALLOW_LOOPBACK)
    if problem:
        raise Invalid.field("issuer", problem)
    if provider is None and not client_secret:
        raise Invalid.field("client_secret", "Enter the client secret that the provider gave you.")
    if provider and client_secret is None and origin_of(provider.issuer) != origin_of(issuer):
        raise Invalid.field(
            "client_secret", "Enter the secret of the new provider: the stored one isn't sent to another."
        )
    if client_secret == "":
        raise Invalid.field("client_secret", "Enter the client secret that the provider gave you.")


def _add(
    agency: Agency, wanted: dict[str, Any], client_secret: str, by: Actor, now: datetime
) -> IdentityProvider:
    provider = IdentityProvider(agency=agency, code=sign_in_code(agency), created_at=now, **wanted)
    put(provider, "client_secret", client_secret)
    provider.save(force_insert=True)
    record("identity_provider.added", by=by, subject=provider, now=now, details=wanted)
    emit("identity_provider.added", subject=provider, now=now)
    return provider


def disable_provider(provider: IdentityProvider, *, by: Actor, now: datetime) -> IdentityProvider:
    """Nobody comes in by it, and who did is out at the next click. Members sign in with their passwords again."""
    by.require(Right.AGENCY)
    provider = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
    if provider.disabled_at is None:
        provider.disabled_at, provider.epoch = now, provider.epoch + 1
        provider.save(update_fields=["disabled_at", "epoch"])
        record("identity_provider.disabled", by=by, subject=provider, now=now)
        emit("identity_provider.disabled", subject=provider, now=now)
    return provider


def enable_provider(provider: IdentityProvider, *, by: Actor, now: datetime) -> IdentityProvider:
    by.require(Right.AGENCY)
    provider = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
    if provider.disabled_at is not None:
        provider.disabled_at = None
        provider.save(update_fields=["disabled_at"])
        record("identity_provider.enabled", by=by, subject=provider, now=now)
        emit("identity_provider.enabled", subject=provider, now=now)
    return provider


def delete_provider(provider: IdentityProvider, *, by: Actor, now: datetime) -> None:
    """As if it had never been: sessions begun by it are over, and nobody is tied to it."""
    by.require(Right.AGENCY)
    record("identity_provider.deleted", by=by, subject=provider, now=now, details={"issuer": provider.issuer})
    emit("identity_provider.deleted", subject=provider, now=now)
    Identity.objects.filter(provider=provider).delete()
    provider.delete()


def untie(identity: Identity, *, by: Actor, now: datetime) -> None:
    """Forget which account of the provider a member has; the next that asserts their address is tied to them."""
    by.require(Right.AGENCY)
    record(
        "identity.untied",
        by=by,
        subject=identity.member,
        now=now,
        details={"provider": identity.provider.name},
    )
    identity.delete()


# Coming in ---------------------------------------------------------------------------------------------


def admit(provider: IdentityProvider, claims: Claims, *, address: str, now: datetime) -> Membership:
    """The member whom the provider vouches for; known by subject, and the first time by their verified mail address.

    Makes nobody a member and no account: whoever has no place here stays outside. Inside the agency.

    Raises:
        NoPlace: with a sentence for the person.
    """
    with transaction.atomic():
        # Two first sign-ins at once are tied one after the other; a provider that is disabled meanwhile admits nobody.
        current = (
            IdentityProvider.objects.select_for_update().filter(pk=provider.pk, disabled_at=None).first()
        )
        if current is None or current.epoch != provider.epoch:
            raise NoPlace("This way in was closed a moment ago. Ask an owner of the agency.")
        identity = _identity(current, claims, now)
        member: Membership = identity.member
        if member.left_at is not None or not member.user.is_active:
            raise NoPlace(_NO_PLACE)
        Identity.objects.filter(pk=identity.pk).update(last_used_at=now)
        by = actor_of_member(member, address=address)
        record("account.signed_in", by=by, subject=member, now=now, details={"by": current.name})
    return member


_NO_PLACE = "The provider says who you are, but nobody at this agency has that mail address. Ask an owner to invite you."


def _identity(provider: IdentityProvider, claims: Claims, now: datetime) -> Identity:
    known: Identity | None = (
        Identity.objects.select_related("member__user", "member__agency")
        .filter(provider=provider, subject=claims.subject)
        .first()
    )
    return known or _tie(provider, claims, now)


def _tie(provider: IdentityProvider, claims: Claims, now: datetime) -> Identity:
    """Tie the subject to the member with that mail address, for good."""
    if not claims.email:
        raise NoPlace(
            "The provider doesn't say that your mail address is verified, so it can't be told who you are."
        )
    member = (
        Membership.objects.select_related("user", "agency")
        # To the letter: the database would take an ı for an i, and so somebody else's domain for the member's.
        .filter(agency_id=provider.agency_id, left_at=None, user__email=claims.email.lower())
        .first()
    )
    if member is None:
        raise NoPlace(_NO_PLACE)
    if Identity.objects.filter(provider=provider, member=member).exists():
        raise NoPlace(
            "You came with another account of the provider before. Use that one, or ask an owner to untie it."
        )
    identity = Identity(
        provider=provider, member=member, subject=claims.subject, created_at=now, last_used_at=now
    )
    identity.save(force_insert=True)
    by = actor_of_member(member)
    record("identity.tied", by=by, subject=member, now=now, details={"provider": provider.name})
    return identity


def note_refusal(provider: IdentityProvider, *, reason: str, address: str, now: datetime) -> None:
    """Somebody was sent back by the provider and not let in. Inside the agency.

    One entry for an address and a while: who tries again and again must not fill the log.
    """
    recent = AuditEntry.objects.filter(action="identity.refused", address=address, at__gt=now - REFUSALS_IN)
    if recent.exists():
        return
    somebody = Actor(
        kind=ActorKind.SYSTEM, agency_id=provider.agency_id, id=None, name="Somebody", address=address
    )
    record("identity.refused", by=somebody, subject=provider, now=now, details={"reason": reason})
