"""Who is on call: the rota that covers a client, its people, and the hours in which members are reached."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.models import Membership
from agency.rights import ROLE_RIGHTS, Right, Role
from agency.tenancy import all_clients, current_agency
from clients import rota as rules
from clients.calendar_hours import CalendarHours
from clients.hours import ALWAYS, Hours, Rules
from clients.models import MemberHours, Rota, RotaLayer, RotaOverride
from clients.queries.calendars import hours_by_calendar
from clients.rota import OnCall, Turn

MOMENT = timedelta(microseconds=1)
# A notice never waits longer than this for somebody's hours: they may be on holiday.
LONGEST_WAIT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Person:
    """A member, also one who left. `clients` None: all."""

    id: UUID
    name: str
    role: str
    clients: frozenset[UUID] | None
    is_here: bool

    @property
    def answers(self) -> bool:
        return self.is_here and Right.RESPOND in ROLE_RIGHTS[Role(self.role)]

    def can_see(self, client_id: UUID | None) -> bool:
        """Whether they answer mentions of this client; (None) of any."""
        return self.answers and (self.clients is None or client_id is None or client_id in self.clients)


def why_not_asked(person: Person | None) -> str:
    """Why somebody who doesn't answer mentions, or is nobody here, can't be named by a rota or a ladder."""
    if person is None:
        return "There is no such member in this agency."
    if not person.is_here:
        return f"{person.name} has left the agency. Choose somebody else."
    return f"{person.name} only reads. Choose somebody who answers mentions."


def people() -> dict[UUID, Person]:
    """Everybody who has or had a place in the agency, by when they came: one query."""
    rows = (
        Membership.objects.filter(agency_id=current_agency())
        .select_related("user")
        .order_by("created_at", "id")
    )
    return {
        row.pk: Person(
            row.pk,
            row.name,
            row.role,
            None if row.client_ids is None else frozenset(row.client_ids),
            row.left_at is None and row.user.is_active,
        )
        for row in rows
    }


def can_take(known: Mapping[UUID, Person], client_id: UUID | None) -> rules.Can:
    """Who can be on call for this client; (None) for the agency."""
    return lambda member: member in known and known[member].can_see(client_id)


def _rotas() -> "QuerySet[Any]":
    return _whole().filter(ended_at=None)


def _whole() -> "QuerySet[Any]":
    return Rota.objects.select_related("client").prefetch_related(
        Prefetch("layers", RotaLayer.objects.order_by("position", "id")),
        Prefetch("overrides", RotaOverride.objects.order_by("made_at", "id").select_related("member__user")),
    )


def list_rotas(*, by: Actor) -> "QuerySet[Any]":
    """Those of the clients that the actor works for, and the agency's."""
    by.require(Right.READ)
    return _rotas()


def rotas_by_id(rotas: Collection[UUID]) -> list[Rota]:
    """These, ended ones too, with their layers and overrides."""
    return list(_whole().filter(pk__in=rotas).order_by("id"))


def get_rota(rota_id: UUID, *, by: Actor) -> Rota:
    """Raises: NotFound."""
    by.require(Right.READ)
    rota: Rota | None = _rotas().filter(pk=rota_id).first()
    if rota is None:
        raise NotFound
    return rota


def get_override(override_id: UUID, *, by: Actor) -> RotaOverride:
    """Raises: NotFound."""
    by.require(Right.READ)
    found: RotaOverride | None = (
        RotaOverride.objects.filter(rota__ended_at=None).select_related("rota").filter(pk=override_id).first()
    )
    if found is None:
        raise NotFound
    return found


def rota_covering(client_id: UUID | None) -> Rota | None:
    """The client's own rota, else the agency's; (None) the agency's."""
    return rotas_covering([client_id])[client_id]


def rotas_covering(clients: Collection[UUID | None]) -> dict[UUID | None, Rota | None]:
    """Client → the rota that covers it: a constant number of queries."""
    wanted = {client_id for client_id in clients if client_id is not None}
    with all_clients():
        found = {rota.client_id: rota for rota in _rotas().filter(Q(client_id__in=wanted) | Q(client=None))}
    return {client_id: found.get(client_id) or found.get(None) for client_id in clients}


def as_rules(rota: Rota) -> rules.Rota:
    """As the value that `clients.rota` works on. Its layers and overrides are prefetched."""
    return rules.Rota(
        zone=rota.zone,
        layers=tuple(
            rules.Layer(
                members=tuple(layer.members),
                since=layer.since,
                at=layer.at,
                every=layer.every,
                week=None if layer.week is None else week_of(layer.week),
            )
            for layer in rota.layers.all()
        ),
        overrides=tuple(
            rules.Override(override.pk, override.member_id, override.starts_at, holds_until(override))
            for override in rota.overrides.all()
            if holds_until(override) > override.starts_at
        ),
    )


def holds_until(override: RotaOverride) -> datetime:
    end: datetime = override.ends_at
    return min(end, override.ended_at) if override.ended_at else end


def week_of(stored: Mapping[str, Iterable[Iterable[str]]]) -> dict[int, list[tuple[str, str]]]:
    """A week as JSON keeps it, as `clients.hours` takes it."""
    return {int(day): [(opens, closes) for opens, closes in pairs] for day, pairs in stored.items()}


def on_call(
    rota: Rota, at: datetime, *, client_id: UUID | None = None, known: Mapping[UUID, Person] | None = None
) -> OnCall:
    """Who is on call by this rota, for a client (None: for whom the rota is)."""
    about = client_id or rota.client_id
    return rules.on_call(as_rules(rota), at, can=can_take(known or people(), about))


def turns_of(
    rota: Rota,
    start: datetime,
    end: datetime,
    *,
    known: Mapping[UUID, Person],
    client_id: UUID | None = None,
) -> list[Turn]:
    """[start, end) in turns, for a client (None: for whom the rota is)."""
    about = client_id or rota.client_id
    return rules.turns(as_rules(rota), start, end, can=can_take(known, about))


# When members are reached -----------------------------------------------------------------------------


def hours_of_member(member_id: UUID) -> MemberHours | None:
    return MemberHours.objects.filter(member_id=member_id).select_related("calendar").first()


def reached_from(members: Collection[UUID], now: datetime) -> dict[UUID, datetime | None]:
    """Member → when what isn't urgent reaches them next; None: now."""
    rows = list(MemberHours.objects.filter(member_id__in=members))
    if not rows:
        return dict.fromkeys(members)
    calendars = hours_by_calendar({row.calendar_id for row in rows if row.calendar_id})
    hours = {row.member_id: _hours(row, calendars) for row in rows}
    return {member: opens_at(hours[member], now) if member in hours else None for member in members}


def opens_at(hours: Hours, now: datetime) -> datetime | None:
    """The first open instant from `now` on; None: it is open already."""
    if hours is ALWAYS or hours.is_open(now):
        return None
    return min(hours.walk(now, MOMENT) - MOMENT, now + LONGEST_WAIT)


def _hours(row: MemberHours, calendars: Mapping[UUID | None, Hours]) -> Hours:
    if row.calendar_id:
        return calendars[row.calendar_id]
    return CalendarHours([Rules(row.zone, rules.joined(week_of(row.week or {})), since=row.changed_at)])
