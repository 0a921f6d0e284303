"""The feed: what happened in an agency, by number. Whoever has read up to a number has missed nothing below it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from agency.actor import Actor
from agency.errors import DomainError
from agency.models import AuditChain, Event, FeedPlace
from agency.rights import Right
from agency.tenancy import current_agency, entered_clients

# So many numbers are looked through for one page, where most of them may be left out.
WINDOW = 20_000
# No number is greater: JavaScript's numbers are exact up to here.
BIGGEST = 2**53 - 1


class EventsGone(DomainError):
    """What the reader wants next isn't kept any more, or was never there."""

    code, status, title = "events_gone", 410, "These events are gone"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader wants of the feed; empty: all."""

    types: Sequence[str] = ()
    client: UUID | None = None
    subject: UUID | None = None
    since: Any = None

    @property
    def is_all(self) -> bool:
        return not (self.types or self.client or self.subject or self.since)


@dataclass(frozen=True, slots=True)
class Head:
    """How far an agency's feed goes.

    Attributes:
        last: the number of its newest event; 0 where there is none yet.
        gone: what is numbered up to here was deleted for its age.
    """

    last: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the feed.

    Attributes:
        last: the number to go on from, whether anything was found or not.
        more: whether something may follow already.
    """

    events: list[tuple[int, Event]]
    last: int
    more: bool


@dataclass(frozen=True, slots=True)
class Note:
    """That something happened: no more than the stream tells, and what decides who is told."""

    number: int
    event_id: UUID
    client_id: UUID | None
    type: str


def read_feed(*, after: int | None, wanted: Wanted, limit: int, by: Actor) -> Page:
    """What follows the number `after`, oldest first; None: from the first that is kept.

    Raises:
        EventsGone: what follows isn't there any more.
    """
    by.require(Right.READ)
    clients = entered_clients()
    whole = wanted.subject is not None or (wanted.is_all and clients is None)
    window = BIGGEST if whole else WINDOW
    narrowing: dict[str, Any] = {
        "types": list(wanted.types) or None,
        "client": wanted.client,
        "subject": wanted.subject,
        "since": wanted.since,
        "clients": None if clients is None else list(clients),
    }
    asked = {name: value for name, value in narrowing.items() if value is not None}
    head, rows = _read(_EVENT, after, window, limit + 1, asked)
    events = [(row[0], _event(row)) for row in rows[:limit]]
    end = min(head.last, (head.gone if after is None else after) + window)
    more = len(rows) > limit
    return Page(events, events[-1][0] if more else end, more or end < head.last)


def read_notes(*, after: int | None, limit: int) -> tuple[Head, list[Note]]:
    """Of the agency that was entered, for all of its readers: whoever tells one of them looks whose it is.

    Raises:
        EventsGone: as `read_feed`.
    """
    head, rows = _read(_NOTE, after, BIGGEST, limit, {})
    return head, [Note(*row) for row in rows]


def feed_head() -> Head:
    """Of the agency that was entered."""
    found = AuditChain.objects.values_list("events", "agency__events_gone").first()
    return Head(*found) if found else Head()


def feed_heads(agencies: Iterable[UUID]) -> Mapping[UUID, int]:
    """Agency → the number of its newest event, in one query, in no agency."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT agency_id, events FROM agency_feed_heads(%s)", [list(agencies)])
        return dict(cursor.fetchall())


def numbers_of(events: Iterable[UUID]) -> Mapping[UUID, int]:
    """Event → its number; without those that were deleted."""
    return dict(FeedPlace.objects.filter(pk__in=list(events)).values_list("pk", "number"))


# One statement, so that the head and the rows are of one moment: whatever is numbered up to the head can be seen then,
# and nothing is deleted in between. The working role is bound by row security here as everywhere.
_PAGE = """
SELECT head.last, head.gone, page.*
  FROM (SELECT chain.events AS last, agency.events_gone AS gone
          FROM agency_auditchain AS chain JOIN agency_agency AS agency ON agency.id = chain.agency_id
         WHERE chain.agency_id = %(agency)s) AS head
  LEFT JOIN LATERAL (
       SELECT place.number, {columns}
         FROM agency_feedplace AS place
         JOIN agency_event AS event ON event.id = place.id AND event.agency_id = place.agency_id
        WHERE place.agency_id = %(agency)s AND place.number > coalesce(%(after)s, head.gone)
          AND place.number <= coalesce(%(after)s, head.gone) + %(window)s AND place.number <= head.last {where}
        ORDER BY place.number LIMIT %(limit)s) AS page ON true
 ORDER BY page.number
"""
_EVENT = (
    "event.id, event.at, event.type, event.subject_type, event.subject_id, event.client_id, event.data::text"
)
_NOTE = "event.id, event.client_id, event.type"
_WHERE = {
    "types": "AND event.type = ANY (%(types)s)",
    "client": "AND event.client_id = %(client)s",
    "subject": "AND event.subject_id = %(subject)s",
    "since": "AND event.at >= %(since)s",
    "clients": "AND event.client_id = ANY (%(clients)s)",
}


def _read(
    columns: str, after: int | None, window: int, limit: int, asked: Mapping[str, Any]
) -> tuple[Head, list[tuple[Any, ...]]]:
    statement = _PAGE.format(columns=columns, where=" ".join(_WHERE[name] for name in asked))
    place = {"agency": current_agency(), "after": after, "window": window, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**place, **asked})
        found = cursor.fetchall()
    head = Head(*found[0][:2]) if found else Head()
    _check(head.gone if after is None else after, head)
    return head, [row[2:] for row in found if row[2] is not None]


def _check(after: int, head: Head) -> None:
    if after < head.gone:
        raise EventsGone(
            f"What followed {after} was deleted for its age, up to {head.gone}. Read what you need by other calls,"
            f" then go on with after={head.gone}."
        )
    if after > head.last:
        raise EventsGone(
            f"There never was an event {after}: the last is {head.last}. Earshot's data may have been restored from a"
            f" backup. Read what you need by other calls, then go on with after={head.last}."
        )


def _event(row: Sequence[Any]) -> Event:
    _, pk, at, type_, subject_type, subject_id, client_id, data = row
    return Event(
        id=pk,
        at=at,
        type=type_,
        subject_type=subject_type,
        subject_id=subject_id,
        client_id=client_id,
        data=orjson.loads(data),
    )
