"""What is marked on a drawn ledger: people's doings above it, the clocks' words below."""

from collections.abc import Callable, Sequence
from datetime import datetime

from agency.templatetags.words import CLOCKS
from mentions.words import Move
from workflows.clock import BREACH
from workflows.models import Decision
from workflows.queries.mention import Happening
from workflows.web.ledger_drawing import Mark

_MOVED: dict[str, tuple[str, str]] = {
    Move.CLAIM: ("{} claimed it", ""),
    Move.RELEASE: ("{} gave it back to the queue", ""),
    Move.SUBMIT: ("{} asked the client", ""),
    Move.RECALL: ("{} took the request back", ""),
    Move.CLEAR: ("{} approved it without asking", "ok"),
    Move.REVISE: ("{} took the reply back to change it", ""),
    Move.RESPOND: ("The reply was live", "ok"),
    Move.ANSWER: ("The client answered it", "ok"),
    Move.DISMISS: ("{} dismissed it", ""),
    Move.REOPEN: ("{} reopened it", ""),
}
_DECIDED: dict[str, str] = {
    Decision.Verdict.APPROVE: "{} approved",
    Decision.Verdict.EDIT: "{} approved with edits",
    Decision.Verdict.CHANGE: "{} asked for a change",
}
_WITHDRAWN = {Decision.State.UNDONE: ", then undid it", Decision.State.VOID: ", too late"}


def marks_of(history: Sequence[Happening], *, answered_at: datetime | None) -> list[Mark]:
    """Of the history of a mention. `answered_at`: when the last reply was live, by the platform's own clock."""
    answering = {f"move:{Move.RESPOND}", f"move:{Move.ANSWER}"}
    answers = [happening for happening in history if happening.what in answering]
    marks = []
    for happening in history:
        read = _READERS.get(happening.what.partition(":")[0])
        mark = read(happening) if read else None
        if mark is not None:
            is_last = answers and happening is answers[-1]
            at = answered_at if is_last and answered_at else happening.at
            marks.append(Mark(at, mark.text, mark.lane, mark.tone))
    return marks


def _found(happening: Happening) -> Mark:
    return Mark(happening.at, "We saw it")


def _move(happening: Happening) -> Mark | None:
    said = _MOVED.get(happening.what.removeprefix("move:"))
    # The client's own moves are told by their decisions.
    return Mark(happening.at, said[0].format(happening.who or "Somebody"), tone=said[1]) if said else None


def _delivered(happening: Happening) -> Mark:
    return Mark(happening.at, "It reached the client", tone="client")


def _decision(happening: Happening) -> Mark:
    _, verdict, state = happening.what.split(":")
    said = _DECIDED[verdict].format(happening.who or "Somebody")
    return Mark(happening.at, said + _WITHDRAWN.get(Decision.State(state), ""), tone="client")


def _assigned(happening: Happening) -> Mark:
    return Mark(happening.at, f"{happening.who} handed it on to {happening.note or 'somebody else'}")


def _clock(happening: Happening) -> Mark:
    step, kind = happening.what.removeprefix("clock:"), str(CLOCKS.get(happening.note, happening.note))
    if step == BREACH:
        return Mark(happening.at, f"{kind}: the time was up", lane="clock", tone="late")
    return Mark(happening.at, f"{kind}: {step.removeprefix('warn_')} % used", lane="clock", tone="warn")


_READERS: dict[str, Callable[[Happening], Mark | None]] = {
    "recorded": _found,
    "move": _move,
    "delivered": _delivered,
    "decision": _decision,
    "assigned": _assigned,
    "clock": _clock,
}
