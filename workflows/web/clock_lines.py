"""A mention's clocks as its page tells them: how they stand, in which hours and why, and what was excused."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from agency.actor import Actor
from agency.rights import Right
from agency.templatetags.words import CLOCKS
from workflows.models import Excuse
from workflows.queries.desk import Desk
from workflows.queries.mention import ClockView
from workflows.queries.promises import told
from workflows.web.excuses import excuse_shown


@dataclass(frozen=True, slots=True)
class ClockLine:
    """`excuses`: the newest first. `ask_url`: where an excuse can be asked for; empty where it can't be (now)."""

    view: ClockView
    name: str
    hours: str
    why: str
    warned: str
    excuses: list[dict[str, Any]]
    excused: bool
    ask_url: str


def clock_lines(desk: Desk, *, by: Actor) -> list[ClockLine]:
    return [_line(view, desk.excuses.get(view.id, []), by) for view in desk.clocks]


def _line(view: ClockView, excuses: list[Excuse], by: Actor) -> ClockLine:
    name = str(CLOCKS.get(view.kind, view.kind))
    states = {excuse.state for excuse in excuses}
    standing = states & {Excuse.State.ASKED.value, Excuse.State.GRANTED.value}
    asks = (
        view.breached_at is not None and not standing and by.may(Right.RESPOND) and by.member_id is not None
    )
    return ClockLine(
        view=view,
        name=name if view.instance == 1 else f"{name}, no. {view.instance}",
        hours=view.hours or "around the clock",
        why=told(view.match),
        warned=", ".join(f"{percent} %" for percent in view.warnings),
        excuses=[
            {
                **excuse_shown(excuse),
                "may_decide": excuse.state == Excuse.State.ASKED
                and by.may(Right.MANAGE)
                and excuse.asked_by != by.member_id,
                "may_withdraw": excuse.state == Excuse.State.ASKED and excuse.asked_by == by.member_id,
            }
            for excuse in excuses
        ],
        excused=Excuse.State.GRANTED.value in states,
        ask_url=reverse("excuse-ask", args=[view.id]) if asks else "",
    )
