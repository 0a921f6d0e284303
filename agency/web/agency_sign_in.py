"""Signing in with an agency's own account: the way out to its identity provider, and the way back.

Where there is no such sign-in, and where it failed, nothing tells which agencies are here.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

import structlog
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib.auth import login
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from agency import clock
from agency.actions.identity import admit, note_refusal, out
from agency.errors import DomainError
from agency.models import IdentityProvider, Membership
from agency.oidc import Attempt, Untrue, authorization_url, discover, prove
from agency.queries.doors import ONLY, ONLY_BY
from agency.queries.identity import find_provider, read_code, relying_on
from agency.tenancy import tenant
from agency.web.address import client_address
from agency.web.answers import error_page, see_other
from agency.web.fields import CleanText
from agency.web.form_pages import UNACCEPTABLE
from agency.web.house import CHOSEN

log = structlog.get_logger("earshot.identity")

# Half a working day more than one: who left the agency at the provider is out the next morning.
SESSION_SECONDS = 12 * 3600
_UNDER_WAY = "agency_sign_in"
_MOST_UNDER_WAY = 5
_ATTEMPT_SECONDS = 10 * 60
_LONGEST_CODE = 4_000
# Longer than the four requests of one sign-in may take together.
_MOST_AT_ONCE, _SLOT_SECONDS = 8, 60
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class CodeForm(forms.Form):
    code = CleanText(
        label="Your agency's sign-in code",
        max_length=300,
        missing="Enter the code.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        help_text="Three groups of four signs, such as abcd-2345-wxyz. It is in your invitation; an owner knows it too.",
    )

    def clean_code(self) -> str:
        code = read_code(self.cleaned_data["code"])
        if not code or find_provider(code) is None:
            raise forms.ValidationError(
                "Nobody signs in with that code. Check it, or ask an owner of your agency."
            )
        return code


class AskCode(View):
    """For who doesn't have the address at hand."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._show(form, status=UNACCEPTABLE)
        return see_other(request, reverse("agency-sign-in", args=[form.cleaned_data["code"]]))

    def _show(self, form: CodeForm, *, status: int = 200) -> HttpResponse:
        return render(self.request, "agency/sign_in_code.html", {"form": form}, status=status)


class ProviderPage(View):
    """Of one provider, by its code. An unknown code looks like any other refusal."""

    http_method_names = ["get", "head"]
    provider: IdentityProvider

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        provider = find_provider(kwargs["code"])
        if provider is None:
            return refusal(
                request,
                "This sign-in doesn't exist, or isn't used any more.",
                "Check the address, or ask an owner.",
            )
        self.provider = provider
        return super().dispatch(request, *args, **kwargs)


class AgencySignIn(ProviderPage):
    """The address to bookmark."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        go = reverse("agency-sign-in-go", args=[code])
        after = _local(request.GET.get("next", ""))
        context = {
            "provider": self.provider.name,
            "agency_name": self.provider.agency.name,
            "go_url": f"{go}?{urlencode({'next': after})}" if after != "/" else go,
        }
        return render(request, "agency/sign_in_by_provider.html", context)


class Go(ProviderPage):
    """Out to the provider. What must come back unchanged stays in the session."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
            # Another site must not replace the session that somebody has: they press the button themselves.
            return HttpResponseRedirect(reverse("agency-sign-in", args=[code]))
        attempt = Attempt.begin()
        try:
            provider = relying_on(self.provider)
            with few_at_once(self.provider):
                url = authorization_url(provider, discover(provider.issuer, out()), attempt)
        except DomainError as error:
            return failed(request, self.provider, error)
        kept = {
            **asdict(attempt),
            "provider": str(self.provider.pk),
            "next": _local(request.GET.get("next", "")),
            "at": time.time(),
        }
        under_way = [*_under_way(request), kept]
        request.session[_UNDER_WAY] = under_way[-_MOST_UNDER_WAY:]
        response = HttpResponseRedirect(url)
        response["Cache-Control"] = "no-store"
        return response


class Back(ProviderPage):
    """Back from the provider. Each way out comes back once, in the same browser, to the same provider."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        kept = _take(request, self.provider)
        if kept is None:
            return refusal(
                request,
                "This sign-in wasn't begun in this browser, took too long, or was used already.",
                "Begin it again.",
                again=reverse("agency-sign-in", args=[code]),
            )
        try:
            member = self._admit(request, kept)
        except DomainError as error:
            with tenant(self.provider.agency_id):
                by = client_address(request)
                note_refusal(self.provider, reason=error.message, address=by, now=clock.now())
            return failed(request, self.provider, error)
        begin_session(request, member, self.provider)
        return HttpResponseRedirect(kept["next"])

    def _admit(self, request: HttpRequest, kept: dict[str, Any]) -> Membership:
        if "error" in request.GET:
            raise Untrue(f"{self.provider.name} didn't sign you in.")
        attempt = Attempt(kept["state"], kept["nonce"], kept["verifier"])
        code = request.GET.get("code", "")[:_LONGEST_CODE]
        with few_at_once(self.provider):
            claims = prove(relying_on(self.provider), attempt, code, out())
        with tenant(self.provider.agency_id):
            return admit(self.provider, claims, address=client_address(request), now=clock.now())


class Busy(DomainError):
    code, status, title = "busy", 429, "Many sign in at this moment"

    def __init__(self) -> None:
        super().__init__("Many people sign in at this moment. Try again in a few seconds.")


@contextmanager
def few_at_once(provider: IdentityProvider) -> Iterator[None]:
    """A provider that answers slowly, or on purpose, keeps a few of our threads waiting and no more.

    Raises:
        Busy: that many wait for it already.
    """
    slots = (f"agency-sign-in:{provider.pk}:{number}" for number in range(_MOST_AT_ONCE))
    taken = next((slot for slot in slots if cache.add(slot, 1, _SLOT_SECONDS)), None)
    if taken is None:
        raise Busy
    try:
        yield
    finally:
        cache.delete(taken)


def begin_session(request: HttpRequest, member: Membership, provider: IdentityProvider) -> None:
    """A new session of the member, for this agency alone; nothing of one that was there before goes along."""
    request.session.flush()
    login(request, member.user, backend=_BACKEND)
    request.session[ONLY] = request.session[CHOSEN] = str(provider.agency_id)
    request.session[ONLY_BY] = f"{provider.pk}:{provider.epoch}"
    request.session.set_expiry(SESSION_SECONDS)
    # So that it is ended with the others, when the person ends those.
    UserSession.objects.create_from_request(request)


def failed(request: HttpRequest, provider: IdentityProvider, error: DomainError) -> HttpResponse:
    log.info("not signed in by provider", provider=str(provider.pk), code=error.code)
    return refusal(
        request,
        error.message,
        "Try again, or ask an owner of your agency.",
        title=error.title,
        status=error.status,
        again=reverse("agency-sign-in", args=[provider.code]),
    )


def refusal(
    request: HttpRequest,
    sentence: str,
    what_to_do: str,
    *,
    title: str = "You can't sign in here",
    status: int = 403,
    again: str = "",
) -> HttpResponse:
    response = error_page(
        request,
        status=status,
        title=title,
        sentence=sentence,
        what_to_do=what_to_do,
        back_url=again or reverse("account_login"),
        back_label="Begin again" if again else "Sign in",
    )
    response["Cache-Control"] = "no-store"
    return response


def _under_way(request: HttpRequest) -> list[dict[str, Any]]:
    now = time.time()
    return [kept for kept in request.session.get(_UNDER_WAY, []) if now - kept["at"] < _ATTEMPT_SECONDS]


def _take(request: HttpRequest, provider: IdentityProvider) -> dict[str, Any] | None:
    """What was kept on the way out, for the state that came back; it is gone then."""
    under_way = _under_way(request)
    state = request.GET.get("state", "")
    found = next(
        (kept for kept in under_way if kept["state"] == state and kept["provider"] == str(provider.pk)), None
    )
    if found is not None:
        request.session[_UNDER_WAY] = [kept for kept in under_way if kept is not found]
        # At once: two copies of one answer at the same moment must not both find it.
        request.session.save()
    return found


def _local(url: str) -> str:
    local = url.startswith("/") and not url.startswith(("//", "/\\"))
    return url if local and url_has_allowed_host_and_scheme(url, allowed_hosts=None) else "/"
