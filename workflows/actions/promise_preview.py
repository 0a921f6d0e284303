"""What a change of what is promised would do to the clocks that run: it is done, looked at, and taken back.

So a preview has no rules of its own. The change is the action that saving calls, what is promised then is read as
`repromise_clocks` reads it, and each clock is moved by the same arithmetic; only nothing is written.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from agency.actor import Actor
from agency.packed import adapt
from clients.hours import HorizonExceeded, Hours
from clients.models import Client
from clients.previewing import Effect, Effects
from clients.queries.calendars import hours_by_calendar
from clients.words import ClockKind
from mentions.models import Mention
from workflows import clock as rules
from workflows.actions.clock_rows import GRACE
from workflows.clock import BREACH, ClockState
from workflows.models import Clock
from workflows.queries.promises import Promise, promises_to

SHOWN = 10
LONGEST_TEXT = 90

HoursBy = Mapping[UUID | None, Hours]


def what_it_changes(
    change: Callable[[], object], *, client: Client | None, by: Actor, now: datetime
) -> Effects:
    """Do it, see what becomes of the open clocks of this client, or (None) of all, and take it back.

    Raises:
        Invalid, Forbidden …: whatever the change itself raises.
    """
    by.require_client(client.pk if client else None)
    return summed(predict(change, client=client, now=now))


def summed(found: "Found") -> Effects:
    """In numbers, with the worst by name."""
    worst = nsmallest(
        SHOWN,
        (p for p in found.predicted if p.sooner and p.due_after),
        key=lambda p: (p.due_after, p.clock_id),
    )
    counts = Counter(word for p in found.predicted for word in p.words())
    return Effects(
        clocks=found.clocks,
        changed=len(found.predicted),
        **{name: counts[name] for name in ("sooner", "later", "waiting", "breached", "inherited", "saved")},
        late=found.late,
        worst=_told(worst),
    )


@dataclass(frozen=True, slots=True)
class Predicted:
    """What becomes of one clock, if anything does."""

    clock_id: UUID
    mention_id: UUID
    kind: str
    priority: str
    due_before: datetime | None
    due_after: datetime | None
    before: ClockState
    after: ClockState
    breached: bool  # by the change itself

    @property
    def sooner(self) -> bool:
        return self.due_before is not None and self.due_after is not None and self.due_after < self.due_before

    def words(self) -> Iterator[str]:
        """Whatever of the counts of `Effects` it belongs to."""
        if self.before.running_since is None:
            yield "waiting"
        else:
            yield "sooner" if self.sooner else "later"
        if self.breached:
            yield "breached"
        if self.after.inherited and (not self.before.inherited or self.sooner):
            yield "inherited"
        if self.before.inherited and not self.after.inherited:
            yield "saved"


@dataclass(frozen=True, slots=True)
class Found:
    clocks: int
    late: int
    predicted: list[Predicted]


def predict(change: Callable[[], object], *, client: Client | None, now: datetime) -> Found:
    """Every clock that the change would give another time."""
    known = hours_by_calendar({None, *_open(client).values_list("calendar_id", flat=True).distinct()})
    with transaction.atomic():
        change()
        found = _predict(client, known, now)
        transaction.set_rollback(True)
    return found


class _Row(NamedTuple):
    """A clock as it is stored, with what of its mention says what is promised."""

    id: bytes
    mention_id: bytes
    client_id: bytes
    priority: str
    kind: str
    calendar_id: bytes | None
    due_at: datetime | None
    target: Any
    used: Any
    running_since: datetime | None
    paused_at: datetime | None
    grace: Any
    inherited: bool
    breached_at: datetime | None
    late: bool
    fired: list[str]

    def state(self) -> ClockState:
        return ClockState(
            target=self.target,
            used=self.used,
            running_since=self.running_since,
            fired=tuple(self.fired),
            paused_at=self.paused_at,
            breached_at=self.breached_at,
            grace=self.grace,
            inherited=self.inherited,
            late=self.late,
        )


_COLUMNS = (
    *(
        "id",
        "mention_id",
        "mention__client_id",
        "mention__priority",
        "kind",
        "calendar_id",
        "due_at",
        "target",
    ),
    *("used", "running_since", "paused_at", "grace", "inherited", "breached_at", "excused_late", "fired"),
)


def _open(client: Client | None) -> Any:
    rows = Clock.objects.filter(stopped_at=None)
    return rows.filter(mention__client=client) if client else rows


def _predict(client: Client | None, before: HoursBy, now: datetime) -> Found:
    rows = _rows(client)
    keys = {key: UUID(bytes=key[0]) for key in {(row.client_id, row.kind, row.priority) for row in rows}}
    promises = promises_to(set(keys.values()), now=now)
    held = {key: promises.of(client_id, ClockKind(key[1]), key[2]) for key, client_id in keys.items()}
    ids = {pk: UUID(bytes=pk) if pk else None for pk in {row.calendar_id for row in rows}}
    hours = hours_by_calendar({*ids.values(), *(promise.calendar_id for promise in held.values())})
    # By the row's own calendar: its id, its hours, and whether these are another's than before.
    ran_in = {pk: (key, hours[key], hours[key] is not before.get(key)) for pk, key in ids.items()}
    predicted, late = [], 0
    for row in rows:
        promise = held[row.client_id, row.kind, row.priority]
        late += row.breached_at is not None
        calendar_id, until, changed = ran_in[row.calendar_id]
        # The same promise in the same hours: the clock stays as it is.
        same = row.target == promise.target and calendar_id == promise.calendar_id
        if not same or changed:
            seen = _become(row, promise, until, hours[promise.calendar_id], now, same=same)
            if seen is not None:
                predicted.append(seen)
    return Found(len(rows), late, predicted)


def _rows(client: Client | None) -> list[_Row]:
    """Nothing is made of them that isn't needed: there may be tens of thousands."""
    sql, given = _open(client).values_list(*_COLUMNS).query.sql_with_params()
    with connection.cursor() as cursor:
        adapt(cursor)
        cursor.execute(sql, given)
        return [*map(_Row._make, cursor.fetchall())]


def _become(
    row: _Row, promise: Promise, until: Hours, then: Hours, now: datetime, *, same: bool
) -> Predicted | None:
    """As `Moving.promise` does with the clock, which ran in some hours until now; None where its time stays."""
    state = row.state()
    # A move establishes a breach that is a fact by now; and by a change that begins at `now` none is one yet.
    after = _settled(state, until, now) if same else rules.retarget(state, promise.target, now, until, GRACE)
    due = _due(after, then)
    if due == row.due_at and (same or after.running_since is not None):
        return None
    by_it = (
        after.breached_at is not None and row.breached_at is None and not (row.due_at and row.due_at < now)
    )
    ids = UUID(bytes=row.id), UUID(bytes=row.mention_id)
    return Predicted(*ids, row.kind, row.priority, row.due_at, due, state, after, by_it)


def _due(state: ClockState, hours: Hours) -> datetime | None:
    """As `looked_ahead` finds it."""
    try:
        return rules.due_at(state, hours)
    except (HorizonExceeded, OverflowError):
        return None


def _settled(state: ClockState, hours: Hours, now: datetime) -> ClockState:
    """With the breach that is a fact by now, as firing establishes it."""
    at = rules.breach_at(state, now, hours)
    return rules.fire(state, BREACH, at) if at is not None and BREACH not in state.fired else state


def _told(worst: list[Predicted]) -> tuple[Effect, ...]:
    mentions = {
        mention.pk: mention
        for mention in Mention.objects.filter(pk__in={p.mention_id for p in worst}).select_related(
            "post", "client"
        )
    }
    return tuple(
        Effect(
            mention_id=p.mention_id,
            mention=_shortened(str(mentions[p.mention_id].post)),
            client_id=mentions[p.mention_id].client_id,
            client=mentions[p.mention_id].client.name,
            kind=p.kind,
            priority=p.priority,
            due_before=p.due_before,
            due_after=p.due_after,
            inherited=p.after.inherited,
        )
        for p in worst
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1].rstrip()}…"
