"""The viewer's page: what was said about their client, answered and achieved. Reached by a link alone, read-only.

Nothing writes but the press for a fresh link. Wrong, expired, revoked and foreign links get one and the same page.
"""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from agency import clock
from agency.errors import Invalid
from agency.tenancy import tenant
from agency.web.address import client_address
from agency.web.answers import SeeOther
from agency.web.lists import cursor_of
from agency.web.secret_page import SecretPage
from clients.actions.view_links import send_fresh_view_link
from clients.queries.contacts import find_view_link
from workflows.queries.results import Viewed, answers_of, results_of, see_client
from workflows.web.see_context import PERIODS, see_context

USUAL = 30  # days


class ViewPage(SecretPage):
    def gone(self, *, sent: bool = False) -> HttpResponse:
        """One page for all links that don't work."""
        context = {"sent": sent, "fresh_url": reverse("see-fresh", args=[self.token])}
        return render(self.request, "workflows/see_gone.html", context, status=200 if sent else 404)


class See(ViewPage):
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        found = find_view_link(token, now=clock.now())
        if found is not None:
            # With this client alone: whatever is asked in here, nothing of another is found.
            with tenant(found.agency_id, read_only=True, clients=frozenset({found.client_id})):
                viewed = see_client(found)
                if viewed is not None:
                    with timezone.override(viewed.zone):
                        return self._show(viewed)
        return self.gone()

    def _show(self, viewed: Viewed) -> HttpResponse:
        asked = self.request.GET.get("days", "")
        days = next((days for days in PERIODS if str(days) == asked), USUAL)
        now = clock.now()
        since = now - timedelta(days=days)
        try:
            page = answers_of(viewed, since=since, cursor=cursor_of(self.request))
        except Invalid:
            return SeeOther(f"{self.request.path}?days={days}")
        results = results_of(viewed, since=since, now=now)
        context = see_context(self.request, viewed, results, page, days=days, now=now)
        return render(self.request, "workflows/see.html", context)


class FreshView(ViewPage):
    """The answer is the same whatever the link was. Whoever reloads it is shown the page."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return SeeOther(reverse("see", args=[token]))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        send_fresh_view_link(token, address=client_address(request), now=clock.now())
        return self.gone(sent=True)
