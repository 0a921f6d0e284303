"""From a request to what its approver's pages show."""

from datetime import datetime
from typing import Any

from django import forms

from agency.web.diff import difference
from mentions.words import State
from workflows.actions.decisions import REASONS
from workflows.models import Decision
from workflows.queries.approver import RequestSeen, text_with_digest
from workflows.web.post import post_shown


def frame(seen: RequestSeen) -> dict[str, Any]:
    """What all of them show."""
    return {"agency": seen.agency, "zone": seen.zone, "undo_seconds": seen.agency.undo_seconds}


def request_context(seen: RequestSeen, *, form: forms.Form, now: datetime, undone: bool) -> dict[str, Any]:
    approval = seen.approval
    client = approval.mention.client
    return {
        **frame(seen),
        "form": form,
        "now": now,
        "client_name": client.name,
        "contact_name": seen.contact.name,
        "needed_by": approval.needed_by,
        "post": post_shown(approval.mention, earlier=seen.earlier),
        "reply": {"text": approval.version.text, "account_name": client.name},
        "added": [{"text": line.text, "published_at": line.published_at} for line in seen.conversation.added],
        "undone": undone,
        "decides": seen.decides,
    }


def done_context(seen: RequestSeen, decision: Decision, *, now: datetime, undo_url: str) -> dict[str, Any]:
    edited = decision.version_id != seen.approval.version_id
    undoable = decision.state == Decision.State.PENDING and decision.effective_at > now
    return {
        **frame(seen),
        "now": now,
        "decision": {
            "verdict": decision.verdict,
            "at": decision.at,
            "reasons": [REASONS[reason] for reason in decision.reasons if reason in REASONS],
            "comment": decision.comment,
            "diff": difference(seen.approval.version.text, decision.version.text) if edited else None,
            "text": decision.version.text,
            "next": "" if undoable else _next(seen, decision),
        },
        "undo_url": undo_url if undoable and seen.decides else "",
        "effective_at": decision.effective_at,
    }


def _next(seen: RequestSeen, decision: Decision) -> str:
    """What happens with a decision that can't be undone any more; empty where the page's own words fit."""
    if decision.verdict == Decision.Verdict.CHANGE:
        return ""
    if seen.approval.mention.state == State.RESPONDED:
        return "The reply is public."
    return f"Your decision is in effect: {seen.agency.name} posts the reply."


def closed_context(seen: RequestSeen) -> dict[str, Any]:
    """Somebody else decided, or the agency took the request back."""
    decision, approval = seen.decision, seen.approval
    closed = (
        {
            "verdict": decision.verdict,
            "by": decision.contact.name,
            "at": decision.at,
            "text": decision.version.text,
        }
        if decision
        else {"verdict": "recalled", "by": "", "at": approval.closed_at, "text": ""}
    )
    return {**frame(seen), "closed": closed}


def changed_context(seen: RequestSeen, *, read_digest: str, url: str, typed: str) -> dict[str, Any]:
    """`typed`: the approver's own wording, shown where they had changed anything."""
    now_asked = seen.approval.version.text
    read = text_with_digest(seen.approval, read_digest)
    return {
        **frame(seen),
        "diff": difference(read if read is not None else now_asked, now_asked),
        "url": url,
        "your_text": typed if typed.strip() and typed.split() != (read or "").split() else "",
    }
