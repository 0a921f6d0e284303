"""Settings → Data: copies to take away, what was erased, and the agency's own end."""

from typing import Any
from uuid import UUID

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from agency.errors import DomainError
from agency.models import Erasure, Export
from agency.rights import Right
from agency.web.answers import see_other
from agency.web.fields import CleanText, Pick
from agency.web.form_pages import ConfirmPage
from agency.web.views import StaffPage
from mentions.actions.forgetting import lift_block
from mentions.models import ForgottenAuthor
from workflows.actions.erasures import call_off, erasure_under_way, request_erasure
from workflows.actions.exports import delete_export, request_export
from workflows.download import download
from workflows.queries.erasures import get_block, list_blocks, list_erasures
from workflows.queries.exports import get_export, list_exports
from workflows.web.data_context import data_context

ROWS = 20


class NamedForm(forms.Form):
    """The name of what is erased, typed, so that nobody erases the wrong one."""

    confirm = CleanText(label="Its name", max_length=200, missing="Type the name.")

    def ask_for(self, name: str) -> None:
        self.fields["confirm"].label = f"Type “{name}” to confirm"
        self.fields["confirm"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none"}


class ErasureForm(NamedForm):
    reason = Pick(
        label="Why", choices=Erasure.Reason.choices, initial=Erasure.Reason.ASKED, missing="Choose a reason."
    )


class Data(StaffPage):
    right = Right.DATA
    nav = "settings"

    def get(self, request: HttpRequest) -> HttpResponse:
        context = data_context(
            exports=list(list_exports(by=self.actor).order_by("-created_at", "-id")[:ROWS]),
            erasures=list(list_erasures(by=self.actor).order_by("-asked_at", "-id")[:ROWS]),
            blocks=list(list_blocks(by=self.actor).order_by("-since", "-id")[:ROWS]),
        )
        return self.page("workflows/data.html", {**context, "closing": erasure_under_way(by=self.actor)})


class AskExport(StaffPage):
    """Takes the little form that asks for an export, of the agency, a client or an author."""

    right = Right.DATA
    nav = "settings"
    kind = Export.Kind.AGENCY

    def about(self) -> UUID | None:
        return None

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return see_other(request, reverse("data"))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        request_export(kind=self.kind, about_id=self.about(), by=self.actor, now=self.now)
        return self.done(reverse("data"), "The export is being made. Its file appears here when it is ready.")

    def refused(self, error: DomainError) -> HttpResponse:
        if error.status != 409:
            return super().refused(error)
        messages.error(self.request, error.message)
        return see_other(self.request, reverse("data"))


class ExportClient(AskExport):
    kind = Export.Kind.CLIENT

    def about(self) -> UUID | None:
        return UUID(str(self.kwargs["client_id"]))


class ExportAuthor(AskExport):
    kind = Export.Kind.AUTHOR

    def about(self) -> UUID | None:
        return UUID(str(self.kwargs["author_id"]))


class DownloadExport(StaffPage):
    right = Right.DATA
    nav = "settings"

    def get(self, request: HttpRequest, export_id: UUID) -> Any:
        return download(get_export(export_id, by=self.actor), by=self.actor)


class DeleteExport(ConfirmPage):
    right = Right.DATA
    nav = "settings"
    title = "Delete an export"
    submit_label = "Delete the file"
    sentence = "The file is deleted now, instead of a week after it was made."
    consequence = "You can ask for another export at any time."
    said = "The export's file is deleted."

    def load(self, **kwargs: Any) -> None:
        self.export = get_export(kwargs["export_id"], by=self.actor)

    def cancel_url(self) -> str:
        return reverse("data")

    def act(self) -> str:
        delete_export(self.export, by=self.actor, now=self.now)
        return reverse("data")


class LiftBlock(ConfirmPage):
    right = Right.DATA
    nav = "settings"
    title = "Hear an author again"
    submit_label = "Collect again"
    danger = False
    sentence = "Earshot collects what this account posts again, from the next reading on. Who it is, it doesn't know any more."
    consequence = "What was erased stays erased, as far as its sources don't list it still."
    said = "The author is collected again from the next reading on."
    block: ForgottenAuthor

    def load(self, **kwargs: Any) -> None:
        self.block = get_block(kwargs["block_id"], by=self.actor)

    def cancel_url(self) -> str:
        return reverse("data")

    def act(self) -> str:
        lift_block(self.block, by=self.actor, now=self.now)
        return reverse("data")


class EraseAgency(ConfirmPage):
    """Whoever asks has confirmed who they are a moment ago."""

    right = Right.DATA
    nav = "settings"
    form_class = NamedForm
    submit_label = "Erase the agency"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._sure() or super().get(request, **kwargs)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._sure() or super().post(request, **kwargs)

    def _sure(self) -> HttpResponse | None:
        if did_recently_reauthenticate(self.request):
            return None
        here = urlencode({"next": reverse("data-erase")})
        return see_other(self.request, f"{reverse('account_reauthenticate')}?{here}")

    def load(self, **kwargs: Any) -> None:
        self.actor.require_all_clients()
        self.title = f"Erase {self.house.agency.name}"
        self.sentence = (
            "Everything goes, for good: clients, mentions, replies, sources, members and their sign-ins, API keys, and the "
            "activity log. Nothing is left that could be restored."
        )
        self.consequence = _grace()

    def make_form(self, data: QueryDict | None) -> forms.Form:
        form = NamedForm(data)
        form.ask_for(self.house.agency.name)
        return form

    def cancel_url(self) -> str:
        return reverse("data")

    def save(self, data: dict[str, Any]) -> str:
        erasure = request_erasure(
            kind=Erasure.Kind.AGENCY,
            about_id=None,
            confirm=data["confirm"],
            reason=Erasure.Reason.ENDED,
            by=self.actor,
            now=self.now,
        )
        due_at = timezone.localtime(erasure.due_at)
        self.said = f"{self.house.agency.name} will be erased on {due_at:%d %B %Y}. All owners get a mail."
        return reverse("data")


def _grace() -> str:
    days = settings.ERASURE_GRACE_DAYS
    if not days:
        return "It begins at once, and can't be undone."
    return (
        f"It begins in {days} days. Until then nobody but owners can enter, nothing is collected, no reply and no mail goes "
        "out, and API keys and approval links don't work; an owner can call it off. Once it has begun, it can't be undone."
    )


class CallOff(ConfirmPage):
    right = Right.DATA
    nav = "settings"
    submit_label = "Keep the agency"
    danger = False
    said = "The erasure is called off. Everything goes on where it stopped."
    erasure: Erasure | None

    def load(self, **kwargs: Any) -> None:
        self.erasure = erasure_under_way(by=self.actor)
        self.title = f"Keep {self.house.agency.name}"
        self.sentence = (
            "Everybody can enter again, sources are read, and replies and mails go out where they stopped."
        )

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        if self.erasure is None:
            return see_other(request, reverse("data"))
        return super().get(request, **kwargs)

    def cancel_url(self) -> str:
        return reverse("data")

    def act(self) -> str:
        if self.erasure is None:
            self.said = "No erasure is under way."
        else:
            call_off(self.erasure, by=self.actor, now=self.now)
        return reverse("data")
