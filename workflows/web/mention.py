"""A mention's page, and what is done there."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from agency.errors import Conflict, DomainError, Invalid, NotFound
from agency.rights import Right
from agency.web.answers import see_other
from agency.web.form_pages import UNACCEPTABLE, put_errors, status_of
from agency.web.views import StaffPage
from clients.models import Template
from clients.words import Priority, ReplyKind
from mentions.words import Move
from workflows.actions.answered import note_answer
from workflows.actions.moves import (
    assign_mention,
    claim_mention,
    dismiss_mention,
    release_mention,
    reopen_mention,
    set_priority,
)
from workflows.actions.publications import attest_reply, send_again
from workflows.actions.requests import approve_without_client, recall_request, request_approval, revise_reply
from workflows.actions.responses import draft_reply, suggest
from workflows.queries.desk import Desk, get_desk
from workflows.web.clock_lines import clock_lines
from workflows.web.escalation_context import escalation_context
from workflows.web.mention_context import Shown, latest_number, mention_context
from workflows.web.mention_forms import AttestForm, DraftForm
from workflows.web.move_buttons import ANSWERED, ASSIGN, SEND_AGAIN, form_of


class MentionPage(StaffPage):
    """The page itself. `?template=` puts a playbook template into the empty reply."""

    right = Right.READ
    nav = "inbox"

    def get(self, request: HttpRequest, mention_id: UUID) -> HttpResponse:
        desk = self.desk(mention_id)
        shown = Shown()
        template = next((t for t in desk.templates if str(t.pk) == request.GET.get("template")), None)
        if template is not None:
            text = suggest(desk.mention, template, by=self.actor)
            number = latest_number(desk)
            initial = {"template": template.pk, "text": text, "based_on": number}
            shown.draft = DraftForm(initial=initial, templates=desk.templates)
        return self.show(desk, shown)

    def desk(self, mention_id: UUID) -> Desk:
        return get_desk(mention_id, by=self.actor, now=self.now)

    def show(self, desk: Desk, shown: Shown, *, status: int = 200) -> HttpResponse:
        context = mention_context(desk, shown)
        context["promises"] = clock_lines(desk, by=self.actor)
        context["may_audit"] = self.actor.may(Right.AUDIT)
        context |= escalation_context(desk.mention, may_respond=self.actor.may(Right.RESPOND))
        if shown.conflict and self.request.htmx:
            return self.page("workflows/_conflict.html", context, status=status)
        return self.page("workflows/mention.html", context, status=status)


class MentionAct(MentionPage):
    """Something done on the page. Refused, the page comes back with what was typed, and says why."""

    right = Right.RESPOND
    shown: Shown

    def get(self, request: HttpRequest, mention_id: UUID, **kwargs: Any) -> HttpResponse:
        """Somebody reloads an address that only takes forms: to the page that has them."""
        return see_other(request, reverse("mention", args=[mention_id]))

    def post(self, request: HttpRequest, mention_id: UUID, **kwargs: Any) -> HttpResponse:
        self.shown = Shown(lost_text=request.POST.get("text", ""))
        said = self.act(request.POST, mention_id, **kwargs)
        return said if isinstance(said, HttpResponse) else self.back(mention_id, said)

    def act(self, data: QueryDict, mention_id: UUID, **kwargs: Any) -> str | HttpResponse:
        """Do it, and say what was done; or answer by yourself."""
        raise NotImplementedError

    def back(self, mention_id: UUID, said: str) -> HttpResponse:
        return self.done(reverse("mention", args=[mention_id]), said)

    def seen(self) -> int:
        """The version of the mention that the form was made for.

        Raises: Conflict, where it is missing: without it nobody knows what the person saw.
        """
        text = self.request.POST.get("version", "")
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise Conflict("This form doesn't say which state of the mention it was made for.")
        return int(text)

    def refused(self, error: DomainError) -> HttpResponse:
        if error.status in {403, 404}:
            return super().refused(error)
        with self.inside(read_only=True):
            desk = self.desk(self.kwargs["mention_id"])
            form = self.shown.draft or self.shown.attest or self.shown.move_form
            if isinstance(error, Invalid) and form is not None:
                put_errors(form, error)
            else:
                self.shown.conflict, self.shown.draft = error.message, None
            return self.show(desk, self.shown, status=status_of(error))

    def unacceptable(self, desk: Desk) -> HttpResponse:
        return self.show(desk, self.shown, status=UNACCEPTABLE)


class MoveMention(MentionAct):
    """A button of the row: /mentions/<id>/move/<move>/."""

    def act(self, data: QueryDict, mention_id: UUID, **kwargs: Any) -> str | HttpResponse:
        move = kwargs["move"]
        do = _DOINGS.get(move)
        if do is None:
            raise NotFound
        facts: dict[str, Any] = {}
        if move in _ASKING:
            desk = self.desk(mention_id)
            form = form_of(move, desk, data)
            self.shown.move, self.shown.move_form = move, form
            if form is not None and not form.is_valid():
                return self.unacceptable(desk)
            facts = (
                {_FACTS.get(name, name): value for name, value in form.cleaned_data.items()} if form else {}
            )
        do(mention_id, by=self.actor, seen=self.seen(), now=self.now, **facts)
        if move == ASSIGN:
            name = next((m.name for m in desk.members if m.pk == facts["member_id"]), "")
            return f"Handed on to {name}."
        return _DONE[move]


_DOINGS: dict[str, Any] = {
    Move.CLAIM: claim_mention,
    Move.RELEASE: release_mention,
    Move.DISMISS: dismiss_mention,
    Move.RECALL: recall_request,
    Move.REVISE: revise_reply,
    Move.REOPEN: reopen_mention,
    ANSWERED: note_answer,
    SEND_AGAIN: send_again,
    ASSIGN: assign_mention,
}
_ASKING = frozenset({Move.DISMISS.value, Move.REOPEN.value, ASSIGN, ANSWERED})
_FACTS = {"member": "member_id"}
_DONE: dict[str, str] = {
    Move.CLAIM: "It's yours.",
    Move.RELEASE: "It's back in the queue.",
    Move.DISMISS: "Dismissed. Nobody is asked to answer it any more.",
    Move.RECALL: "Taken back. The client's links to it don't work any more.",
    Move.REVISE: "Taken back before it went out. Change the text, then ask again.",
    Move.REOPEN: "Reopened, and yours.",
    ANSWERED: "Noted: the client answered it. Nothing of ours goes out.",
    SEND_AGAIN: "It is sent again in a moment.",
}


class SetPriority(MentionAct):
    def act(self, data: QueryDict, mention_id: UUID, **kwargs: Any) -> str:
        wanted = data.get("priority", "")
        set_priority(mention_id, priority=wanted, by=self.actor, seen=self.seen(), now=self.now)
        return f"Priority: {Priority(wanted).label.lower()}."


class Attest(MentionAct):
    """A person posted the reply, and says where."""

    def act(self, data: QueryDict, mention_id: UUID, **kwargs: Any) -> str | HttpResponse:
        form = self.shown.attest = AttestForm(data)
        if not form.is_valid():
            return self.unacceptable(self.desk(mention_id))
        attest_reply(mention_id, url=form.cleaned_data["url"], by=self.actor, seen=self.seen(), now=self.now)
        return "Noted: the reply is live, and this mention is done."


class Draft(MentionAct):
    """The reply's form: put a template in, save a version, or save it and send it on its way."""

    def act(self, data: QueryDict, mention_id: UUID, **kwargs: Any) -> str | HttpResponse:
        desk = self.desk(mention_id)
        form = self.shown.draft = DraftForm(data, templates=desk.templates)
        if not form.is_valid():
            return self.unacceptable(desk)
        template = next((t for t in desk.templates if t.pk == form.chosen()), None)
        then = data.get("then", "save")
        if then == "template":
            return self._put_in(desk, form, template)
        seen = self.seen()
        draft_reply(
            mention_id,
            text=form.cleaned_data["text"],
            kind=self._kind(desk, template),
            by=self.actor,
            seen=seen,
            based_on=form.cleaned_data["based_on"],
            now=self.now,
        )
        if then == "submit":
            request_approval(mention_id, by=self.actor, seen=seen, now=self.now)
            return "The client is asked: a link is on its way."
        if then == "clear":
            approve_without_client(mention_id, by=self.actor, seen=seen, now=self.now)
            return "Approved without asking the client. See below how it goes out."
        return "Draft saved."

    def _kind(self, desk: Desk, template: Template | None) -> str:
        if template is not None:
            return str(template.kind)
        return str(desk.response.kind) if desk.response and not desk.response.closed_at else ReplyKind.OTHER

    def _put_in(self, desk: Desk, form: DraftForm, template: Template | None) -> HttpResponse:
        """Nothing is saved. What was typed stays: the template goes below it."""
        if template is None:
            form.add_error("template", "Choose a template first.")
            return self.unacceptable(desk)
        typed, text = form.cleaned_data["text"], suggest(desk.mention, template, by=self.actor)
        whole = typed if text in typed else f"{typed}\n\n{text}".strip()
        initial = {"template": template.pk, "text": whole, "based_on": form.cleaned_data["based_on"]}
        self.shown.draft = DraftForm(initial=initial, templates=desk.templates)
        return self.show(desk, self.shown)
