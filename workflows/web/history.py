"""A mention's history in sentences."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from agency.templatetags.words import CLOCKS
from clients.words import Priority
from mentions.words import DismissReason, Move
from workflows.models import Decision, Publication
from workflows.queries.desk import Desk
from workflows.queries.mention import Happening


@dataclass(frozen=True, slots=True)
class Line:
    """`who` begins the sentence where there is somebody; `tone` colours the mark: late, client, ok or none."""

    at: datetime
    who: str
    what: str
    icon: str = "info"
    tone: str = ""
    detail: str = ""


_MOVES: dict[str, tuple[str, str, str]] = {
    Move.CLAIM: ("claimed it", "user", ""),
    Move.RELEASE: ("gave it back to the queue", "undo", ""),
    Move.SUBMIT: ("asked the client", "send", ""),
    Move.REQUEST_CHANGES: ("wanted a change: it is back with us", "comment", "client"),
    Move.RECALL: ("took the request back from the client", "undo", ""),
    Move.APPROVE: ("approved it: the decision is in effect", "check", "ok"),
    Move.CLEAR: ("approved it without asking the client", "check", "ok"),
    Move.REVISE: ("took the approved reply back to change it", "edit", ""),
    Move.RESPOND: ("confirmed that the reply is live", "check", "ok"),
    Move.ANSWER: ("found that the client answered it itself", "check", "ok"),
    Move.DISMISS: ("dismissed it", "close", ""),
    Move.REOPEN: ("reopened it", "refresh", ""),
}
_VERDICTS: dict[str, str] = {
    Decision.Verdict.APPROVE: "approved the reply",
    Decision.Verdict.EDIT: "approved the reply with edits",
    Decision.Verdict.CHANGE: "asked for a change",
}
_AFTERWARDS: dict[str, str] = {
    Decision.State.PENDING: ", and can still undo it",
    Decision.State.UNDONE: ", and took it back",
    Decision.State.VOID: ", after the request had been taken back",
    Decision.State.EFFECTIVE: "",
}
_PUBLICATIONS: dict[str, tuple[str, str, str]] = {
    Publication.State.QUEUED: ("The reply waits to be sent", "send", ""),
    Publication.State.SENDING: ("The reply is being sent", "send", ""),
    Publication.State.FAILED: ("The reply could not be sent", "late", "late"),
    Publication.State.AMBIGUOUS: ("Nobody knows whether the reply is live", "late", "late"),
    Publication.State.BY_HAND: ("The reply waits to be posted by hand", "edit", ""),
    Publication.State.WITHDRAWN: ("The reply was held back before it went out", "undo", ""),
}


def history_lines(desk: Desk) -> list[Line]:
    """What happened, the newest first, down to the publication of the post itself."""
    post = desk.mention.post
    lines = [
        _READERS[happening.what.partition(":")[0]](happening, desk) for happening in reversed(desk.history)
    ]
    author = post.author.name if post.author and post.author.name else "Somebody"
    said = "was seen for the first time" if post.published_guessed else "published the post"
    who = "The post" if post.published_guessed else author
    return [*lines, Line(post.published_at, who, said, "comment")]


def _move(happening: Happening, desk: Desk) -> Line:
    move = happening.what.removeprefix("move:")
    said, icon, tone = _MOVES[move]
    note = happening.note
    if move == Move.DISMISS and note in DismissReason.values:
        note = str(DismissReason(note).label)
    if move == Move.REQUEST_CHANGES:
        note = ""  # the decision before it says it
    return Line(happening.at, happening.who, said, icon, tone, note)


def _clock(happening: Happening, desk: Desk) -> Line:
    kind = str(CLOCKS.get(happening.note, happening.note))
    step = happening.what.removeprefix("clock:")
    if step == "breach":
        return Line(happening.at, "", f"{kind}: late", "late", "late")
    return Line(happening.at, "", f"{kind}: {step.removeprefix('warn_')} % of the time is used", "clock")


def _decision(happening: Happening, desk: Desk) -> Line:
    _, verdict, state = happening.what.split(":")
    icon = "comment" if verdict == Decision.Verdict.CHANGE else "check"
    return Line(
        happening.at, happening.who, _VERDICTS[verdict] + _AFTERWARDS[state], icon, "client", happening.note
    )


def _publication(happening: Happening, desk: Desk) -> Line:
    said, icon, tone = _PUBLICATIONS[happening.what.removeprefix("publication:")]
    return Line(happening.at, "", said, icon, tone, happening.note)


def _assigned(happening: Happening, desk: Desk) -> Line:
    return Line(happening.at, happening.who, f"handed it on to {happening.note or 'somebody else'}", "user")


def _priority(happening: Happening, desk: Desk) -> Line:
    note = happening.note
    said = str(Priority(note).label).lower() if note in Priority.values else note
    return Line(happening.at, happening.who, f"made it {said}", "late" if note == Priority.URGENT else "edit")


def _delivered(happening: Happening, desk: Desk) -> Line:
    return Line(happening.at, "", "The request went out to the client", "mail")


def _message(happening: Happening, desk: Desk) -> Line:
    by_client = happening.what.startswith("message:client")
    who = happening.who or ("The client" if by_client else "The author")
    said = "wrote here for the client" if by_client else "wrote again"
    return Line(happening.at, who, said, "comment", "client" if by_client else "", happening.note)


def _recorded(happening: Happening, desk: Desk) -> Line:
    source = desk.mention.post.source
    matched = ", ".join(f"“{term}”" for term in desk.mention.matched)
    said = f"Found by {source.name}" if source else "Found"
    return Line(happening.at, "", said, "sources", "", f"Matched {matched}" if matched else "")


_READERS: dict[str, Callable[[Happening, Desk], Line]] = {
    "move": _move,
    "clock": _clock,
    "decision": _decision,
    "publication": _publication,
    "assigned": _assigned,
    "priority": _priority,
    "delivered": _delivered,
    "message": _message,
    "recorded": _recorded,
}
