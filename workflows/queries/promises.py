"""What is promised for a mention: the policy that matched and why, the target, and the hours that it runs in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clients.models import Calendar, CalendarVersion, Client, SlaPolicy, SlaTarget
from clients.queries.clients import match_sla_policies
from clients.words import ClockKind, Cover, HoursOf, Priority

# The clocks that what the agency does after hours speeds up; the client's and the platform's aren't the agency's.
COVERED = frozenset({ClockKind.CLAIM, ClockKind.RESPOND, ClockKind.NEXT_RESPONSE})

# What `Clock.match` says, as people read it: whose policy, and why these hours.
WHOSE = {"client": "the client's own policy", "agency": "the agency's default policy"}
WHY = {
    "always": "promised around the clock",
    "named": "in the calendar that the policy names",
    "agency": "in the agency's office hours",
    "client": "in the client's office hours",
    "default": "in the agency's office hours, because the client has none of its own",
    "platform": "around the clock, because platforms don't close",
    "open": "around the clock, because there is no calendar",
    "covered": "around the clock, because the client has cover around the clock",
    "on_call": "around the clock, because it is urgent and the client has on-call cover",
}


@dataclass(frozen=True, slots=True)
class Promise:
    """What one clock is held to. `calendar_id` None: around the clock."""

    policy: SlaPolicy
    match: str  # "client:on_call": a word of WHOSE and one of WHY
    target: timedelta
    calendar_id: UUID | None
    calendar_version: int | None

    @property
    def warn_at(self) -> list[int]:
        """Percentages of the target, rising."""
        return list(self.policy.warn_at)


@dataclass(frozen=True, slots=True)
class Promises:
    """All that is promised to some clients, read once. For a preview, replace what is to change."""

    policies: Mapping[UUID, SlaPolicy]  # by client
    targets: Mapping[UUID, Mapping[tuple[str, str], SlaTarget]]  # by policy, then priority and kind
    clients: Mapping[UUID, tuple[UUID | None, str]]  # its calendar and its cover
    default_calendar: UUID | None
    versions: Mapping[UUID, int]  # by calendar: the one in force

    def of(self, client_id: UUID, kind: ClockKind, priority: str) -> Promise:
        """What a clock of this kind is held to now. A later answer is promised as soon as the first one."""
        policy = self.policies[client_id]
        promised = ClockKind.RESPOND if kind is ClockKind.NEXT_RESPONSE else kind
        row = self.targets[policy.pk][priority, promised]
        calendar_id, why = self._hours(client_id, kind, priority, row)
        return Promise(
            policy=policy,
            match=f"{'client' if policy.client_id else 'agency'}:{why}",
            target=row.target,
            calendar_id=calendar_id,
            calendar_version=self.versions.get(calendar_id) if calendar_id else None,
        )

    def _hours(
        self, client_id: UUID, kind: ClockKind, priority: str, row: SlaTarget
    ) -> tuple[UUID | None, str]:
        """The calendar, and why it is this one (a word of WHY)."""
        if row.hours == HoursOf.ALWAYS:
            return None, "always"
        if row.hours == HoursOf.CALENDAR:
            return row.calendar_id, "named"
        if row.hours == HoursOf.AGENCY:
            return (self.default_calendar, "agency") if self.default_calendar else (None, "open")
        return self._clients_hours(client_id, kind, priority)

    def _clients_hours(self, client_id: UUID, kind: ClockKind, priority: str) -> tuple[UUID | None, str]:
        own, cover = self.clients.get(client_id, (None, Cover.NONE.value))
        covered, urgent = kind in COVERED, priority == Priority.URGENT
        if kind is ClockKind.PUBLISH:
            why = "platform"
        elif own is None and self.default_calendar is None:
            why = "open"
        elif covered and cover == Cover.ALWAYS:
            why = "covered"
        elif covered and urgent and cover == Cover.ON_CALL:
            why = "on_call"
        else:
            return (own, "client") if own else (self.default_calendar, "default")
        return None, why


def promises_to(clients: Iterable[UUID], *, now: datetime) -> Promises:
    """What is promised to these clients at `now`: a constant number of queries."""
    wanted = set(clients)
    policies = match_sla_policies(wanted)
    targets = {
        policy.pk: {(row.priority, row.kind): row for row in policy.targets.all()}
        for policy in policies.values()
    }
    own = {
        pk: (calendar_id, cover)
        for pk, calendar_id, cover in Client.objects.filter(pk__in=wanted).values_list(
            "pk", "calendar_id", "cover"
        )
    }
    default = Calendar.objects.filter(is_default=True).values_list("pk", flat=True).first()
    named = {row.calendar_id for rows in targets.values() for row in rows.values()}
    calendars = {default, *named, *(calendar_id for calendar_id, _ in own.values())} - {None}
    return Promises(policies, targets, own, default, _versions(calendars, now) if calendars else {})


def _versions(calendars: Iterable[UUID | None], now: datetime) -> dict[UUID, int]:
    """The version of each calendar that is in force at `now`; before its first one, that."""
    rows = CalendarVersion.objects.filter(calendar_id__in=list(calendars)).order_by(
        "calendar_id", "effective_from", "id"
    )
    found: dict[UUID, int] = {}
    for calendar_id, version, effective_from in rows.values_list("calendar_id", "version", "effective_from"):
        if calendar_id not in found or effective_from <= now:
            found[calendar_id] = version
    return found


def told(match: str) -> str:
    """“The client's own policy, in the client's office hours.”"""
    whose, _, why = match.partition(":")
    words = [WHOSE.get(whose, whose), *([WHY[why]] if why in WHY else [])]
    text = ", ".join(words)
    return f"{text[:1].upper()}{text[1:]}."
