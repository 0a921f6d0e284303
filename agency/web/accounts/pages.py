"""One's own account: name, password, second factor, and where one is signed in."""

import time
from typing import Any

from allauth.account.views import PasswordResetView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.flows import view_recovery_codes
from allauth.mfa.totp.views import ActivateTOTPView
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from agency import clock
from agency.actions.accounts import rename
from agency.actions.audit import record_for_user
from agency.actions.second_factor import note_step
from agency.actions.sessions import end_session, end_sessions
from agency.models import User
from agency.queries.second_factor import codes_left
from agency.queries.sessions import list_sessions
from agency.web.accounts.second_factor import relying_party
from agency.web.accounts.seen import last_seen
from agency.web.address import client_address
from agency.web.answers import see_other
from agency.web.fields import CleanText
from agency.web.form_pages import UNACCEPTABLE
from agency.web.house import PageRequest, find_house

FEW_CODES = 3


class NameForm(forms.Form):
    name = CleanText(
        label="Name", max_length=120, missing="Enter your name.", help_text="As colleagues see it."
    )


@method_decorator([login_required, never_cache], name="dispatch")
class OwnPage(View):
    """A page about the person alone: no agency's right opens it, and nothing of an agency is on it but the frame."""

    http_method_names = ["get", "head", "post"]
    request: PageRequest

    @property
    def user(self) -> User:
        return self.request.user  # type: ignore[return-value]

    def page(self, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        """In the frame of the agency that the person works in; plain where they may not enter one (yet)."""
        house = find_house(self.request)
        if house is not None and not house.needs_second_factor:
            house.nav, house.now, self.request.house = "account", clock.now(), house
        framed = hasattr(self.request, "house")
        frame = "agency/base.html" if framed else "allauth/layouts/base.html"
        asking = house.agency.name if house is not None and house.needs_second_factor else ""
        about = {
            "frame": frame,
            "framed": framed,
            "asking_agency": asking,
            "elsewhere": house.others if house is not None else [],
            "now": clock.now(),
        }
        return render(self.request, template, {**about, **context}, status=status)

    def note(self, action: str, **details: Any) -> None:
        record_for_user(
            self.user, action, address=client_address(self.request), now=clock.now(), details=details
        )


class ForgottenPassword(PasswordResetView):  # type: ignore[misc]
    """Answers no sooner than after a fixed time, so that the time doesn't say whether there is such an account."""

    LEAST = 0.15  # seconds; the work takes a tenth of that

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        begun = time.monotonic()
        response: HttpResponse = super().post(request, *args, **kwargs)
        time.sleep(max(self.LEAST - (time.monotonic() - begun), 0))
        return response


class Account(OwnPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(NameForm(initial={"name": self.user.name}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change one's name."""
        form = NameForm(request.POST)
        if not form.is_valid():
            return self._show(form, status=UNACCEPTABLE)
        rename(self.user, name=form.cleaned_data["name"], address=client_address(request), now=clock.now())
        messages.success(request, "Saved.")
        return see_other(request, reverse("account"))

    def _show(self, form: NameForm, *, status: int = 200) -> HttpResponse:
        factors = list(Authenticator.objects.filter(user=self.user).order_by("created_at", "id"))
        left = codes_left(self.user)
        context = {
            "form": form,
            "app": next((one for one in factors if one.type == Authenticator.Type.TOTP), None),
            "passkeys": [one for one in factors if one.type == Authenticator.Type.WEBAUTHN],
            "codes_left": left,
            "few_codes": left is not None and left <= FEW_CODES,
            "sessions": self._sessions(),
            "passkey_host": relying_party(),
            "passkeys_work_here": passkeys_work(self.request),
        }
        return self.page("agency/account.html", context, status=status)

    def _sessions(self) -> list[dict[str, Any]]:
        found = list_sessions(self.user, now=clock.now())
        seen = last_seen([session.key for session in found])
        here = self.request.session.session_key
        lines = [
            {"session": one, "is_here": one.key == here, "seen_at": seen.get(one.key, one.began_at)}
            for one in found
        ]
        return sorted(lines, key=lambda line: (not line["is_here"], -line["seen_at"].timestamp()))


class EndSession(OwnPage):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, session_id: int) -> HttpResponse:
        if end_session(self.user, session_id):
            self.note("account.sessions_ended", sessions=1)
        # Not there any more: as wished.
        messages.success(request, "That session is ended.")
        return see_other(request, reverse("account"))


class EndOtherSessions(OwnPage):
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        ended = end_sessions(self.user, but=request.session.session_key)
        if ended:
            self.note("account.sessions_ended", sessions=ended)
        messages.success(request, "You are signed out everywhere else.")
        return see_other(request, reverse("account"))


class RecoveryCodes(OwnPage):
    """Shown once, and only by POST: a page that a browser loads ahead or again must not use that up."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show([], seen=self._codes().wrap().did_view)

    def post(self, request: HttpRequest) -> HttpResponse:
        codes, may_view = view_recovery_codes(request)
        if codes is None:
            raise Http404
        return self._show(codes.get_unused_codes() if may_view else [], seen=True)

    def _codes(self) -> Authenticator:
        found = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.RECOVERY_CODES).first()
        if found is None:
            raise Http404
        return found

    def _show(self, codes: list[str], *, seen: bool) -> HttpResponse:
        context = {"codes": codes, "seen": seen, "left": codes_left(self.user)}
        return render(self.request, "mfa/recovery_codes/index.html", context)


class SetUpApp(ActivateTOTPView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        user = self.request.user
        note_step(Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP), form.step)
        return response


def to_account(request: HttpRequest) -> HttpResponse:
    """allauth's own overviews are one page here."""
    return see_other(request, reverse("account"))


def passkeys_work(request: HttpRequest) -> bool:
    """Whether a browser would make or use a passkey on the address that it shows."""
    host = request.get_host().rsplit(":", 1)[0]
    return host == relying_party() and (request.is_secure() or host == "localhost")
