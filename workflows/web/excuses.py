"""Excuses: asking for one, the list of them, and deciding about one."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.errors import NotFound
from agency.queries.paging import keyset
from agency.rights import Right
from agency.templatetags.words import CLOCKS
from agency.web.fields import CleanText, Pick
from agency.web.form_pages import UNACCEPTABLE, ConfirmPage, FormPage
from agency.web.lists import cursor_of, pager
from agency.web.views import StaffPage
from workflows.actions.excuses import LONGEST, ask_excuse, grant_excuse, refuse_excuse, withdraw_excuse
from workflows.models import Clock, Excuse
from workflows.queries.excuses import count_waiting, get_breached, get_excuse, list_excuses

ROWS = 30
GRANT, REFUSE = "grant", "refuse"
BADGES = {
    Excuse.State.ASKED: "warn",
    Excuse.State.GRANTED: "ok",
    Excuse.State.REFUSED: "danger",
    Excuse.State.WITHDRAWN: "",
}


def clock_name(clock: Clock) -> str:
    """“Respond”, or “Respond again, 2nd”, of a clock that isn't the first of its kind."""
    name = str(CLOCKS.get(clock.kind, clock.kind))
    return name if clock.instance == 1 else f"{name}, no. {clock.instance}"


def excuse_shown(excuse: Excuse) -> dict[str, Any]:
    """Without what is around it: for the clock that it belongs to."""
    state = Excuse.State(excuse.state)
    return {
        "id": excuse.pk,
        "state": excuse.state,
        "label": state.label,
        "badge": BADGES[state],
        "reason": Excuse.Reason(excuse.reason).label,
        "text": excuse.text,
        "asked_by": excuse.asked_by_name,
        "asked_at": excuse.asked_at,
        "decided_by": excuse.decided_by_name,
        "decided_at": excuse.decided_at,
        "note": excuse.note,
        "url": reverse("excuse", args=[excuse.pk]),
        "withdraw_url": reverse("excuse-withdraw", args=[excuse.pk]),
    }


def _around(clock: Clock) -> dict[str, Any]:
    """What the promise was, and how it was broken."""
    mention = clock.mention
    author = mention.post.author
    return {
        "clock_name": clock_name(clock),
        "client_name": mention.client.name,
        "author_name": author.name if author else "",
        "excerpt": mention.post.text or mention.post.title,
        "mention_url": reverse("mention", args=[mention.pk]),
        "target": clock.target,
        "breached_at": clock.breached_at,
        "stopped_at": clock.stopped_at,
        "late_by": clock.stopped_at - clock.breached_at if clock.stopped_at and clock.breached_at else None,
    }


class ExcuseList(StaffPage):
    """What waits for a decision, the oldest first; and what was decided, the newest first."""

    right = Right.READ
    nav = "inbox"

    def get(self, request: HttpRequest) -> HttpResponse:
        decided = request.GET.get("show") == "decided"
        excuses = list_excuses(by=self.actor, state="" if decided else Excuse.State.ASKED)
        if decided:
            excuses = excuses.exclude(state=Excuse.State.ASKED)
        page = keyset(
            excuses,
            by="-asked_at" if decided else "asked_at",
            kind="t",
            cursor=cursor_of(request),
            limit=ROWS,
        )
        context = {
            "excuses": [
                {**excuse_shown(excuse), **_around(excuse.clock), **self._may(excuse)} for excuse in page.rows
            ],
            "decided": decided,
            "waiting": count_waiting(by=self.actor),
            "waiting_url": request.path,
            "decided_url": f"{request.path}?show=decided",
            **pager(request, page),
        }
        return self.page("workflows/excuses.html", context)

    def _may(self, excuse: Excuse) -> dict[str, bool]:
        own, waits = excuse.asked_by == self.actor.member_id, excuse.state == Excuse.State.ASKED
        return {
            "may_decide": waits and not own and self.actor.may(Right.MANAGE),
            "may_withdraw": waits and own,
        }


class AskForm(forms.Form):
    reason = Pick(
        label="Reason",
        choices=[("", "Choose one"), *Excuse.Reason.choices],
        missing="Choose the reason that fits best.",
    )
    text = CleanText(
        label="What happened",
        max_length=LONGEST,
        multiline=True,
        rows=4,
        missing="Say in a sentence what happened: somebody else has to understand it.",
        help_text="A manager reads this and decides. Both your names stay beside the breach.",
    )


class AskExcuse(FormPage):
    right = Right.RESPOND
    nav = "inbox"
    template_name = "workflows/excuse_form.html"
    form_class = AskForm
    title = "Ask to excuse a broken promise"
    submit_label = "Ask"
    said = "Asked. Somebody else who manages decides about it."
    clock: Clock

    def load(self, **kwargs: Any) -> None:
        self.clock = get_breached(kwargs["clock_id"], by=self.actor)

    def extra(self) -> dict[str, Any]:
        return {"about": _around(self.clock)}

    def cancel_url(self) -> str:
        return reverse("mention", args=[self.clock.mention_id])

    def save(self, data: dict[str, Any]) -> str:
        ask_excuse(self.clock.pk, **data, by=self.actor, now=self.now)
        return self.cancel_url()


class DecideForm(forms.Form):
    note = CleanText(
        label="Note",
        max_length=LONGEST,
        multiline=True,
        rows=3,
        required=False,
        help_text="Needed to refuse; it is shown beside the breach.",
    )


class DecideExcuse(FormPage):
    """One excuse, and what a second person does with it."""

    right = Right.READ
    write_right = Right.MANAGE
    nav = "inbox"
    template_name = "workflows/excuse.html"
    form_class = DecideForm
    title = "Excuse a broken promise"
    excuse: Excuse

    def load(self, **kwargs: Any) -> None:
        self.excuse = get_excuse(kwargs["excuse_id"], by=self.actor)

    def cancel_url(self) -> str:
        return reverse("excuses")

    def extra(self) -> dict[str, Any]:
        own, waits = self.excuse.asked_by == self.actor.member_id, self.excuse.state == Excuse.State.ASKED
        return {
            "about": _around(self.excuse.clock),
            "excuse": excuse_shown(self.excuse),
            "may_decide": waits and not own and self.actor.may(Right.MANAGE),
            "own": own and waits,
        }

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.load(**kwargs)
        form = self.form = self.make_form(request.POST)
        verdict = request.POST.get("verdict", "")
        if form.is_valid() and verdict not in {GRANT, REFUSE}:
            form.add_error(None, "Press one of the two buttons: excuse it, or let the breach stand.")
        if not form.is_valid():
            return self.show(form, status=UNACCEPTABLE)
        decide = grant_excuse if verdict == GRANT else refuse_excuse
        decide(self.excuse.pk, note=form.cleaned_data["note"], by=self.actor, now=self.now)
        self.said = "Excused. The breach is still told, with the excuse beside it."
        if verdict == REFUSE:
            self.said = "Refused. The breach stands."
        return self.done(self.cancel_url(), self.said)


class WithdrawExcuse(ConfirmPage):
    right = Right.RESPOND
    nav = "inbox"
    title = "Take the excuse back"
    sentence = "Nobody has to decide about it any more, and the breach stands. It stays in the history."
    submit_label = "Take it back"
    danger = False
    said = "Taken back."
    excuse: Excuse

    def load(self, **kwargs: Any) -> None:
        self.excuse = get_excuse(kwargs["excuse_id"], by=self.actor)
        if self.excuse.asked_by != self.actor.member_id:
            raise NotFound

    def cancel_url(self) -> str:
        return reverse("mention", args=[self.excuse.clock.mention_id])

    def act(self) -> str:
        withdraw_excuse(self.excuse.pk, by=self.actor, now=self.now)
        return self.cancel_url()
