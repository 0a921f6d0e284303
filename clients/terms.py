"""What is promised, as a value: for each priority and kind of clock how long, and in which hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from clients.words import ClockKind, HoursOf, Priority

Key = tuple[Priority, ClockKind]

# A later answer is promised as soon as the first one, so it has no terms of its own.
PROMISED = (ClockKind.CLAIM, ClockKind.RESPOND, ClockKind.DECIDE, ClockKind.PUBLISH)
LONGEST = timedelta(days=90)
LATE_FOUND_AFTER = timedelta(hours=24)
WARN_AT = (50, 75, 90)


@dataclass(frozen=True, slots=True)
class Within:
    """The hours that a promise runs in. `calendar_id` goes with HoursOf.CALENDAR, and only with it."""

    hours: HoursOf = HoursOf.CLIENT
    calendar_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Term:
    target: timedelta
    within: Within = Within()


@dataclass(frozen=True, slots=True)
class Terms:
    """One whole policy."""

    rows: Mapping[Key, Term]
    warn_at: tuple[int, ...] = WARN_AT
    late_found_after: timedelta = LATE_FOUND_AFTER

    def with_rows(self, targets: Mapping[Key, timedelta], hours: Mapping[Key, Within]) -> dict[Key, Term]:
        """Its rows with these in their places; what isn't named stays."""
        return {
            key: Term(targets.get(key, term.target), hours.get(key, term.within))
            for key, term in self.rows.items()
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """One promise that differs between two versions."""

    priority: Priority
    kind: ClockKind
    before: Term
    after: Term


def differing(before: Terms, after: Terms) -> list[Difference]:
    """By priority, then kind, in the order in which people read them."""
    return [
        Difference(priority, kind, before.rows[priority, kind], after.rows[priority, kind])
        for priority in Priority
        for kind in PROMISED
        if before.rows[priority, kind] != after.rows[priority, kind]
    ]


# Claim, respond, decide and publish, in minutes.
_MINUTES = {
    Priority.URGENT: (15, 60, 30, 10),
    Priority.HIGH: (30, 240, 60, 15),
    Priority.NORMAL: (120, 480, 240, 30),
    Priority.LOW: (480, 1440, 1440, 60),
}


def _default(kind: ClockKind, minutes: int) -> Term:
    # Platforms keep no office hours, nor does what publishes.
    hours = HoursOf.ALWAYS if kind is ClockKind.PUBLISH else HoursOf.CLIENT
    return Term(timedelta(minutes=minutes), Within(hours))


# What a new agency promises until it says otherwise.
DEFAULT_TERMS = Terms(
    {
        (priority, kind): _default(kind, minutes)
        for priority, row in _MINUTES.items()
        for kind, minutes in zip(PROMISED, row, strict=True)
    }
)
