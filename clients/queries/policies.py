"""What is promised now and what was before: policies with their terms, and which calendars they may name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet

from agency.actor import Actor
from agency.rights import Right
from clients.models import Calendar, Client, PromiseSpread, SlaPolicy
from clients.queries.clients import sla_policy_of
from clients.terms import DEFAULT_TERMS, PROMISED, Difference, Key, Term, Terms, Within, differing
from clients.words import ClockKind, HoursOf, Priority

SHOWN = 20  # versions on a page


def terms_of(policy: SlaPolicy) -> Terms:
    """What a policy promises. A kind of clock that it says nothing of is promised as by default."""
    said: dict[Key, Term] = {
        (Priority(row.priority), ClockKind(row.kind)): Term(
            row.target, Within(HoursOf(row.hours), row.calendar_id)
        )
        for row in policy.targets.all()
        if row.kind in PROMISED
    }
    return Terms({**DEFAULT_TERMS.rows, **said}, tuple(policy.warn_at), policy.late_found_after)


def terms_for(client: Client | None) -> Terms:
    """What holds for this client now, or (None) for all that have nothing of their own."""
    policy = (sla_policy_of(client) if client else None) or sla_policy_of(None)
    return terms_of(policy) if policy else DEFAULT_TERMS


def calendars_for(client: Client | None) -> "QuerySet[Calendar]":
    """What a policy of this client may name: the agency's calendars and its own; of the default, the agency's alone."""
    own = Q(client=None) | Q(client=client) if client else Q(client=None)
    rows: QuerySet[Calendar] = Calendar.objects.filter(own, archived_at=None)
    return rows.order_by("name", "id")


def calendar_names(terms: Terms) -> Mapping[UUID, str]:
    """Of the calendars that these terms name, archived ones too."""
    named = {term.within.calendar_id for term in terms.rows.values()} - {None}
    return dict(Calendar.objects.filter(pk__in=named).values_list("pk", "name")) if named else {}


def list_policies(client: Client | None, *, by: Actor) -> "QuerySet[SlaPolicy]":
    """All versions of this client's own policy, or (None) of the agency's default."""
    by.require(Right.READ)
    rows: QuerySet[SlaPolicy] = SlaPolicy.objects.filter(client=client)
    return rows.select_related("client").prefetch_related("targets__calendar")


@dataclass(frozen=True, slots=True)
class Line:
    """One change of what was promised. `policy` None: back to the agency's default."""

    at: datetime
    by: str
    policy: SlaPolicy | None
    before: SlaPolicy | None = None
    rows: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """The newest first. `calendars`: the names of all that are named."""

    lines: list[Line]
    calendars: Mapping[UUID, str]
    more: bool


def history_of(client: Client | None, *, by: Actor) -> History:
    """What was changed, when and by whom."""
    found = list(list_policies(client, by=by).order_by("-version")[: SHOWN + 1])
    names = {row.calendar.pk: row.calendar.name for p in found for row in p.targets.all() if row.calendar}
    lines: list[Line] = []
    for index, policy in enumerate(found[:SHOWN]):
        if policy.withdrawn_at:
            lines.append(Line(policy.withdrawn_at, policy.withdrawn_by, None))
        before = found[index + 1] if index + 1 < len(found) else None
        rows = tuple(differing(terms_of(before), terms_of(policy))) if before else ()
        lines.append(Line(policy.effective_from, policy.created_by, policy, before, rows))
    return History(lines, names, more=len(found) > SHOWN)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change has reached the clocks that run. `total` None: it hasn't begun."""

    moved: int
    total: int | None


def progress_of(client: Client | None) -> Progress | None:
    """Of the change of this client's promises, or of all clients', that still goes on; None: nothing does."""
    rows = PromiseSpread.objects.filter(Q(client=client) | Q(client=None), finished_at=None)
    row = rows.order_by(F("client").desc(nulls_last=True)).first()
    return Progress(min(row.moved, row.total or 0), row.total) if row else None
