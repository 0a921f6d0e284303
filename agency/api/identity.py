"""The agency's own identity provider."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actions.identity import (
    check_provider,
    delete_provider,
    disable_provider,
    enable_provider,
    set_provider,
    untie,
)
from agency.api.schema import example, operation
from agency.api.serializers import Input, Named, OrNull, PageFilters, Switch, Text
from agency.api.views import ApiView
from agency.errors import DomainError
from agency.models import IdentityProvider
from agency.queries.identity import (
    get_identity,
    get_provider,
    list_identities,
    provider_of,
    redirect_uri,
    sign_in_code,
    sign_in_url,
)
from agency.queries.people import get_agency
from agency.rights import Right

_PROVIDER = {
    "name": "Northlight accounts",
    "issuer": "https://accounts.northlight.example",
    "client_id": "earshot",
    "only_way": False,
    "created_at": "2026-03-06T17:04:00Z",
    "disabled_at": None,
    "sign_in_url": "https://earshot.example/accounts/agency/k7m2-q9xw-4dnp/",
}


class SecretInput(serializers.CharField):
    """Taken to the letter, and given out nowhere."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, write_only=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not data.isprintable():
            self.fail("invalid")
        return super().to_internal_value(data)


@example(
    {
        "name": "Northlight accounts",
        "issuer": "https://accounts.northlight.example",
        "client_id": "earshot",
        "client_secret": "what the provider gave you",
        "only_way": False,
    }
)
class ProviderInput(Input):
    name = Text(max_length=60)
    issuer = Text(max_length=500, help_text="Its `.well-known/openid-configuration` is below it.")
    client_id = Text(max_length=255)
    client_secret = SecretInput(
        max_length=500, required=False, help_text="Stored encrypted. Without it the stored one stays."
    )
    only_way = Switch(
        required=False, default=False, help_text="Members who aren't owners enter the agency by it only."
    )


class ProviderOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    issuer = serializers.CharField()
    client_id = serializers.CharField()
    only_way = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    disabled_at = serializers.DateTimeField(allow_null=True)
    sign_in_url = serializers.CharField(help_text="Where members sign in.")


@example(
    {
        "redirect_uri": "https://earshot.example/accounts/agency/k7m2-q9xw-4dnp/back/",
        "provider": _PROVIDER,
    }
)
class SignInOutput(serializers.Serializer[Any]):
    redirect_uri = serializers.CharField(help_text="To be registered with the provider.")
    provider = ProviderOutput(allow_null=True, help_text="Null: the agency has none.")


@example(
    {
        "ok": False,
        "error": "The identity provider can't be reached. accounts.northlight.example does not answer.",
    }
)
class TestedOutput(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    error = OrNull()


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e0d",
        "member": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e04", "name": "Ben"},
        "created_at": "2026-03-06T17:04:00Z",
        "last_used_at": "2026-03-06T17:04:00Z",
    }
)
class IdentityOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    member = Named()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()


def _shown(provider: IdentityProvider | None, code: str) -> Response:
    about = None
    if provider is not None:
        about = {
            **{name: getattr(provider, name) for name in ("name", "issuer", "client_id", "only_way")},
            "created_at": provider.created_at,
            "disabled_at": provider.disabled_at,
            "sign_in_url": sign_in_url(code),
        }
    return Response(SignInOutput({"redirect_uri": redirect_uri(code), "provider": about}).data)


class IdentityProviderViews(ApiView):
    rights = {
        "retrieve": Right.AGENCY,
        "update": Right.AGENCY,
        "destroy": Right.AGENCY,
        "disable": Right.AGENCY,
        "enable": Right.AGENCY,
    }

    @operation("get_identity_provider", "The agency's own sign-in", gives=SignInOutput)
    def retrieve(self, request: Request) -> Response:
        provider = provider_of(self.actor.agency_id)
        return _shown(provider, provider.code if provider else sign_in_code(get_agency(by=self.actor)))

    @operation(
        "set_identity_provider",
        "Set up or change the agency's own sign-in",
        takes=ProviderInput,
        gives=SignInOutput,
        description="Another issuer or client ends the sessions that were begun by the former one. "
        "The secret is never given out.",
    )
    def update(self, request: Request) -> Response:
        given = {"client_secret": None, **self.body(ProviderInput)}
        provider = set_provider(get_agency(by=self.actor), **given, by=self.actor, now=clock.now())
        return _shown(provider, provider.code)

    @operation(
        "delete_identity_provider",
        "Delete the agency's own sign-in",
        conflicts=True,
        status=204,
        description="Sessions that were begun by it are over.",
    )
    def destroy(self, request: Request) -> Response:
        delete_provider(get_provider(by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

    @operation(
        "disable_identity_provider",
        "Disable the agency's own sign-in",
        conflicts=True,
        gives=SignInOutput,
        description="Sessions that were begun by it are over.",
    )
    def disable(self, request: Request) -> Response:
        provider = disable_provider(get_provider(by=self.actor), by=self.actor, now=clock.now())
        return _shown(provider, provider.code)

    @operation(
        "enable_identity_provider",
        "Enable the agency's own sign-in again",
        gives=SignInOutput,
        conflicts=True,
    )
    def enable(self, request: Request) -> Response:
        provider = enable_provider(get_provider(by=self.actor), by=self.actor, now=clock.now())
        return _shown(provider, provider.code)


class IdentityProviderTest(ApiView):
    """Asked for inside the agency; the provider is called outside of its transaction."""

    rights = {"test": Right.AGENCY}

    @operation(
        "test_identity_provider",
        "Read the identity provider's discovery document now",
        conflicts=True,
        gives=TestedOutput,
    )
    def test(self, request: Request) -> Response:
        issuer = get_provider(by=self.actor).issuer
        self.outside = lambda: Response(TestedOutput(_tested(issuer)).data)
        return Response()


def _tested(issuer: str) -> dict[str, Any]:
    try:
        check_provider(issuer)
    except DomainError as error:
        return {"ok": False, "error": error.message}
    return {"ok": True, "error": ""}


class IdentityViews(ApiView):
    rights = {"list": Right.AGENCY, "destroy": Right.AGENCY}
    filters = {"list": PageFilters}

    @operation(
        "list_identities", "Members who signed in by the identity provider", gives=IdentityOutput(many=True)
    )
    def list(self, request: Request) -> Response:
        return self.page(list_identities(by=self.actor), IdentityOutput, by="created_at", kind="t")

    @operation(
        "untie_identity",
        "Forget which account of the provider a member has",
        status=204,
        description="The next account that it vouches for with the same mail address is tied to them.",
    )
    def destroy(self, request: Request, identity_id: UUID) -> Response:
        untie(get_identity(identity_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)
