"""What was sent to whom, when, and what came back."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from agency.actions.notice_kinds import asks_to_be_acknowledged, title_of, titles
from agency.models import Notice, NoticeAttempt
from agency.queries.notices import NoticeFilters, list_notices
from agency.queries.paging import keyset
from agency.rights import Right
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage

ROWS = 30
_STATES = [
    ("", "Everything"),
    (Notice.State.SENT, "Sent"),
    (Notice.State.FAILED, "Not sent"),
    (Notice.State.QUEUED, "Waiting to be sent"),
    (Notice.State.SENDING, "Being sent"),
]


class NoticesForm(forms.Form):
    """What the list shows. Nonsense in the address filters nothing."""

    state = forms.ChoiceField(label="State", required=False, choices=_STATES)
    kind = forms.ChoiceField(label="Kind", required=False)
    subject = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["kind"].choices = [("", "Everything"), *titles()]  # type: ignore[attr-defined]

    def filters(self) -> NoticeFilters:
        self.is_valid()
        chosen, subject = self.cleaned_data, self.cleaned_data.get("subject")
        return NoticeFilters(
            state=chosen.get("state") or "",
            kind=chosen.get("kind") or "",
            subjects=[subject] if subject else None,
        )


class Notices(StaffPage):
    right = Right.MANAGE
    nav = "settings"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = NoticesForm(request.GET)
        filters = form.filters()
        rows = list_notices(by=self.actor, filters=filters)
        page = keyset(rows, by="-created_at", kind="t", cursor=cursor_of(request), limit=ROWS)
        context = {
            "notices": [line_of(notice) for notice in page.rows],
            "filters": form,
            "filtered": bool(filters),
            "about_one": filters.subjects,
            **pager(request, page),
        }
        return self.page("agency/notices.html", context)


def line_of(notice: Notice) -> dict[str, Any]:
    tries = sorted(notice.tries.all(), key=lambda attempt: attempt.n)
    return {
        "notice": notice,
        "title": title_of(notice.kind),
        "to": notice.to_name or notice.to,
        "by_way_of": notice.channel.name if notice.channel else notice.get_via_display(),
        "where": notice.to,
        "asks": asks_to_be_acknowledged(notice.kind),
        "tries": [_try(attempt) for attempt in tries],
    }


def _try(attempt: NoticeAttempt) -> dict[str, Any]:
    took = (attempt.finished_at - attempt.at).total_seconds() if attempt.finished_at else None
    return {
        "n": attempt.n,
        "at": attempt.at,
        "outcome": attempt.get_outcome_display(),
        "ok": attempt.outcome == NoticeAttempt.Outcome.SENT,
        "status": attempt.status,
        "error": attempt.error,
        "took": f"{took:.1f} s" if took is not None else "",
    }
