"""The agency's own settings, and the way to another agency."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views import View

from agency.actions.members import change_agency
from agency.errors import DomainError
from agency.models import Agency
from agency.queries.doors import doors
from agency.queries.identity import provider_of
from agency.rights import Right
from agency.web.answers import see_other
from agency.web.fields import CleanText, ZoneField, zones
from agency.web.form_pages import UNACCEPTABLE, put_errors, status_of
from agency.web.house import CHOSEN
from agency.web.views import StaffPage


class AgencyForm(forms.Form):
    name = CleanText(
        label="Agency's name",
        max_length=120,
        missing="Enter the agency's name.",
        help_text="Clients read it too.",
    )
    time_zone = ZoneField(help_text="Times on these pages are shown in it.")
    undo_seconds = forms.IntegerField(
        label="Seconds to take a decision back",
        min_value=0,
        max_value=300,
        help_text="How long an approver can undo a decision before it takes effect: 0 to 300.",
        error_messages={
            "required": "Enter a number of seconds, 0 to 300.",
            "invalid": "Enter a whole number of seconds, 0 to 300.",
            "min_value": "Enter 0 or more.",
            "max_value": "Enter at most 300 (five minutes).",
        },
    )
    second_factor_required = forms.BooleanField(
        label="Ask everybody for a second factor",
        required=False,
        help_text="Who has none is led to set one up before they see anything of the agency. API keys go on.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone: Any = self.fields["time_zone"]
        zone.choices = zones(self.initial.get("time_zone") or "")


class Settings(StaffPage):
    right, write_right = Right.READ, Right.AGENCY
    nav = "settings"
    form: AgencyForm | None = None

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(self._form(None))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form, status=UNACCEPTABLE)
        change_agency(self.house.agency, changes=form.cleaned_data, by=self.actor, now=self.now)
        return self.done(reverse("settings"), "Saved.")

    def refused(self, error: DomainError) -> HttpResponse:
        if self.form is None or error.status == 403:
            return super().refused(error)
        with self.inside(read_only=True):
            put_errors(self.form, error)
            return self._show(self.form, status=status_of(error))

    def _form(self, data: Any) -> AgencyForm:
        agency: Agency = self.house.agency
        now = {field: getattr(agency, field) for field in AgencyForm.base_fields}
        return AgencyForm(data, initial=now)

    def _show(self, form: AgencyForm, *, status: int = 200) -> HttpResponse:
        context = {
            "form": form if self.actor.may(Right.AGENCY) else None,
            "sign_in_url": reverse("identity-provider") if self.actor.may(Right.AGENCY) else "",
            "provider": provider_of(self.actor.agency_id) if self.actor.may(Right.AGENCY) else None,
            "data_url": reverse("data") if self.actor.may(Right.DATA) else "",
            "rooms_url": reverse("rooms") if self.actor.may(Right.AGENCY) else "",
            "notices_url": reverse("notices") if self.actor.may(Right.MANAGE) else "",
            "promises_url": reverse("promises"),
        }
        return self.page("agency/settings.html", context, status=status)


class SwitchAgency(View):
    """Work in another agency that one has a place in. The session remembers it; nothing of any agency is read."""

    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return see_other(request, reverse("account_login"))
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("agency", "")
        found = doors(request.user, request.session)  # type: ignore[arg-type]
        asking = next((place for place in found.asking if str(place.agency_id) == wanted), None)
        if asking is not None:
            return see_other(request, reverse("agency-sign-in", args=[asking.agency.identity_provider.code]))
        if wanted in {str(place.agency_id) for place in found.open}:
            request.session[CHOSEN] = wanted
        return see_other(request, reverse("inbox"))
