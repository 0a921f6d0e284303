"""What ladders did about a mention, and what an alert recipient's link shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from agency.actor import Actor
from agency.models import Agency
from agency.rights import Right
from agency.tenancy import current_agency
from clients.ladder import Rung, Whom
from clients.links import is_token, token_digest
from clients.models import Contact, Ladder
from clients.queries.ladders import plan_of
from clients.queries.rotas import Person, people
from clients.words import ContactRight
from mentions.models import Mention
from mentions.queries.mentions import author_history
from workflows.models import AlertLink, Escalation, EscalationLine


@dataclass(frozen=True, slots=True)
class LineSeen:
    """`who`: the member's or contact's name; of somebody who is erased, none."""

    what: str
    whom: str
    who: str
    member_id: UUID | None
    contact_id: UUID | None
    at: datetime
    rung: int
    not_before: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class EscalationSeen:
    """One answer of a ladder. `clock` and `step` of a clock's; "" of a climb. `upcoming`: who is told at `next_at`."""

    id: UUID
    clock: str
    step: str
    at: datetime
    state: str
    rung: int
    next_at: datetime | None
    upcoming: tuple[str, ...]
    ended_at: datetime | None
    ended_by: str
    ladder_version: int | None
    whose: str
    lines: list[LineSeen] = field(default_factory=list)

    @property
    def can_be_taken(self) -> bool:
        return not self.step and self.state in {Escalation.State.WAITING, Escalation.State.DONE}


def escalations_of(mention: Mention) -> list[EscalationSeen]:
    """All of them, the oldest first, each with its lines in order: four queries, however many there are."""
    rows = list(
        Escalation.objects.filter(mention=mention).select_related("clock", "ladder").order_by("at", "id")
    )
    if not rows:
        return []
    known = people()
    by_row: dict[UUID, list[LineSeen]] = {row.pk: [] for row in rows}
    lines = EscalationLine.objects.filter(escalation__in=rows).select_related("contact")
    for line in lines.order_by("at", "rung", "id"):
        by_row[line.escalation_id].append(_line(line, known))
    return [_seen(row, by_row[row.pk], known) for row in rows]


def _line(line: EscalationLine, known: dict[UUID, Person]) -> LineSeen:
    member = known.get(line.member_id) if line.member_id else None
    who = member.name if member else line.contact.name if line.contact else ""
    return LineSeen(
        line.what,
        line.whom,
        who or (line.note if line.what == EscalationLine.What.ACKNOWLEDGED else ""),
        line.member_id,
        line.contact_id,
        line.at,
        line.rung,
        line.not_before,
        line.note,
    )


def _seen(row: Escalation, lines: list[LineSeen], known: dict[UUID, Person]) -> EscalationSeen:
    ladder: Ladder | None = row.ladder
    upcoming = plan_of(ladder).rung(row.rung) if row.next_at else None
    return EscalationSeen(
        id=row.pk,
        clock=row.clock.kind if row.clock else "",
        step=row.step,
        at=row.at,
        state=row.state,
        rung=row.rung,
        next_at=row.next_at,
        upcoming=_names(upcoming, known),
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        ladder_version=ladder.version if ladder else None,
        whose="usual" if ladder is None else "client" if ladder.client_id else "agency",
        lines=lines,
    )


def _names(rung: Rung | None, known: dict[UUID, Person]) -> tuple[str, ...]:
    """“who is on call”, “the managers”, “Ben”."""
    if rung is None:
        return ()
    named = known.get(rung.member) if rung.member else None
    words: dict[Whom, str] = {
        Whom.ASSIGNEE: "the assignee",
        Whom.ON_CALL: "who is on call",
        Whom.MANAGERS: "the managers",
        Whom.OWNERS: "the owners",
        Whom.MEMBER: named.name if named else "a member",
    }
    return tuple(words[whom] for whom in rung.whom)


def climb_of(seen: Sequence[EscalationSeen]) -> EscalationSeen | None:
    """The latest climb."""
    return next((one for one in reversed(seen) if not one.step), None)


def list_escalations(mention: Mention, *, by: Actor) -> list[EscalationSeen]:
    by.require(Right.READ)
    return escalations_of(mention)


# By an alert recipient's link ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FoundAlert:
    """What such a link leads to; entered with `tenant(agency_id, clients={client_id})`."""

    agency_id: UUID
    client_id: UUID
    contact_id: UUID
    mention_id: UUID
    address_digest: str


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """`seen_at`: when this contact said that they have seen it."""

    agency: Agency
    mention: Mention
    contact: Contact
    zone: str
    climb: Escalation | None
    seen_at: datetime | None
    earlier: int


def find_alert_link(token: str, *, now: datetime) -> FoundAlert | None:
    """The live link with this token; None for every other. Needs no agency."""
    if not is_token(token):
        return None
    links = AlertLink.objects.filter(
        digest=token_digest(token), revoked_at=None, expires_at__gt=now, agency__erasing_at=None
    )
    link: Any = links.first()
    if link is None:
        return None
    return FoundAlert(link.agency_id, link.client_id, link.contact_id, link.mention_id, link.address_digest)


def see_alert(found: FoundAlert) -> AlertSeen | None:
    """Inside the agency. None when the contact left, is no alert recipient any more, or has another mail address."""
    contact: Contact | None = Contact.objects.filter(pk=found.contact_id).first()
    mention: Mention | None = (
        Mention.objects.select_related("client", "post__author", "assignee__user")
        .filter(pk=found.mention_id, client_id=found.client_id)
        .first()
    )
    if contact is None or mention is None or not contact.may(ContactRight.ALERTED):
        return None
    if token_digest(contact.email) != found.address_digest:
        return None
    climb = Escalation.objects.filter(mention=mention, step="").order_by("-at", "-id").first()
    seen_at = (
        EscalationLine.objects.filter(
            escalation__mention=mention, contact=contact, what=EscalationLine.What.SEEN
        )
        .values_list("at", flat=True)
        .first()
    )
    return AlertSeen(
        agency=Agency.objects.get(pk=current_agency()),
        mention=mention,
        contact=contact,
        zone=contact.time_zone or mention.client.time_zone,
        climb=climb,
        seen_at=seen_at,
        earlier=max(author_history(mention.post.author_id, client_id=mention.client_id) - 1, 0),
    )
