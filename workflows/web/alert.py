"""The page behind the link in an alert: what was said, what the agency does, and “I've seen it”.

GET, HEAD and OPTIONS never write. Wrong, expired, revoked and foreign links get one and the same page.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from agency import clock
from agency.tenancy import tenant
from agency.text import safe_link
from agency.web.address import client_address
from agency.web.answers import SeeOther
from agency.web.form_pages import UNACCEPTABLE
from agency.web.secret_page import SAFE, SecretPage
from mentions.words import State
from workflows.actions.alerts import note_seen
from workflows.models import Escalation
from workflows.queries.escalations import AlertSeen, find_alert_link, see_alert
from workflows.web.post import post_shown


class AlertPage(SecretPage):
    """GET shows it; POST says that it was seen."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._within(self._show)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._within(self._note)

    def _within(self, act: Callable[[AlertSeen], HttpResponse]) -> HttpResponse:
        found = find_alert_link(self.token, now=clock.now())
        if found is not None:
            # With this client alone: whatever is asked in here, nothing of another is found.
            read_only = self.request.method in SAFE
            with tenant(found.agency_id, read_only=read_only, clients=frozenset({found.client_id})):
                seen = see_alert(found)
                if seen is not None:
                    with timezone.override(seen.zone):
                        return act(seen)
        return render(self.request, "workflows/alert_gone.html", {}, status=404)

    def _note(self, seen: AlertSeen) -> HttpResponse:
        # Mail scanners press buttons: a press without the tick says nothing.
        if self.request.POST.get("seen") != "yes":
            return self._show(seen, not_ticked=True)
        note_seen(seen.mention, seen.contact, address=client_address(self.request), now=clock.now())
        return SeeOther(reverse("alert", args=[self.token]))

    def _show(self, seen: AlertSeen, *, not_ticked: bool = False) -> HttpResponse:
        context = {
            "not_ticked": not_ticked,
            "agency": seen.agency,
            "zone": seen.zone,
            "now": clock.now(),
            "client_name": seen.mention.client.name,
            "contact_name": seen.contact.name,
            "post": post_shown(seen.mention, earlier=seen.earlier),
            "doing": _doing(seen),
            "seen_at": seen.seen_at,
        }
        status = UNACCEPTABLE if not_ticked else 200
        return render(self.request, "workflows/alert.html", context, status=status)


def _doing(seen: AlertSeen) -> dict[str, Any]:
    """What the agency does about it now: a sentence, and where the answer is."""
    agency, mention, climb = seen.agency.name, seen.mention, seen.climb
    who = mention.assignee.name if mention.assignee else ""
    sentences: dict[str, str] = {
        State.NEW: f"{agency} was told at once, and somebody will take it on.",
        State.CLAIMED: f"{who} at {agency} works on an answer.",
        State.AWAITING_CLIENT: f"{agency} wrote an answer, and your approvers are asked about it.",
        State.APPROVED: "The answer is approved and goes out.",
        State.RESPONDED: f"{agency} answered.",
        State.DISMISSED: f"{agency} looked at it and closed it without an answer.",
    }
    sentence = sentences[mention.state]
    if mention.state == State.NEW and climb is not None and climb.state == Escalation.State.TAKEN:
        sentence = f"{climb.ended_by} at {agency} has seen it and takes care of it."
    return {
        "sentence": sentence,
        "answer_url": safe_link(mention.answer_url) if mention.answer_url else "",
        "is_over": mention.state in {State.RESPONDED, State.DISMISSED},
    }
