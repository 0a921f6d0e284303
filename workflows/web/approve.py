"""The approver's pages: reached by a link alone, on whatever phone opens it.

GET, HEAD and OPTIONS never write. Wrong, expired, revoked and foreign links get one and the same page.
"""

from collections.abc import Callable

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from agency import clock
from agency.errors import Conflict, Invalid
from agency.tenancy import tenant
from agency.web.address import client_address
from agency.web.answers import SeeOther
from agency.web.fields import CleanText, Pick
from agency.web.form_pages import UNACCEPTABLE, put_errors
from agency.web.secret_page import SAFE, SecretPage
from workflows.actions.decisions import (
    REASONS,
    ChangedMeanwhile,
    DecidesNoLonger,
    decide,
    undo_decision,
)
from workflows.actions.fresh import send_fresh_link
from workflows.models import Decision
from workflows.queries.approvals import Found, find_link, standing_decision
from workflows.queries.approver import RequestSeen, see_request
from workflows.web.approve_context import changed_context, closed_context, done_context, request_context
from workflows.words import LONGEST_REPLY

_WRITES: dict[str, str] = {Decision.Verdict.EDIT: "text", Decision.Verdict.CHANGE: "comment"}


class DecideForm(forms.Form):
    """No verdict is chosen beforehand: scanners that press every button decide nothing."""

    verdict = Pick(
        label="Your decision",
        choices=Decision.Verdict.choices,
        widget=forms.RadioSelect,
        missing="Choose what should happen with this reply.",
    )
    text = CleanText(
        label="Your text",
        max_length=LONGEST_REPLY * 4,
        multiline=True,
        required=False,
        widget=forms.Textarea(attrs={"rows": 7, "data-count": "text-count", "data-limit": LONGEST_REPLY}),
    )
    reasons = forms.MultipleChoiceField(
        required=False, choices=list(REASONS.items()), widget=forms.CheckboxSelectMultiple
    )
    comment = CleanText(
        label="What should be different?", max_length=2000, multiline=True, rows=4, required=False
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


class LinkPage(SecretPage):
    """One of the pages behind a link to a request."""

    def here(self) -> str:
        return reverse("approve", args=[self.token])

    def within(self, act: Callable[[Found, RequestSeen], HttpResponse]) -> HttpResponse:
        """Run inside the agency of a live link, read-only unless something is sent; any other link leads nowhere."""
        found = find_link(self.token, now=clock.now())
        if found is not None:
            with tenant(found.agency_id, read_only=self.request.method in SAFE):
                seen = see_request(found)
                if seen is not None:
                    with timezone.override(seen.zone):
                        return act(found, seen)
        return self.gone()

    def gone(self, *, sent: bool = False) -> HttpResponse:
        """One page for all links that don't work. What somebody typed is given back to them."""
        context = {
            "sent": sent,
            "fresh_url": reverse("approve-fresh", args=[self.token]),
            "your_text": "" if sent else self._written(),
        }
        return render(self.request, "workflows/approve_gone.html", context, status=200 if sent else 404)

    def _written(self) -> str:
        """What the person wrote; a form also sends the text that it came with."""
        field = _WRITES.get(self.request.POST.get("verdict", ""))
        return self.request.POST.get(field, "") if field else ""


class Approve(LinkPage):
    """GET shows the request, or what became of it; POST decides it."""

    form: DecideForm | None = None

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self.within(self._show)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            return self.within(self._decide)
        except (Invalid, Conflict) as error:
            refusal = error
        # Rolled back by now: say why, from what is there.
        return self.within(lambda found, seen: self._refuse(refusal, seen))

    def _decide(self, found: Found, seen: RequestSeen) -> HttpResponse:
        form = self.form = DecideForm(self.request.POST)
        if not form.is_valid():
            return self._form(seen, form, status=UNACCEPTABLE)
        sent = form.cleaned_data
        # Who opens the text and leaves it as it is approves it.
        untouched = sent["text"] == seen.approval.version.text and sent["verdict"] == Decision.Verdict.EDIT
        decide(
            found.approval_id,
            contact=seen.contact,
            verdict=Decision.Verdict.APPROVE if untouched else sent["verdict"],
            read_digest=sent["seen"],
            text=sent["text"],
            reasons=sent["reasons"],
            comment=sent["comment"],
            address=client_address(self.request),
            now=clock.now(),
        )
        return SeeOther(self.here())

    def _refuse(self, error: Invalid | Conflict, seen: RequestSeen) -> HttpResponse:
        if isinstance(error, Invalid) and self.form is not None:
            put_errors(self.form, error)
            return self._form(seen, self.form, status=UNACCEPTABLE)
        if isinstance(error, ChangedMeanwhile) and seen.decision is None:
            read = self.request.POST.get("seen", "")
            context = changed_context(
                seen, read_digest=read, url=self.here(), typed=self.request.POST.get("text", "")
            )
            return render(self.request, "workflows/approve_changed.html", context, status=409)
        if isinstance(error, DecidesNoLonger):
            return self._show_state(seen, status=409)
        return self._outcome(seen, status=409, refused=True)

    def _show(self, found: Found, seen: RequestSeen) -> HttpResponse:
        return self._show_state(seen)

    def _show_state(self, seen: RequestSeen, *, status: int = 200) -> HttpResponse:
        if seen.decision is None and seen.approval.state == seen.approval.State.OPEN:
            text = seen.approval.version.text
            form = DecideForm(initial={"text": text, "seen": seen.approval.version.digest})
            return self._form(seen, form, status=status)
        return self._outcome(seen, status=status)

    def _form(self, seen: RequestSeen, form: DecideForm, *, status: int = 200) -> HttpResponse:
        context = request_context(seen, form=form, now=clock.now(), undone="undone" in self.request.GET)
        return render(self.request, "workflows/approve.html", context, status=status)

    def _outcome(self, seen: RequestSeen, *, status: int = 200, refused: bool = False) -> HttpResponse:
        decision = seen.decision
        if decision is not None and decision.contact_id == seen.contact.pk:
            now = clock.now()
            context = done_context(
                seen, decision, now=now, undo_url=reverse("approve-undo", args=[self.token])
            )
            # A second tap on the same button is no second decision.
            if refused and self.request.POST.get("verdict") != decision.verdict:
                context["too_late"] = "You had decided already, so what you just sent was not counted."
            return render(self.request, "workflows/approve_done.html", context, status=status)
        return render(self.request, "workflows/approve_closed.html", closed_context(seen), status=status)


class LinkButton(LinkPage):
    """An address that only takes a press: whoever reloads it is shown the request."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return SeeOther(self.here())


class Undo(LinkButton):
    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            return self.within(self._undo)
        except Conflict as error:
            sentence = error.message
        return self.within(lambda found, seen: self._too_late(seen, sentence))

    def _undo(self, found: Found, seen: RequestSeen) -> HttpResponse:
        decision = seen.decision
        if decision is None or decision.contact_id != seen.contact.pk:
            return SeeOther(self.here())
        now = clock.now()
        undo_decision(decision.pk, contact=seen.contact, address=client_address(self.request), now=now)
        return SeeOther(f"{self.here()}?undone")

    def _too_late(self, seen: RequestSeen, sentence: str) -> HttpResponse:
        decision = standing_decision(seen.approval)
        if decision is None:
            return SeeOther(self.here())
        context = done_context(seen, decision, now=clock.now(), undo_url="") | {"too_late": sentence}
        return render(self.request, "workflows/approve_done.html", context, status=409)


class Fresh(LinkButton):
    """The answer is the same whatever the link was."""

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        send_fresh_link(token, address=client_address(request), now=clock.now())
        return self.gone(sent=True)
