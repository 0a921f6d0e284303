"""What ladders did about a mention, in sentences."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from agency.templatetags.words import CLOCKS
from mentions.models import Mention
from mentions.words import CLOSED
from workflows.models import Escalation, EscalationLine
from workflows.queries.escalations import EscalationSeen, LineSeen, climb_of, escalations_of

What, State = EscalationLine.What, Escalation.State
_AS = {
    "assignee": "as the assignee",
    "on_call": "while on call",
    "managers": "as a manager",
    "owners": "as an owner",
    "member": "by name",
}


def escalation_context(mention: Mention, *, may_respond: bool) -> dict[str, Any]:
    """For `_escalation.html`; nothing where no ladder did anything."""
    seen = escalations_of(mention)
    lines = [_line(one, line) for one in seen for line in one.lines]
    lines += [_ended(one) for one in seen if one.ended_at and one.state in {State.CLAIMED, State.CALMED}]
    climb = climb_of(seen)
    if not lines and (climb is None or climb.ended_at):
        return {"escalation": None}
    lines.sort(key=lambda line: line["at"])
    can_take = may_respond and climb is not None and climb.can_be_taken and mention.state not in CLOSED
    return {
        "escalation": {
            "lines": lines[::-1],
            "take_url": reverse("mention-acknowledge", args=[mention.pk]) if can_take else "",
            **_how_it_stands(climb, mention),
        }
    }


def _how_it_stands(climb: EscalationSeen | None, mention: Mention) -> dict[str, Any]:
    if climb is None or mention.state in CLOSED:
        return {"sentence": "", "next_at": None}
    if climb.state == State.WAITING and climb.next_at is not None:
        return _next(climb, climb.next_at)
    sentences: dict[str, str] = {
        State.TAKEN: f"{climb.ended_by} has it. Nobody else is told.",
        State.CLAIMED: f"{climb.ended_by} works on it. Nobody else is told.",
        State.DONE: "Everybody on the ladder was told, and nobody has said that they have it.",
    }
    return {"sentence": sentences.get(climb.state, ""), "next_at": None}


def _next(climb: EscalationSeen, at: datetime) -> dict[str, Any]:
    if climb.rung == 0 and at > climb.at:
        sentence = "Nobody looks after this client at this hour. The first on the ladder are told"
        return {"sentence": sentence, "next_at": at}
    if climb.rung == 0:
        return {"sentence": "The first on the ladder are told in a moment.", "next_at": None}
    if not climb.upcoming:
        sentence = "Everybody on the ladder was told. It waits for somebody to take it."
        return {"sentence": sentence, "next_at": None}
    return {"sentence": f"Nobody has it yet. Next: {' and '.join(climb.upcoming)},", "next_at": at}


def _line(one: EscalationSeen, line: LineSeen) -> dict[str, Any]:
    said, icon, tone = _said(one, line)
    detail = line.note if line.what not in {What.ACKNOWLEDGED, What.NOBODY, What.RAISE} else ""
    return {
        "at": line.at,
        "who": line.who,
        "what": said,
        "icon": icon,
        "tone": tone,
        "detail": detail,
        "not_before": line.not_before if line.not_before and line.not_before > line.at else None,
    }


def _said(one: EscalationSeen, line: LineSeen) -> tuple[str, str, str]:
    why, whom = _why(one, line), _AS.get(line.whom, "")
    told = " ".join(filter(None, ["was told", whom]))
    reason = (line.note or "There is nobody to tell.").rstrip(".")
    sentences: dict[str, tuple[str, str, str]] = {
        What.NOTIFY: (f"{told} ({why})", "mail", ""),
        What.ALERT: ("was told at the client", "mail", "client"),
        What.REASSIGN: (f"got it ({why})", "user", ""),
        What.RAISE: (f"Priority raised, {line.note.lower()}: {why}", "late", "late"),
        What.NOBODY: (f"{reason}: {why}", "info", "late"),
        What.SEEN: ("has seen it, at the client", "check", "client"),
        What.ACKNOWLEDGED: ("said: I have it", "check", "ok"),
    }
    return sentences[line.what]


def _why(one: EscalationSeen, line: LineSeen) -> str:
    if not one.step:
        return f"urgent, rung {line.rung}" if line.rung else "urgent"
    kind = str(CLOCKS.get(one.clock, one.clock)).lower()
    return (
        f"{kind} is late"
        if one.step == "breach"
        else f"{one.step.removeprefix('warn_')} % of “{kind}” is used"
    )


def _ended(one: EscalationSeen) -> dict[str, Any]:
    claimed = one.state == State.CLAIMED
    said = "took it on: nobody else is told" if claimed else "It is no longer urgent: nobody else is told"
    return {
        "at": one.ended_at,
        "who": one.ended_by if claimed else "",
        "what": said,
        "icon": "user" if claimed else "undo",
        "tone": "",
        "detail": "",
        "not_before": None,
    }
