"""From what the desk knows of a mention to what its page shows."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse

from agency.text import safe_link
from agency.web.diff import difference
from mentions.models import Mention
from workflows.actions.decisions import REASONS
from workflows.models import Approval, Decision, Publication
from workflows.queries.desk import Asked, Desk
from workflows.web.conversation_context import conversation_shown
from workflows.web.history import history_lines
from workflows.web.ledger_drawing import draw, drawn
from workflows.web.ledger_marks import marks_of
from workflows.web.mention_forms import AttestForm, DraftForm, PriorityForm
from workflows.web.move_buttons import move_buttons
from workflows.web.post import post_shown
from workflows.words import BY_HAND

_APPROVALS = {
    Approval.State.OPEN: ("Asked", ""),
    Approval.State.DECIDED: ("Decided", "warn"),
    Approval.State.APPROVED: ("Approved", "ok"),
    Approval.State.CHANGES: ("Change asked", "warn"),
    Approval.State.WITHDRAWN: ("Taken back", ""),
}
_PUBLICATIONS = {
    Publication.State.QUEUED: ("Waiting", ""),
    Publication.State.SENDING: ("Sending", ""),
    Publication.State.LIVE: ("Live", "ok"),
    Publication.State.FAILED: ("Not sent", "danger"),
    Publication.State.AMBIGUOUS: ("Unknown", "warn"),
    Publication.State.BY_HAND: ("Waiting for you", "warn"),
    Publication.State.WITHDRAWN: ("Held back", ""),
}
_SENTENCES = {
    Publication.State.QUEUED: "The reply goes out in a moment.",
    Publication.State.SENDING: "The reply is being sent right now.",
    Publication.State.LIVE: "The reply is public.",
    Publication.State.FAILED: "The reply did not go out. Look at the reason, then send it again, or post it yourself.",
    Publication.State.AMBIGUOUS: "The platform gave no clear answer, so nobody knows yet whether the reply is live. It is "
    "not sent again until that is known. Look at the post: if the reply is there, say where; if not, send it again.",
    Publication.State.BY_HAND: "",
    Publication.State.WITHDRAWN: "It was held back before it went out.",
}
_OUTCOMES = {"live": "Live", "absent": "Not there", "failed": "Failed", "ambiguous": "No clear answer"}
_WHATS = {"send": "sent", "read_back": "looked for it on the platform", "attest": "said by a member"}
_VERDICTS = {
    Decision.Verdict.APPROVE: "approved it as it was",
    Decision.Verdict.EDIT: "approved it with edits",
    Decision.Verdict.CHANGE: "asked for a change",
}
# Whom one may tell “it is live at this address”: a person's own posting, and what the platform left open.
ATTESTABLE = frozenset({Publication.State.BY_HAND, Publication.State.FAILED, Publication.State.AMBIGUOUS})


@dataclass(slots=True)
class Shown:
    """What a refused POST leaves on the page: the form as it was typed, or the conflict and the text that it cost."""

    draft: DraftForm | None = None
    attest: AttestForm | None = None
    move: str = ""
    move_form: forms.Form | None = None
    conflict: str = ""
    lost_text: str = ""


def mention_context(desk: Desk, shown: Shown) -> dict[str, Any]:
    mention = desk.mention
    page = reverse("mention", args=[mention.pk])
    return {
        "mention": {
            "id": mention.pk,
            "version": mention.version,
            "state": mention.state,
            "priority": mention.priority,
            "client_name": mention.client.name,
            "client_url": reverse("client-detail", args=[mention.client_id]),
            "assignee_name": mention.assignee.name if mention.assignee else "",
            "matched": mention.matched,
            "late_found": mention.late_found,
            "external": mention.external,
        },
        "post": {
            **post_shown(mention, earlier=desk.earlier),
            "author_url": _author_url(mention),
            "source_name": mention.post.source.name if mention.post.source else "",
        },
        "back_url": reverse("inbox"),
        "conflict": {"sentence": shown.conflict, "url": page, "lost_text": shown.lost_text}
        if shown.conflict
        else None,
        "conversation": conversation_shown(desk),
        "moves": move_buttons(desk, refused=shown.move, form=shown.move_form),
        "clocks": desk.clocks,
        "drawing": ledger_drawn(desk),
        "history": history_lines(desk),
        "priority_form": PriorityForm(initial={"priority": mention.priority})
        if "priority" in desk.actions
        else None,
        "priority_url": reverse("mention-priority", args=[mention.pk]),
        **_reply(desk, shown),
        **_approval(desk),
        **_publication(desk, shown),
    }


def ledger_drawn(desk: Desk) -> dict[str, Any]:
    """Whose time it was, as a picture with its table."""
    marks = marks_of(desk.history, answered_at=desk.mention.responded_at)
    return drawn(draw(desk.ledger, marks, due_at=desk.mention.due_at), desk.ledger)


def _author_url(mention: Mention) -> str:
    author_id = mention.post.author_id
    return reverse("author", args=[author_id]) if author_id else ""


def latest_number(desk: Desk) -> int:
    """Of the version that a new draft begins with; 0 where it begins with nothing."""
    is_open = desk.response is not None and desk.response.closed_at is None
    return desk.versions[0].number if is_open and desk.versions else 0


def _reply(desk: Desk, shown: Shown) -> dict[str, Any]:
    mention, latest = desk.mention, desk.versions[0] if desk.versions else None
    open_response = desk.response is not None and desk.response.closed_at is None
    writes = "draft" in desk.actions
    response = None
    if latest and (open_response or not writes):
        before = desk.versions[1] if len(desk.versions) > 1 else None
        response = {
            "text": latest.text,
            "version_number": latest.number,
            "author_name": latest.author_name,
            "updated_at": latest.created_at,
            "diff": difference(before.text, latest.text) if before else None,
        }
    form = None
    if writes:
        kept = latest.text if latest and open_response else ""
        initial = {"text": kept, "based_on": latest_number(desk)}
        form = shown.draft or DraftForm(initial=initial, templates=desk.templates)
    ask = {"value": "submit", "label": "Ask the client", "style": "primary"}
    clear = {"value": "clear", "label": "Approve without asking", "style": "primary"}
    return {
        "response": response,
        "draft_form": form,
        "draft_url": reverse("mention-draft", args=[mention.pk]),
        "draft_actions": [
            ask if desk.asks_client else clear,
            {"value": "save", "label": "Save draft", "style": "quiet"},
        ],
    }


def _approval(desk: Desk) -> dict[str, Any]:
    approval, decision = desk.approval, desk.decision
    if approval is None:
        return {"approval": None}
    label, badge = _APPROVALS[Approval.State(approval.state)]
    edited = decision is not None and decision.version_id != approval.version_id
    return {
        "approval": {
            "state": approval.state,
            "label": label,
            "badge": badge,
            "people": [_person(asked) for asked in desk.asked],
            "needed_by": approval.needed_by,
            "requested_at": approval.requested_at,
            # Whoever can take the request back can ask again.
            "remind_url": reverse("mention-remind", args=[approval.mention_id])
            if approval.state == Approval.State.OPEN and "recall" in desk.actions
            else "",
            "decision": _decision(decision) if decision else None,
            "diff": difference(approval.version.text, decision.version.text) if decision and edited else None,
        }
    }


def _person(asked: Asked) -> dict[str, Any]:
    return {
        "name": asked.name,
        "email": asked.email,
        "sent_at": asked.sent_at,
        "error": asked.error,
        "decided_at": asked.decided_at,
    }


def _decision(decision: Decision) -> dict[str, Any]:
    said = f"{decision.contact.name} {_VERDICTS[Decision.Verdict(decision.verdict)]}."
    pending = decision.state == Decision.State.PENDING
    return {
        "verdict": decision.verdict,
        "sentence": f"{said} It takes effect when it can't be undone any more." if pending else said,
        "effective_at": decision.effective_at if pending else None,
        "reasons": [REASONS[reason] for reason in decision.reasons if reason in REASONS],
        "comment": decision.comment,
    }


def _publication(desk: Desk, shown: Shown) -> dict[str, Any]:
    publication, mention = desk.publication, desk.mention
    if publication is None or publication.state == Publication.State.WITHDRAWN:
        return {"publication": None}
    state = Publication.State(publication.state)
    label, badge = _PUBLICATIONS[state]
    attests = "attest" in desk.actions and state in ATTESTABLE
    reason = f" {publication.error}" if publication.error and state != Publication.State.LIVE else ""
    by_hand = f" {publication.attested_by} posted it by hand." if publication.attested_by else ""
    return {
        "publication": {
            "state": publication.state,
            "by_hand": publication.lane == BY_HAND,
            "label": label,
            "badge": badge,
            "sentence": f"{_SENTENCES[state]}{reason}{by_hand}".strip(),
            "url": safe_link(publication.url) or "",
            "attempts": [
                {
                    "at": attempt.started_at,
                    "outcome": _OUTCOMES.get(attempt.outcome, attempt.outcome),
                    "detail": ". ".join(filter(None, [_WHATS.get(attempt.what, ""), attempt.error])),
                }
                for attempt in desk.attempts
            ],
        },
        "attest_form": (shown.attest or AttestForm()) if attests else None,
        "attest_url": reverse("mention-attest", args=[mention.pk]),
    }
