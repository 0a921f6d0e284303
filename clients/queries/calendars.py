"""Calendars: found, and as hours that can be counted with; what runs by them."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from threading import Lock
from uuid import UUID

from django.db.models import Q, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.rights import Right
from agency.tenancy import all_clients
from clients.calendar_hours import END, CalendarHours
from clients.hours import ALWAYS, Hours
from clients.models import Calendar, CalendarVersion, Client, MemberHours, SlaTarget
from clients.opening import OPEN_WITHIN, rules_of

# A calendar of two spells a day costs about 100 kB a year that was asked about.
KEPT = 256
_kept: OrderedDict[tuple[UUID, tuple[UUID, ...]], Hours] = OrderedDict()
_lock = Lock()


def hours_by_calendar(calendars: Iterable[UUID | None]) -> Mapping[UUID | None, Hours]:
    """Calendar id → its open hours through all its versions; None: around the clock. At most one query.

    Every id asked for is answered; what isn't found here counts around the clock. What lies before a calendar's first
    version runs by its first version. Calendars of every client are found: whoever asks counts with them, and shows
    none.
    """
    wanted = set(calendars)
    found: dict[UUID | None, Hours] = dict.fromkeys([None, *wanted], ALWAYS)
    rows = _versions(wanted - {None}) if wanted - {None} else ()
    for calendar_id, versions in groupby(rows, key=lambda row: row.calendar_id):
        found[calendar_id] = _hours(calendar_id, list(versions))
    return found


def _versions(calendars: set[UUID | None]) -> list[CalendarVersion]:
    with all_clients():
        rows = CalendarVersion.objects.filter(calendar_id__in=calendars)
        return list(rows.order_by("calendar_id", "effective_from"))


def _hours(calendar_id: UUID, versions: list[CalendarVersion]) -> Hours:
    """The same object for the same versions, as long as it is remembered: versions never change."""
    key = calendar_id, tuple(version.pk for version in versions)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    hours = CalendarHours([rules_of(version) for version in versions])
    with _lock:
        _kept[key] = hours
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return hours


# Found ----------------------------------------------------------------------------------------------------


def list_calendars(
    *, by: Actor, archived: bool = False, client_id: UUID | None = None
) -> "QuerySet[Calendar]":
    """The agency's calendars and clients' own; of one client: those that it may use."""
    by.require(Right.READ)
    rows: QuerySet[Calendar] = Calendar.objects.filter(archived_at__isnull=not archived)
    rows = rows.select_related("client")
    return rows.filter(Q(client_id=client_id) | Q(client=None)) if client_id else rows


def get_calendar(calendar_id: UUID, *, by: Actor) -> Calendar:
    """Archived ones too: what ran by them refers to them.

    Raises:
        NotFound
    """
    by.require(Right.READ)
    calendar: Calendar | None = Calendar.objects.select_related("client").filter(pk=calendar_id).first()
    if calendar is None:
        raise NotFound
    return calendar


def default_calendar() -> Calendar | None:
    """The agency's office hours; None: around the clock."""
    found: Calendar | None = Calendar.objects.filter(is_default=True).first()
    return found


def versions_of(calendar: Calendar) -> list[CalendarVersion]:
    """All of them, in the order in which they take effect."""
    return list(CalendarVersion.objects.filter(calendar=calendar).order_by("effective_from"))


def versions_by_calendar(calendars: Iterable[UUID], *, now: datetime) -> dict[UUID, CalendarVersion]:
    """Of each the version that holds now."""
    rows = CalendarVersion.objects.filter(calendar_id__in=calendars, effective_from__lte=now)
    return {row.calendar_id: row for row in rows.order_by("effective_from")}


def get_version(version_id: UUID, *, by: Actor) -> CalendarVersion:
    """Raises: NotFound."""
    by.require(Right.READ)
    rows = CalendarVersion.objects.select_related("calendar__client")
    version: CalendarVersion | None = rows.filter(pk=version_id).first()
    if version is None:
        raise NotFound
    return version


def in_force(versions: Sequence[CalendarVersion], at: datetime) -> CalendarVersion:
    """The version that holds at a moment; before the first: the first."""
    return next((version for version in reversed(versions) if version.effective_from <= at), versions[0])


def state_of(hours: Hours, now: datetime) -> tuple[bool, datetime | None]:
    """(is it open, when that changes: None for not within a year)."""
    first = next(hours.slices(now, min(now + OPEN_WITHIN, END)), None)
    if first is None:
        return hours.is_open(now), None
    _, until, is_open = first
    return is_open, until if until < min(now + OPEN_WITHIN, END) else None


@dataclass(frozen=True, slots=True)
class Uses:
    """What runs by a calendar. `promises`: the clients whose promises name it, "" for the agency's default."""

    default: bool
    clients: dict[UUID, str]
    promises: list[str]
    members: int

    @property
    def any(self) -> bool:
        return bool(self.default or self.clients or self.promises or self.members)

    def sentence(self) -> str:
        """ "the agency's hours, Brightwater, the promises to Harbour" """
        parts = ["the agency's own hours"] if self.default else []
        parts += [f"the client {name}" for name in self.clients.values()]
        parts += [
            f"the promises to {name}" if name else "the agency's default promises" for name in self.promises
        ]
        if self.members:
            parts.append(
                "the working hours of a member"
                if self.members == 1
                else f"the working hours of {self.members} members"
            )
        return ", ".join(parts)


def uses_of(calendar: Calendar) -> Uses:
    """Who runs by it now: clients, promises that hold, members' hours."""
    clients = Client.objects.filter(calendar=calendar).order_by("name", "id")
    targets = SlaTarget.objects.filter(calendar=calendar, policy__current=True)
    named = targets.order_by("policy__client__name").values_list("policy__client__name", flat=True).distinct()
    return Uses(
        default=calendar.is_default,
        clients=dict(clients.values_list("pk", "name")),
        promises=[name or "" for name in named],
        members=MemberHours.objects.filter(calendar=calendar).count(),
    )


def uses_by_calendar(calendars: Sequence[Calendar]) -> dict[UUID, list[str]]:
    """Calendar → the names of what runs by it, for a list."""
    ids = [calendar.pk for calendar in calendars]
    found: dict[UUID, list[str]] = {pk: [] for pk in ids}
    for calendar in calendars:
        if calendar.is_default:
            found[calendar.pk].append("The agency")
    clients = Client.objects.filter(calendar_id__in=ids).order_by("name", "id")
    for calendar_id, name in clients.values_list("calendar_id", "name"):
        found[calendar_id].append(name)
    targets = SlaTarget.objects.filter(calendar_id__in=ids, policy__current=True)
    for calendar_id in targets.order_by("calendar_id").values_list("calendar_id", flat=True).distinct():
        found[calendar_id].append("Promises")
    members = MemberHours.objects.filter(calendar_id__in=ids)
    for calendar_id in members.order_by("calendar_id").values_list("calendar_id", flat=True).distinct():
        found[calendar_id].append("Members")
    return found
