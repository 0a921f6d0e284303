"""The agency's identity provider in its settings: added, changed, tested, disabled, deleted."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.actions.identity import (
    check_provider,
    delete_provider,
    disable_provider,
    enable_provider,
    set_provider,
    untie,
)
from agency.errors import DomainError
from agency.models import Identity, IdentityProvider
from agency.queries.identity import (
    get_identity,
    get_provider,
    list_identities,
    provider_of,
    redirect_uri,
    sign_in_code,
    sign_in_url,
)
from agency.rights import Right
from agency.web.answers import see_other
from agency.web.fields import CleanText, SecretText
from agency.web.form_pages import ConfirmPage, FormPage
from agency.web.views import StaffPage


class ProviderForm(forms.Form):
    name = CleanText(
        label="Name",
        max_length=60,
        missing="Enter a name.",
        help_text="What your people call it: it is on the button, as “Sign in with …”.",
    )
    issuer = CleanText(
        label="Issuer",
        max_length=500,
        missing="Enter the issuer's address.",
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text="The provider's address, below which its “.well-known/openid-configuration” is.",
    )
    client_id = CleanText(
        label="Client ID",
        max_length=255,
        missing="Enter the client ID that the provider gave you.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    client_secret = SecretText(
        label="Client secret",
        max_length=500,
        missing="Enter the client secret that the provider gave you.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Stored encrypted, sent to the provider only, and not shown again.",
    )
    only_way = forms.BooleanField(
        label="Members may sign in with it only",
        required=False,
        help_text="Passwords then open this agency to its owners alone, so that nobody is locked out when the provider is away.",
    )


class ProviderPage(StaffPage):
    """What is set, and what can be done with it."""

    right = Right.AGENCY
    nav = "settings"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown()

    def shown(self, *, tested: str | None = None) -> HttpResponse:
        """`tested`: what a test said, "" where all is well."""
        provider = provider_of(self.actor.agency_id)
        code = provider.code if provider else sign_in_code(self.house.agency)
        context: dict[str, Any] = {
            "provider": provider,
            "redirect_uri": redirect_uri(code),
            "sign_in_url": sign_in_url(code),
            "code": code,
            "tested": tested,
            "identities": [
                {
                    "name": identity.member.name,
                    "email": identity.member.user.email,
                    "last_used_at": identity.last_used_at,
                    "untie_url": reverse("identity-untie", args=[identity.pk]),
                }
                for identity in list_identities(by=self.actor).order_by("created_at", "id")
            ],
        }
        return self.page("agency/identity_provider.html", context)


class SetProvider(FormPage):
    right = Right.AGENCY
    nav = "settings"
    form_class = ProviderForm
    provider: IdentityProvider | None = None

    def load(self, **kwargs: Any) -> None:
        self.provider = provider_of(self.actor.agency_id)
        self.title = "Edit the sign-in" if self.provider else "Set up your own sign-in"
        code = self.provider.code if self.provider else sign_in_code(self.house.agency)
        self.intro = f"Register Earshot with your provider as a web application with the redirect address {redirect_uri(code)}"

    def initial(self) -> dict[str, Any]:
        provider = self.provider
        if provider is None:
            return {}
        return {
            "name": provider.name,
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "only_way": provider.only_way,
        }

    def make_form(self, data: Any) -> forms.Form:
        form = super().make_form(data)
        form.fields["client_secret"].required = self.provider is None
        if self.provider is not None:
            form.fields["client_secret"].widget.attrs["placeholder"] = "•••••••• (stored)"
            form.fields["client_secret"].help_text = "Stored. Leave it empty to keep it."
        return form

    def cancel_url(self) -> str:
        return reverse("identity-provider")

    def save(self, data: dict[str, Any]) -> str:
        secret = data.pop("client_secret") or None
        provider = set_provider(self.house.agency, **data, client_secret=secret, by=self.actor, now=self.now)
        self.said = f"{provider.name} is saved. Test it now."
        return reverse("identity-provider")


class TestProvider(ProviderPage):
    """Reads the provider's discovery document: asked for inside the agency, called outside of its transaction."""

    issuer: str = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        return see_other(request, reverse("identity-provider"))

    def post(self, request: HttpRequest) -> HttpResponse:
        self.issuer = get_provider(by=self.actor).issuer
        return HttpResponse()

    def _answer(
        self, handler: Callable[..., HttpResponse], right: Right, *, read_only: bool, **kwargs: Any
    ) -> HttpResponse:
        answer = super()._answer(handler, right, read_only=read_only, **kwargs)
        if not self.issuer:
            return answer
        try:
            check_provider(self.issuer)
            said = ""
        except DomainError as error:
            said = error.message
        with self.inside(read_only=True):
            return self.shown(tested=said)


class EnableProvider(ProviderPage):
    """One press, no question."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return see_other(request, reverse("identity-provider"))

    def post(self, request: HttpRequest) -> HttpResponse:
        provider = enable_provider(get_provider(by=self.actor), by=self.actor, now=self.now)
        return self.done(reverse("identity-provider"), f"Members can sign in with {provider.name} again.")


class OfProvider(ConfirmPage):
    right = Right.AGENCY
    nav = "settings"
    provider: IdentityProvider

    def load(self, **kwargs: Any) -> None:
        self.provider = get_provider(by=self.actor)

    def cancel_url(self) -> str:
        return reverse("identity-provider")


class DisableProvider(OfProvider):
    submit_label = "Disable it"
    consequence = "Members sign in with their passwords then. You can enable it again at any time."

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Disable {self.provider.name}"
        self.sentence = (
            f"Nobody signs in with {self.provider.name}, and whoever did is signed out at the next click."
        )

    def act(self) -> str:
        disable_provider(self.provider, by=self.actor, now=self.now)
        self.said = f"{self.provider.name} is disabled."
        return reverse("identity-provider")


class DeleteProvider(OfProvider):
    submit_label = "Delete it"
    consequence = "Earshot forgets its secret, and which member has which account there."

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.title = f"Delete {self.provider.name}"
        self.sentence = f"Nobody signs in with {self.provider.name} any more, and whoever did is signed out at the next click."

    def act(self) -> str:
        name = self.provider.name
        delete_provider(self.provider, by=self.actor, now=self.now)
        self.said = f"{name} is deleted."
        return reverse("identity-provider")


class Untie(ConfirmPage):
    right = Right.AGENCY
    nav = "settings"
    submit_label = "Untie"
    consequence = "The next account that the provider vouches for with the same mail address is tied to them."
    identity: Identity

    def load(self, **kwargs: Any) -> None:
        self.identity = get_identity(kwargs["identity_id"], by=self.actor)
        name = self.identity.member.name
        self.title = f"Untie {name}"
        self.sentence = f"Earshot forgets which account at the provider is {name}'s."

    def cancel_url(self) -> str:
        return reverse("identity-provider")

    def act(self) -> str:
        untie(self.identity, by=self.actor, now=self.now)
        self.said = f"{self.identity.member.name} is untied."
        return reverse("identity-provider")
