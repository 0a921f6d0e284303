"""The report of one mention: what was done when, to the second, and who was told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agency.actor import Actor
from agency.models import Notice
from mentions.models import Mention
from mentions.words import Move
from workflows.models import Approval, Decision, Escalation, EscalationLine, Excuse
from workflows.queries.desk import Desk, get_desk

MILESTONES = (
    *("published", "found", "told", "acknowledged", "seen", "claimed", "asked", "reached", "decided"),
    *("dismissed", "answered"),
)


@dataclass(frozen=True, slots=True)
class Milestone:
    """The first time that something happened; `what`: one of MILESTONES."""

    what: str
    at: datetime
    who: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A notice about the mention or something of it. `sent_at` None: not (yet) sent."""

    kind: str
    to: str
    via: str
    created_at: datetime
    sent_at: datetime | None
    state: str
    acknowledged_at: datetime | None
    acknowledged_by: str


@dataclass(frozen=True, slots=True)
class Report:
    """`milestones` as they followed one another; `messages` the oldest first."""

    desk: Desk
    milestones: list[Milestone]
    messages: list[Message]


def get_report(mention_id: UUID, *, by: Actor, now: datetime) -> Report:
    """Raises: NotFound."""
    desk = get_desk(mention_id, by=by, now=now)
    messages = _messages(desk.mention)
    return Report(desk, _milestones(desk, messages), messages)


def told_about(mention: Mention) -> list[UUID]:
    """What notices about this mention are about: itself, or something of it."""
    return [
        mention.pk,
        *Approval.objects.filter(mention=mention).values_list("pk", flat=True),
        *Decision.objects.filter(approval__mention=mention).values_list("pk", flat=True),
        *Escalation.objects.filter(mention=mention).values_list("pk", flat=True),
        *Excuse.objects.filter(clock__mention=mention).values_list("pk", flat=True),
    ]


def _messages(mention: Mention) -> list[Message]:
    notices = Notice.objects.filter(subject_id__in=told_about(mention)).order_by("created_at", "id")
    return [
        Message(
            kind=notice.kind,
            to=notice.to_name or notice.to,
            via=notice.via,
            created_at=notice.created_at,
            sent_at=notice.sent_at,
            state=notice.state,
            acknowledged_at=notice.acknowledged_at,
            acknowledged_by=notice.acknowledged_by,
        )
        for notice in notices
    ]


def _milestones(desk: Desk, messages: list[Message]) -> list[Milestone]:
    mention = desk.mention
    found = [
        Milestone("published", mention.published_at),
        Milestone("found", mention.recorded_at),
        *(Milestone("told", m.sent_at, m.to) for m in messages if m.sent_at),
        *(
            Milestone("acknowledged", m.acknowledged_at, m.acknowledged_by)
            for m in messages
            if m.acknowledged_at
        ),
        *(
            Milestone(what, happening.at, "" if what == "answered" else happening.who)
            for happening in desk.history
            if (what := _WHATS.get(happening.what) or _WHATS.get(happening.what.partition(":")[0]))
        ),
        *_seen(mention),
        *([Milestone("answered", mention.responded_at)] if mention.responded_at else []),
    ]
    first: dict[str, Milestone] = {}
    for milestone in sorted(found, key=lambda milestone: milestone.at):
        first.setdefault(milestone.what, milestone)
    return list(first.values())


def _seen(mention: Mention) -> Iterable[Milestone]:
    """The client's alert recipients, who say by their link that they saw it."""
    lines = EscalationLine.objects.filter(escalation__mention=mention, what=EscalationLine.What.SEEN)
    return (Milestone("seen", line.at, line.contact.name) for line in lines.select_related("contact"))


# Of the history's words.
_WHATS = {
    f"move:{Move.CLAIM}": "claimed",
    f"move:{Move.SUBMIT}": "asked",
    f"move:{Move.RESPOND}": "answered",
    f"move:{Move.DISMISS}": "dismissed",
    "delivered": "reached",
    "decision": "decided",
}
