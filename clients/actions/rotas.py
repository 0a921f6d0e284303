"""Rotas: who takes turns at being on call, who takes over, and when members are reached.

Who comes on and who goes off is told by the alarm `HANDOVER` (workflows/actions/handover.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from agency.actions.alarms import set_alarm
from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Conflict, Forbidden, Invalid
from agency.models import Membership
from agency.queries.people import get_member
from agency.rights import Right
from clients.actions.holding import hold
from clients.hours import InvalidWeek, Rules, UnknownZone
from clients.models import Calendar, Client, MemberHours, Rota, RotaLayer, RotaOverride
from clients.queries.rotas import (
    Person,
    can_take,
    get_rota,
    holds_until,
    on_call,
    people,
    turns_of,
    why_not_asked,
)
from clients.rota import LONGEST_TURN

HANDOVER = "rota.handover"  # a kind of alarm
MOST_LAYERS, MOST_MEMBERS = 5, 30
LONGEST_OVERRIDE = timedelta(days=90)
ZONE = "Choose a time zone by its IANA name, such as Europe/Riga."

Week = Mapping[int, Sequence[tuple[str, str]]]


class HasRota(Conflict):
    """One rota a client, and one for the agency."""

    code, title = "has_rota", "There is a rota already"


class OnCallAlready(Conflict):
    code, title = "on_call_already", "You are on call already"


@dataclass(frozen=True, slots=True)
class NewLayer:
    """A layer as it is asked for; see `clients.rota.Layer`."""

    members: Sequence[UUID]
    since: date
    at: time = time(9)
    every: int = 7
    week: Week | None = None


def add_rota(
    *, client: Client | None, name: str, zone: str, layers: Sequence[NewLayer], by: Actor, now: datetime
) -> Rota:
    """Set up who is on call, for one client or (None) for all that have no rota of their own.

    Raises:
        HasRota: there is one already; Invalid: see `_check`.
    """
    by.require(Right.MANAGE)
    by.require_client(client.pk if client else None)
    hold(client)
    if Rota.objects.filter(client=client, ended_at=None).exists():
        whose = client.name if client else "The agency"
        raise HasRota(f"{whose} has a rota already. Change that one, or end it first.")
    _check(client, name, zone, layers)
    rota = Rota(client=client, name=name, zone=zone, created_at=now)
    rota.save(force_insert=True)
    _put_layers(rota, layers)
    record("rota.added", by=by, subject=rota, now=now, details=_told(rota))
    emit("rota.added", subject=rota, now=now)
    set_alarm(HANDOVER, rota.pk, now)
    return get_rota(rota.pk, by=by)


def change_rota(
    rota: Rota, *, name: str, zone: str, layers: Sequence[NewLayer], by: Actor, now: datetime
) -> Rota:
    """Replace what a rota says, from now on. Overrides stay.

    Raises:
        Invalid: see `_check`.
    """
    _lock(rota, by)
    _check(rota.client, name, zone, layers)
    before = _told(rota)
    rota.name, rota.zone = name, zone
    rota.save(update_fields=["name", "zone"])
    RotaLayer.objects.filter(rota=rota).delete()
    _put_layers(rota, layers)
    if changed := differences(before, _told(rota)):
        record("rota.changed", by=by, subject=rota, now=now, details=changed)
        emit("rota.changed", subject=rota, now=now)
    set_alarm(HANDOVER, rota.pk, now)
    return get_rota(rota.pk, by=by)


def end_rota(rota: Rota, *, by: Actor, now: datetime) -> None:
    """Nobody is on call by it any more; its clients come under the agency's, if there is one."""
    _lock(rota, by)
    rota.ended_at = now
    rota.save(update_fields=["ended_at"])
    record("rota.ended", by=by, subject=rota, now=now)
    emit("rota.ended", subject=rota, now=now)
    # Whoever was on is told that they are off.
    set_alarm(HANDOVER, rota.pk, now)


def _lock(rota: Rota, by: Actor) -> None:
    by.require(Right.MANAGE)
    by.require_client(rota.client_id)
    Rota.objects.select_for_update(no_key=True).get(pk=rota.pk)


# Overrides --------------------------------------------------------------------------------------------


def add_override(
    rota: Rota,
    *,
    member_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    note: str = "",
    by: Actor,
    now: datetime,
) -> RotaOverride:
    """Somebody takes over for [starts_at, ends_at); what lies in the past already is left out.

    A manager may name anybody, at any time. A responder may take over themselves, and may give away their own turn.

    Raises:
        Invalid: it ends before it starts, is over already or too long, or the member can't be on call here.
        Forbidden: somebody else's turn, and not by a manager.
    """
    by.require(Right.RESPOND)
    Rota.objects.select_for_update(no_key=True).get(pk=rota.pk)
    known = people()
    _check_override(rota, known, member_id, starts_at, ends_at, now)
    starts_at = max(starts_at, now)
    if not by.may_change(rota.client_id) and member_id != by.member_id:
        theirs = {turn.member for turn in turns_of(rota, starts_at, ends_at, known=known)}
        if theirs != {by.member_id}:
            raise Forbidden(
                "You can take a turn over yourself, or give away your own. For others, ask a manager."
            )
    override = RotaOverride(
        rota=rota,
        member_id=member_id,
        starts_at=starts_at,
        ends_at=ends_at,
        made_at=now,
        made_by=by.name[:120],
        note=note,
    )
    override.save(force_insert=True)
    details = {"member": str(member_id), "from": starts_at.isoformat(), "until": ends_at.isoformat()}
    record("rota.overridden", by=by, subject=rota, now=now, details=details)
    emit("rota.overridden", subject=rota, now=now, data=details)
    set_alarm(HANDOVER, rota.pk, now)
    return override


def take_over(rota: Rota, *, by: Actor, now: datetime) -> RotaOverride:
    """“Hand over now”: the one who asks is on call, until the turn that goes on now ends.

    Raises:
        OnCallAlready, Invalid: see `add_override`.
    """
    by.require(Right.RESPOND)
    if by.member_id is None:
        raise Invalid.field("member", "Only a member can be on call.")
    Rota.objects.select_for_update(no_key=True).get(pk=rota.pk)
    current = on_call(rota, now)
    if current.member == by.member_id:
        raise OnCallAlready("You are on call already.")
    until = min(current.until, now + LONGEST_OVERRIDE)
    return add_override(rota, member_id=by.member_id, starts_at=now, ends_at=until, by=by, now=now)


def end_override(override: RotaOverride, *, by: Actor, now: datetime) -> None:
    """Take an override back, or end it early; the rota goes on as it would have.

    Raises:
        Conflict: it is over; Forbidden: neither a manager, nor the one who took over.
    """
    by.require(Right.RESPOND)
    if not by.may_change(override.rota.client_id) and override.member_id != by.member_id:
        raise Forbidden("Only the one who took over, or a manager, can end it.")
    Rota.objects.select_for_update(no_key=True).get(pk=override.rota_id)
    override.refresh_from_db(fields=["ended_at"])
    if holds_until(override) <= now:
        raise Conflict("It is over already.")
    override.ended_at = now
    override.save(update_fields=["ended_at"])
    details = {"member": str(override.member_id), "until": override.ends_at.isoformat()}
    record("rota.override_ended", by=by, subject=override.rota, now=now, details=details)
    emit("rota.override_ended", subject=override.rota, now=now, data=details)
    set_alarm(HANDOVER, override.rota_id, now)


def _check_override(
    rota: Rota,
    known: Mapping[UUID, Person],
    member_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> None:
    if ends_at <= starts_at:
        raise Invalid.field("ends_at", "It ends before it begins. Choose a later end.")
    if ends_at <= now:
        raise Invalid.field("ends_at", "It would be over already. Choose an end in the future.")
    if ends_at - starts_at > LONGEST_OVERRIDE:
        raise Invalid.field("ends_at", "At most 90 days. For longer, change the rota.")
    if problem := _why_not(known, member_id, rota.client):
        raise Invalid.field("member", problem)


# Members' hours -----------------------------------------------------------------------------------------


def set_member_hours(
    *, zone: str = "", week: Week | None = None, calendar: Calendar | None = None, by: Actor, now: datetime
) -> MemberHours:
    """Say when one works: a week in a zone, or a calendar. What isn't urgent waits until then.

    Raises:
        Invalid: an unknown zone, a week that can't be meant, or one without any time.
    """
    member = _self(by)
    if calendar is None:
        check_week(zone, week or {}, field="week")
    stored = None if calendar else week_as_stored(week or {})
    row: MemberHours
    row, _ = MemberHours.objects.update_or_create(
        member=member,
        defaults={
            "zone": "" if calendar else zone,
            "week": stored,
            "calendar": calendar,
            "changed_at": now,
        },
    )
    details = {"calendar": calendar.name} if calendar else {"zone": zone, "week": told_week(stored)}
    record("member.hours_set", by=by, subject=member, now=now, details=details)
    emit("member.hours_set", subject=member, now=now)
    return row


def clear_member_hours(*, by: Actor, now: datetime) -> None:
    """Back to being reached at any time."""
    member = _self(by)
    deleted, _ = MemberHours.objects.filter(member=member).delete()
    if deleted:
        record("member.hours_cleared", by=by, subject=member, now=now)
        emit("member.hours_cleared", subject=member, now=now)


def _self(by: Actor) -> Membership:
    member = get_member(by.member_id, agency_id=by.agency_id) if by.member_id else None
    if member is None:
        raise Forbidden("Only a member has working hours.")
    return member


# Checks -----------------------------------------------------------------------------------------------


def check_week(zone: str, week: Week, *, field: str) -> None:
    """Raises: Invalid, by `zone` or by `field`. Stretches may overlap: together they are what is meant."""
    try:
        Rules(zone, {})
        for day, pairs in week.items():
            for pair in pairs:
                Rules(zone, {day: [pair]})
    except UnknownZone:
        raise Invalid.field("zone", ZONE) from None
    except InvalidWeek as error:
        raise Invalid.field(field, str(error)) from None
    if not any(week.values()):
        raise Invalid.field(field, "Choose at least one stretch of time.")


def week_as_stored(week: Week) -> dict[str, list[list[str]]]:
    return {str(day): [list(pair) for pair in pairs] for day, pairs in sorted(week.items()) if pairs}


def told_week(stored: Mapping[str, Sequence[Sequence[str]]] | None) -> str:
    """ "Mon 09:00-17:00, Tue 09:00-17:00"; always: ""."""
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return ", ".join(
        f"{days[int(day)]} {opens}-{closes}"
        for day, pairs in sorted((stored or {}).items())
        for opens, closes in pairs
    )


def _check(client: Client | None, name: str, zone: str, layers: Sequence[NewLayer]) -> None:
    """Raises: Invalid, all that is wrong at once, each by its field."""
    problems: dict[str, str] = {}
    if not name:
        problems["name"] = "Give it a name."
    try:
        Rules(zone, {})
    except UnknownZone:
        problems["zone"] = ZONE
    if not layers:
        problems["layers"] = "A rota needs at least one layer of people."
    elif len(layers) > MOST_LAYERS:
        problems["layers"] = f"At most {MOST_LAYERS} layers."
    known = people()
    for index, layer in enumerate(layers):
        problems |= {f"layers/{index}/{name}": said for name, said in _wrong(layer, known, client, zone)}
    if problems:
        raise Invalid(
            next(iter(problems.values())) if len(problems) == 1 else "This rota can't work as it is.",
            fields=problems,
        )


def _wrong(
    layer: NewLayer, known: Mapping[UUID, Person], client: Client | None, zone: str
) -> list[tuple[str, str]]:
    found = []
    if not layer.members:
        found.append(("members", "A layer without people answers to nobody: name at least one."))
    elif len(layer.members) > MOST_MEMBERS:
        found.append(("members", f"At most {MOST_MEMBERS} people."))
    elif len(set(layer.members)) < len(layer.members):
        found.append(("members", "Name everybody once."))
    else:
        why = next(filter(None, (_why_not(known, member, client) for member in layer.members)), "")
        found += [("members", why)] if why else []
    if not 1 <= layer.every <= LONGEST_TURN:
        found.append(("every", f"A turn lasts 1 to {LONGEST_TURN} days."))
    if not 1970 <= layer.since.year <= 2098:
        found.append(("since", "Choose a day between 1970 and 2098."))
    if layer.week is not None:
        try:
            check_week(zone, layer.week, field="week")
        except Invalid as error:
            found += [(name, said) for name, said in error.fields.items() if name == "week"]
    return found


def _why_not(known: Mapping[UUID, Person], member_id: UUID, client: Client | None) -> str:
    """Why somebody can't be on call here; "" where they can."""
    person = known.get(member_id)
    if person is None or not person.answers:
        return why_not_asked(person)
    if not can_take(known, client.pk if client else None)(member_id):
        return f"{person.name} doesn't work for this client. Choose somebody else."
    return ""


def _put_layers(rota: Rota, layers: Sequence[NewLayer]) -> None:
    RotaLayer.objects.bulk_create(
        RotaLayer(
            rota=rota,
            position=position,
            members=list(layer.members),
            since=layer.since,
            at=layer.at,
            every=layer.every,
            week=None if layer.week is None else week_as_stored(layer.week),
        )
        for position, layer in enumerate(layers)
    )


def _told(rota: Rota) -> dict[str, Any]:
    """All that a rota says, as it is written in the log: people by their ids."""
    told: dict[str, Any] = {"name": rota.name, "zone": rota.zone}
    for layer in RotaLayer.objects.filter(rota=rota).order_by("position"):
        turns = f"every {layer.every} d at {layer.at:%H:%M} since {layer.since}"
        whom = " ".join(map(str, layer.members))
        told[f"layer_{layer.position + 1}"] = ", ".join(filter(None, [turns, told_week(layer.week), whom]))
    return told
