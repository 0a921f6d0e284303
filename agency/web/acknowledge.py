"""The page behind the link of a notice: what it is about, and one button to take it. Works on whatever phone opens it.

GET, HEAD and OPTIONS never write. Wrong, expired and foreign links get one and the same page.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from agency import clock
from agency.actions.acknowledgements import acknowledge, can_be_taken, taker_of
from agency.actions.notice_kinds import handling_of
from agency.errors import DomainError
from agency.models import Agency, Notice
from agency.queries.notices import find_ack_link, is_for_a_room
from agency.tenancy import tenant
from agency.web.address import client_address
from agency.web.answers import SeeOther
from agency.web.fields import CleanText
from agency.web.form_pages import UNACCEPTABLE
from agency.web.secret_page import SAFE, SecretPage


class NameForm(forms.Form):
    """For links that many people read."""

    name = CleanText(
        label="Your name", max_length=60, missing="Enter your name, so that the others know who has it."
    )


class Acknowledge(SecretPage):
    """GET shows what it is about, or who took it; POST takes it."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._within(None)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._within(NameForm(request.POST))

    def _within(self, form: NameForm | None) -> HttpResponse:
        """Inside the agency of a living link, read-only unless something is sent."""
        now = clock.now()
        link = find_ack_link(self.token, now=now)
        if link is None:
            return self._gone()
        try:
            with tenant(link.agency_id, read_only=self.request.method in SAFE):
                notice = Notice.objects.select_related("member__user").filter(pk=link.notice_id).first()
                if notice is None or not can_be_taken(notice):
                    return self._gone()
                agency = Agency.objects.get(pk=link.agency_id)
                with timezone.override(agency.time_zone):
                    return self._show(notice, agency) if form is None else self._take(notice, agency, form)
        except DomainError:
            return self._gone()

    def _take(self, notice: Notice, agency: Agency, form: NameForm) -> HttpResponse:
        name = ""
        if is_for_a_room(notice) and notice.acknowledged_at is None:
            if not form.is_valid():
                return self._show(notice, agency, form, status=UNACCEPTABLE)
            name = form.cleaned_data["name"]
        taker = taker_of(notice, name=name, address=client_address(self.request))
        acknowledge(notice.pk, by=taker, now=clock.now())
        return SeeOther(self.request.path)

    def _show(
        self, notice: Notice, agency: Agency, form: NameForm | None = None, *, status: int = 200
    ) -> HttpResponse:
        about = handling_of(notice.kind).about(notice)
        context: dict[str, Any] = {
            "notice": notice,
            "agency": agency,
            "about": about,
            "mine": notice.acknowledged_by_id is not None
            and notice.acknowledged_by_id in {notice.member_id, notice.recipient_id},
            "form": (form or NameForm()) if is_for_a_room(notice) else None,
            "now": clock.now(),
        }
        return render(self.request, "agency/acknowledge.html", context, status=status)

    def _gone(self) -> HttpResponse:
        return render(self.request, "agency/acknowledge_gone.html", {}, status=404)
