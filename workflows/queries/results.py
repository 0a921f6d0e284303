"""What a viewer sees of their client: figures of a period, and the replies that were published in it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Greatest, Least

from agency.actor import Actor
from agency.models import Agency
from agency.queries.paging import Page, keyset
from clients.models import Contact
from clients.queries.clients import get_client
from clients.queries.contacts import FoundView, get_viewer
from clients.words import ClockKind
from mentions.models import Mention
from mentions.queries.tallies import days_within, past_since
from mentions.words import CLOSED, Move, State
from workflows.clock import EventKind
from workflows.ledger import Owner
from workflows.models import Clock, ClockEvent, Decision, Excuse, PromiseTally, Publication, Transition
from workflows.queries.ledgers import ledgers_of

# Whose time it was is counted mention by mention, so for the newest of a period only.
LEDGERS = 300
ROWS = 20


# From the post to our finding it; a source whose clock is ahead of ours is held to ours.
_SEEN = Greatest(F("recorded_at") - F("published_at"), Value(timedelta(0)))


class Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class Viewed:
    """Whose results they are, and who looks. `zone`: the contact's own, else the client's."""

    agency: Agency
    contact: Contact
    zone: str


@dataclass(frozen=True, slots=True)
class Promise:
    """How often one kind of promise was kept. Clocks that still run count for neither. `excused`: of the broken ones."""

    kind: ClockKind
    kept: int
    broken: int
    excused: int = 0

    @property
    def ended(self) -> int:
        return self.kept + self.broken

    @property
    def percent(self) -> int:
        """Rounded down: 100 % is all of them."""
        return self.kept * 100 // self.ended

    @property
    def percent_excused(self) -> int:
        """The same, with those that were excused counted as kept."""
        return (self.kept + self.excused) * 100 // self.ended


@dataclass(frozen=True, slots=True)
class Results:
    """Of the mentions that were found in a period, as they stand now: `found` is the sum of the other three.

    Attributes:
        external: of those answered, what the client answered by itself.
        late: found too late to be answered in time; they break no promise, and count here.
        detection: the median from a post to our finding it; None where nothing was found.
        median: from a post to its (first) answer: wall time, never paused.
        whose: whose time it was, on average; of the newest `counted` answers.
    """

    found: int
    answered: int
    open: int
    dismissed: int
    external: int
    late: int
    detection: timedelta | None
    median: timedelta | None
    whose: dict[Owner, timedelta]
    counted: int
    promises: list[Promise]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that is public. `approved_by`: of the client's people; empty where nobody was to be asked."""

    publication: Publication
    approved_by: str


def see_client(found: FoundView) -> Viewed | None:
    """Inside the agency, with this client alone. None where the link has lost what it was given for."""
    contact = get_viewer(found)
    if contact is None:
        return None
    agency = Agency.objects.get(pk=found.agency_id)
    return Viewed(agency, contact, contact.time_zone or contact.client.time_zone)


def get_results(
    client_id: UUID, *, since: datetime, until: datetime | None = None, by: Actor, now: datetime
) -> Results:
    """The same for a member or key.

    Raises:
        NotFound.
    """
    return _results(get_client(client_id, by=by).pk, since=since, until=until, now=now)


def results_of(viewed: Viewed, *, since: datetime, now: datetime) -> Results:
    return _results(viewed.contact.client_id, since=since, until=None, now=now)


def _results(client_id: UUID, *, since: datetime, until: datetime | None, now: datetime) -> Results:
    mentions = Mention.objects.filter(client_id=client_id, **_within("recorded_at", since, until))
    figures = mentions.aggregate(
        found=Count("id"),
        answered=Count("id", filter=Q(state=State.RESPONDED)),
        external=Count("id", filter=Q(state=State.RESPONDED, external=True)),
        dismissed=Count("id", filter=Q(state=State.DISMISSED)),
        open=Count("id", filter=~Q(state__in=CLOSED)),
        late=Count("id", filter=Q(late_found=True)),
        detection=Median(_SEEN),
    )
    # What was deleted when its time was over was found and answered all the same.
    past = past_since(client_id, since=since, until=until)
    figures["found"] += sum(past.values())
    figures["answered"] += past.get(State.RESPONDED, 0)
    figures["dismissed"] += past.get(State.DISMISSED, 0)
    answered = mentions.filter(state=State.RESPONDED)
    whose, counted = _whose_time(answered, now=now)
    return Results(
        **figures,
        median=_median(answered),
        whose=whose,
        counted=counted,
        promises=_promises(client_id, since=since, until=until),
    )


def _within(name: str, since: datetime, until: datetime | None) -> dict[str, datetime]:
    """[since, until) as a filter."""
    return {f"{name}__gte": since, **({f"{name}__lt": until} if until else {})}


def _median(answered: "QuerySet[Any]") -> timedelta | None:
    """From the post to the first answer: a mention that was reopened has several."""
    live = Publication.objects.filter(mention=OuterRef("pk"), state=Publication.State.LIVE).order_by()
    first = live.values("mention").annotate(at=Min("live_at")).values("at")
    at = Least(F("responded_at"), Subquery(first), Subquery(_noted()))
    took = Greatest(at - F("published_at"), Value(timedelta(0)))
    found: timedelta | None = answered.annotate(took=took).aggregate(median=Median("took"))["median"]
    return found


def _noted() -> "QuerySet[Any]":
    """When the first answer was, as its clock was stopped: the client's own is no publication of ours."""
    noted = Transition.objects.filter(
        mention=OuterRef("clock__mention"), move__in=[Move.RESPOND, Move.ANSWER], at=OuterRef("recorded_at")
    )
    stops = ClockEvent.objects.filter(
        Exists(noted),
        clock__mention=OuterRef("pk"),
        clock__kind__in=[ClockKind.RESPOND, ClockKind.NEXT_RESPONSE],
        kind=EventKind.STOP.value,
    )
    return stops.order_by("at").values("at")[:1]


def _whose_time(answered: "QuerySet[Any]", *, now: datetime) -> tuple[dict[Owner, timedelta], int]:
    ledgers = ledgers_of(list(answered.order_by("-recorded_at", "-id")[:LEDGERS]), now=now)
    totals = [ledger.totals for ledger in ledgers]
    average = {
        owner: sum((total[owner] for total in totals), timedelta(0)) / max(len(totals), 1) for owner in Owner
    }
    return average, len(totals)


def _promises(client_id: UUID, *, since: datetime, until: datetime | None) -> list[Promise]:
    """In the order of the kinds; one without a clock that ended is left out. Posts found too late broke no promise."""
    granted = Excuse.objects.filter(clock=OuterRef("pk"), state=Excuse.State.GRANTED)
    rows = (
        Clock.objects.filter(
            mention__client_id=client_id,
            excused_late=False,
            annulled=False,
            **_within("mention__recorded_at", since, until),
        )
        .values("kind")
        .annotate(
            kept=Count("id", filter=Q(stopped_at__isnull=False, breached_at=None)),
            broken=Count("id", filter=Q(breached_at__isnull=False)),
            excused=Count("id", filter=Q(Exists(granted), breached_at__isnull=False)),
        )
    )
    # And of mentions that are deleted by now.
    past = (
        PromiseTally.objects.filter(client_id=client_id, **days_within(since, until))
        .values("kind")
        .annotate(kept=Sum("kept"), broken=Sum("broken"), excused=Sum("excused"))
    )
    kept, broken, excused = Counter[str](), Counter[str](), Counter[str]()
    for row in (*rows, *past):
        kept[row["kind"]] += row["kept"]
        broken[row["kind"]] += row["broken"]
        excused[row["kind"]] += row["excused"]
    return [
        Promise(kind, kept[kind], broken[kind], excused[kind])
        for kind in ClockKind
        if kept[kind] or broken[kind]
    ]


def answers_of(viewed: Viewed, *, since: datetime, cursor: str | None) -> Page[Answer]:
    """The replies that went public in a period, the newest first.

    Raises:
        Invalid: a cursor from another list.
    """
    return _answers(viewed.contact.client_id, since=since, until=None, cursor=cursor, limit=ROWS)


def list_answers(
    client_id: UUID,
    *,
    since: datetime,
    until: datetime | None = None,
    cursor: str | None,
    limit: int,
    by: Actor,
) -> Page[Answer]:
    """The same for a member or key.

    Raises:
        NotFound; Invalid: a cursor from another list.
    """
    client = get_client(client_id, by=by)
    return _answers(client.pk, since=since, until=until, cursor=cursor, limit=limit)


def _answers(
    client_id: UUID, *, since: datetime, until: datetime | None, cursor: str | None, limit: int
) -> Page[Answer]:
    publications = Publication.objects.filter(
        mention__client_id=client_id, state=Publication.State.LIVE, **_within("live_at", since, until)
    ).select_related("mention__post__author", "mention__client", "version")
    page = keyset(publications, by="-live_at", kind="t", cursor=cursor, limit=limit)
    approved = dict(
        Decision.objects.filter(
            # The mentions too, because decisions are found by their request.
            approval__mention_id__in=[publication.mention_id for publication in page.rows],
            version_id__in=[publication.version_id for publication in page.rows],
            state=Decision.State.EFFECTIVE,
        )
        .exclude(verdict=Decision.Verdict.CHANGE)
        .values_list("version_id", "contact__name")
    )
    return Page([Answer(row, approved.get(row.version_id, "")) for row in page.rows], page.next)
