"""The forms of a mention's page."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from agency.models import Membership
from agency.web.fields import CleanText, Pick, PickRow, offer
from clients.models import Template
from clients.words import Priority
from mentions.words import DismissReason
from workflows.words import LONGEST_REPLY


class DraftForm(forms.Form):
    # The number of the version that was on the page; 0 for none.
    based_on = forms.IntegerField(min_value=0, max_value=100_000, widget=forms.HiddenInput, required=False)
    template = PickRow(label="Start from a template", required=False)
    text = CleanText(
        label="Text of the reply",
        # The action says what is too long, and in its own words: the same for programs.
        max_length=LONGEST_REPLY * 4,
        multiline=True,
        required=False,
        widget=forms.Textarea(attrs={"rows": 7, "data-count": "reply-count", "data-limit": LONGEST_REPLY}),
    )

    def __init__(self, data: Any = None, *, templates: Sequence[Template], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        if templates:
            offer(self, "template", [(t.pk, t.name) for t in templates], none="Choose a template")
        else:
            del self.fields["template"]

    def chosen(self) -> UUID | None:
        found: UUID | None = self.cleaned_data.get("template")
        return found


class PriorityForm(forms.Form):
    priority = Pick(label="Priority", choices=Priority.choices)


class DismissForm(forms.Form):
    reason = Pick(
        label="Why?", choices=[("", "Choose a reason"), *DismissReason.choices], missing="Choose a reason."
    )
    note = CleanText(label="Note", max_length=2000, multiline=True, rows=2, required=False)


class ReopenForm(forms.Form):
    note = CleanText(label="Why?", max_length=2000, multiline=True, rows=2, required=False)


class AssignForm(forms.Form):
    member = PickRow(label="To", missing="Choose a member.")

    def __init__(self, data: Any = None, *, members: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offer(self, "member", [(m.pk, m.name) for m in members], none="Choose a member")


class AnsweredForm(forms.Form):
    url = CleanText(
        label="Address of the client's answer",
        max_length=2000,
        missing="Paste the web address of the client's answer, beginning with https://.",
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
    )
    at = forms.DateTimeField(
        label="When it was posted",
        help_text="In the time zone of this page. It counts as answered from then on.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "Say when it was posted.", "invalid": "Write it as 2026-03-06T19:04."},
    )


class AttestForm(forms.Form):
    url = CleanText(
        label="Address of our reply",
        max_length=2000,
        missing="Paste the web address of the reply, beginning with https://.",
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text="Open the reply on the platform and copy its address.",
    )
