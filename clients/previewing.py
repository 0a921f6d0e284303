"""What a change of what is promised would do to the clocks that run: the words for it.

Promises and calendars live here, clocks in the layer above, which finds the effects out. Whoever puts the application
together hands its function to the pages and API views that need one (`effects=` of `as_view`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from agency.actor import Actor
from clients.models import Client


@dataclass(frozen=True, slots=True)
class Effect:
    """One clock that would be due at another time."""

    mention_id: UUID
    mention: str  # how the post begins
    client_id: UUID
    client: str
    kind: str
    priority: str
    due_before: datetime | None
    due_after: datetime | None
    inherited: bool  # the new target is used up already: a little grace is left


@dataclass(frozen=True, slots=True)
class Effects:
    """Counted over every open clock that the change may concern.

    Attributes:
        clocks: that many are open.
        changed: get another due time, or, while they wait for somebody else, another amount of time.
        sooner, later: of those that run.
        waiting: of those that wait.
        breached: late by the change itself. The rules allow no such thing, so that this is always 0; it is counted.
        inherited: the new target is used up already, so that a little grace is left.
        saved: had only such a grace left, and have time again.
        late: were late before, changed or not, and stay so: no change takes a breach back.
        worst: those that are due sooner, what is due first before the rest.
    """

    clocks: int
    changed: int
    sooner: int
    later: int
    waiting: int
    breached: int
    inherited: int
    saved: int
    late: int
    worst: tuple[Effect, ...]


class EffectsOf(Protocol):
    """Does the change, looks what it does to the open clocks of a client (None: of all), and takes it back."""

    def __call__(
        self, change: Callable[[], object], *, client: Client | None, by: Actor, now: datetime
    ) -> Effects: ...
