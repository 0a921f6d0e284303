"""New mentions enter the desk: their clocks start, they are searchable soon, and the world is told."""

from collections.abc import Sequence
from datetime import datetime

from agency.actions.events import emit_many, make_event
from mentions.actions.search import fill_soon
from mentions.models import Mention
from workflows.actions.clocks import start_clocks
from workflows.actions.escalation import escalate_urgent


def intake(mentions: Sequence[Mention], *, now: datetime) -> None:
    """In the transaction that recorded them."""
    if not mentions:
        return
    start_clocks(mentions, now=now)
    escalate_urgent(mentions, now=now)
    fill_soon(mentions, now=now)
    emit_many(
        make_event(
            "mention.created",
            subject=mention,
            now=now,
            data={
                "client": str(mention.client_id),
                "priority": mention.priority,
                "late_found": mention.late_found,
            },
        )
        for mention in mentions
    )
