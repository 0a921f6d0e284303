"""What a mention's page shows of its conversation."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from agency.text import safe_link
from mentions.models import Message
from workflows.queries.conversation import Line
from workflows.queries.desk import Desk

E = Message.Effect
_EFFECTS = {
    E.REOPENED: ("Reopened this mention", "warn"),
    E.RAISED: ("Is a mention of its own", ""),
    E.ANSWERED: ("Answered this mention", "ok"),
    E.NOTED: ("Does this answer it?", "warn"),
}


def conversation_shown(desk: Desk) -> dict[str, Any]:
    found, client_name = desk.conversation, desk.mention.client.name
    return {
        "too_soon": _too_soon(desk),
        "lines": [_line(line, client_name) for line in found.lines],
        "others": [
            {
                "url": reverse("mention", args=[other.id]),
                "author": other.author,
                "state": other.state,
                "published_at": other.published_at,
            }
            for other in found.others
        ],
        "added": len(found.added),
        "waits": found.open_answer is not None,
    }


def _too_soon(desk: Desk) -> datetime | None:
    """When the client had answered, if a clock was called late after that, because nobody had seen the answer yet."""
    answered_at = desk.mention.responded_at
    if answered_at is None or not desk.mention.external:
        return None
    late = [clock for clock in desk.clocks if clock.breached_at and not clock.excused]
    return (
        answered_at if any(answered_at <= clock.breached_at for clock in late if clock.breached_at) else None
    )


def _line(line: Line, client_name: str) -> dict[str, Any]:
    label, badge = _EFFECTS.get(E(line.effect), ("", ""))
    by_client = line.by == Message.By.CLIENT
    return {
        "name": line.name or (client_name if by_client else ""),
        "by_client": by_client,
        "text": line.text,
        "url": safe_link(line.url) or "",
        "published_at": line.published_at,
        "label": label,
        "badge": badge,
        "after_reply": line.after_reply,
    }
