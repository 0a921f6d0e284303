"""The buttons that a person is offered: what they can do with the mention as it stands."""

from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.urls import reverse

from mentions.words import Move
from workflows.queries.desk import Desk
from workflows.web.mention_forms import AnsweredForm, AssignForm, DismissForm, ReopenForm

# Not moves of the machine, but buttons in the same row.
SEND_AGAIN, ASSIGN, ANSWERED = "send-again", "assign", "answered"
# In the row's order; drafting, the priority and attesting have places of their own on the page.
_LABELS: dict[str, str] = {
    SEND_AGAIN: "Send it again",
    **{move: str(move.label) for move in (Move.CLAIM, Move.RELEASE, Move.RECALL, Move.REVISE, Move.DISMISS)},
    ANSWERED: str(Move.ANSWER.label),
    Move.REOPEN: str(Move.REOPEN.label),
    ASSIGN: "Hand on",
}
_FIRST = frozenset({SEND_AGAIN, Move.CLAIM.value})


@dataclass(frozen=True, slots=True)
class Button:
    """`fields`: a form that opens below the button."""

    move: str
    label: str
    url: str
    style: str = ""
    fields: forms.Form | None = None


def move_buttons(desk: Desk, *, refused: str = "", form: forms.Form | None = None) -> list[Button]:
    """Args: refused, form: the move that was just tried in vain, with its form as it was typed."""
    buttons = [_button(desk, move, label) for move, label in _LABELS.items() if move in desk.actions]
    return [replace(button, fields=form) if form and button.move == refused else button for button in buttons]


def form_of(move: str, desk: Desk, data: Any = None) -> forms.Form | None:
    """What has to be said with a move; None where a press is enough."""
    if move == Move.DISMISS:
        return DismissForm(data, auto_id="dismiss-%s")
    if move == Move.REOPEN:
        return ReopenForm(data, auto_id="reopen-%s")
    if move == ANSWERED:
        noted = desk.conversation.open_answer
        known = {"url": noted.url, "at": noted.published_at} if noted else {}
        return AnsweredForm(data, initial=known, auto_id="answered-%s")
    if move == ASSIGN:
        others = [member for member in desk.members if member.pk != desk.mention.assignee_id]
        return AssignForm(data, members=others, auto_id="assign-%s")
    return None


def _button(desk: Desk, move: str, label: str) -> Button:
    url = reverse("mention-move", args=[desk.mention.pk, move])
    return Button(str(move), label, url, "primary" if move in _FIRST else "", form_of(move, desk))
