"""Who is on call: rotas, overrides, who it is now, and the hours in which a member is reached."""

from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.actor import Actor
from agency.api.pagination import paged
from agency.api.schema import example, operation
from agency.api.serializers import Filters, Id, Input, Moment, Named, PageFilters, Text, Whole
from agency.api.views import ApiView
from agency.errors import Forbidden, Invalid, NotFound
from agency.queries.paging import keyset
from agency.rights import Right
from clients.actions.rotas import (
    NewLayer,
    add_override,
    add_rota,
    change_rota,
    clear_member_hours,
    end_override,
    end_rota,
    set_member_hours,
    take_over,
)
from clients.api.references import named_client
from clients.models import Calendar, MemberHours, Rota, RotaOverride
from clients.opening import DAY_FIELDS
from clients.queries.calendars import get_calendar
from clients.queries.rotas import (
    Person,
    get_override,
    get_rota,
    holds_until,
    hours_of_member,
    list_rotas,
    on_call,
    people,
    rota_covering,
    turns_of,
)
from clients.rota import Turn

AHEAD = timedelta(days=28)
_BEN = {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e03", "name": "Ben"}
_MARA = {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e04", "name": "Mara"}
_WEEK = {
    **{day: [["18:00", "09:00"]] for day in DAY_FIELDS[:5]},
    **{day: [["00:00", "24:00"]] for day in DAY_FIELDS[5:]},
}
_OVERRIDE = {
    "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e41",
    "member": _MARA,
    "starts_at": "2026-03-07T08:00:00Z",
    "ends_at": "2026-03-07T18:00:00Z",
    "note": "Ben is at a wedding",
    "made_at": "2026-03-06T17:04:00Z",
    "made_by": "Ben",
}


# Weeks ----------------------------------------------------------------------------------------------------


class Spell(serializers.ListField):
    """Two local times, such as ["18:00", "09:00"]."""

    child = serializers.CharField(max_length=5)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=2, max_length=2, **kwargs)


def _day(**kwargs: Any) -> serializers.ListField:
    return serializers.ListField(child=Spell(), max_length=12, **kwargs)


class DutyWeekInput(Input):
    """The spells of each day. One that ends earlier than it begins ends on the next day; midnight is 24:00."""

    monday = _day(required=False)
    tuesday = _day(required=False)
    wednesday = _day(required=False)
    thursday = _day(required=False)
    friday = _day(required=False)
    saturday = _day(required=False)
    sunday = _day(required=False)


class DutyWeekOutput(serializers.Serializer[Any]):
    monday = _day()
    tuesday = _day()
    wednesday = _day()
    thursday = _day()
    friday = _day()
    saturday = _day()
    sunday = _day()


def _asked_week(given: Mapping[str, Any] | None) -> dict[int, list[tuple[str, str]]] | None:
    if given is None:
        return None
    return {
        number: [(opens, closes) for opens, closes in given[day]]
        for number, day in enumerate(DAY_FIELDS)
        if given.get(day)
    }


def _shown_week(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    return {day: stored.get(str(number), []) for number, day in enumerate(DAY_FIELDS)}


# Rotas ----------------------------------------------------------------------------------------------------


class RotaLayerInput(Input):
    members = serializers.ListField(
        child=Id(), max_length=30, help_text="In the order in which they take turns."
    )
    since = serializers.DateField(help_text="The local day on which the first of them takes over.")
    at = serializers.RegexField(
        r"^([01][0-9]|2[0-3]):[0-5][0-9]$", default="09:00", help_text="Local time of every hand-over."
    )
    every = Whole(default=7, min_value=1, max_value=90, help_text="Days that a turn lasts.")
    week = DutyWeekInput(
        required=False, allow_null=True, default=None, help_text="The hours it is on; null: always."
    )


_LAYER = {
    "members": [_BEN["id"], _MARA["id"]],
    "since": "2026-03-02",
    "at": "09:00",
    "every": 7,
    "week": _WEEK,
}


@example({"name": "Evenings and weekends", "zone": "Europe/Riga", "layers": [_LAYER]})
class RotaChanges(Input):
    name = Text(max_length=120)
    zone = Text(max_length=64, help_text="An IANA time zone.")
    layers = serializers.ListField(
        child=RotaLayerInput(),
        max_length=5,
        help_text="Where nobody of the first is on, the next one is asked.",
    )


@example({"client": None, "name": "Evenings and weekends", "zone": "Europe/Riga", "layers": [_LAYER]})
class RotaInput(RotaChanges):
    client = Id(required=False, allow_null=True, default=None, help_text="Null: every client without a rota.")


class RotaLayerOutput(serializers.Serializer[Any]):
    members = Named(many=True)
    since = serializers.DateField()
    at = serializers.CharField()
    every = serializers.IntegerField()
    week = DutyWeekOutput(allow_null=True)


@example(_OVERRIDE)
class OverrideOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    member = Named()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    note = serializers.CharField()
    made_at = serializers.DateTimeField()
    made_by = serializers.CharField()


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e40",
        "client": None,
        "name": "Evenings and weekends",
        "zone": "Europe/Riga",
        "layers": [{**_LAYER, "members": [_BEN, _MARA]}],
        "overrides": [_OVERRIDE],
        "created_at": "2026-03-02T08:00:00Z",
    }
)
class RotaOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client = Named(allow_null=True)
    name = serializers.CharField()
    zone = serializers.CharField()
    layers = RotaLayerOutput(many=True)
    overrides = OverrideOutput(many=True, help_text="Those that aren't over, in the order they were made.")
    created_at = serializers.DateTimeField()


def _named(member: UUID, known: Mapping[UUID, Person]) -> dict[str, Any]:
    return {"id": member, "name": known[member].name if member in known else ""}


def _override(row: RotaOverride, known: Mapping[UUID, Person]) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member": _named(row.member_id, known),
        "starts_at": row.starts_at,
        "ends_at": holds_until(row),
        "note": row.note,
        "made_at": row.made_at,
        "made_by": row.made_by,
    }


def _shown(rota: Rota, known: Mapping[UUID, Person]) -> dict[str, Any]:
    now = clock.now()
    layers = [
        {
            "members": [_named(member, known) for member in layer.members],
            "since": layer.since,
            "at": f"{layer.at:%H:%M}",
            "every": layer.every,
            "week": _shown_week(layer.week),
        }
        for layer in rota.layers.all()
    ]
    about = {
        "id": rota.pk,
        "client": rota.client,
        "name": rota.name,
        "zone": rota.zone,
        "layers": layers,
        "overrides": [_override(row, known) for row in rota.overrides.all() if holds_until(row) > now],
        "created_at": rota.created_at,
    }
    return dict(RotaOutput(about).data)


def _layers(given: Sequence[Mapping[str, Any]]) -> list[NewLayer]:
    return [
        NewLayer(**{**layer, "at": time.fromisoformat(layer["at"]), "week": _asked_week(layer["week"])})
        for layer in given
    ]


class RotaViews(ApiView):
    rights = {
        "list": Right.READ,
        "create": Right.MANAGE,
        "retrieve": Right.READ,
        "update": Right.MANAGE,
        "destroy": Right.MANAGE,
        "take_over": Right.RESPOND,
    }
    filters = {"list": PageFilters}

    @operation("list_rotas", "Rotas, by name", gives=RotaOutput(many=True))
    def list(self, request: Request) -> Response:
        rows = list_rotas(by=self.actor)
        found = keyset(rows, by="name", kind="s", cursor=self.asked.get("cursor"), limit=self.asked["limit"])
        known = people()
        return paged(self.request, [_shown(rota, known) for rota in found.rows], following=found.next)

    @operation(
        "add_rota",
        "Set up who is on call",
        takes=RotaInput,
        gives=RotaOutput,
        status=201,
        conflicts=True,
        description="One rota a client, and one for all that have none of their own.",
    )
    def create(self, request: Request) -> Response:
        given = self.body(RotaInput)
        client = named_client(given["client"], by=self.actor) if given["client"] else None
        rota = add_rota(
            client=client,
            name=given["name"],
            zone=given["zone"],
            layers=_layers(given["layers"]),
            by=self.actor,
            now=clock.now(),
        )
        return Response(_shown(rota, people()), status=201)

    @operation("get_rota", "A rota", gives=RotaOutput)
    def retrieve(self, request: Request, rota_id: UUID) -> Response:
        return Response(_shown(get_rota(rota_id, by=self.actor), people()))

    @operation("change_rota", "Change who is on call", takes=RotaChanges, gives=RotaOutput)
    def update(self, request: Request, rota_id: UUID) -> Response:
        rota, given = get_rota(rota_id, by=self.actor), self.body(RotaChanges)
        rota = change_rota(
            rota,
            name=given["name"],
            zone=given["zone"],
            layers=_layers(given["layers"]),
            by=self.actor,
            now=clock.now(),
        )
        return Response(_shown(rota, people()))

    @operation("end_rota", "End a rota", status=204)
    def destroy(self, request: Request, rota_id: UUID) -> Response:
        end_rota(get_rota(rota_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

    @operation(
        "take_over_rota",
        "Be on call now, until the turn that goes on ends",
        gives=OverrideOutput,
        status=201,
        conflicts=True,
    )
    def take_over(self, request: Request, rota_id: UUID) -> Response:
        row = take_over(get_rota(rota_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(OverrideOutput(_override(row, people())).data, status=201)


@example(
    {
        "member": _MARA["id"],
        "starts_at": "2026-03-07T08:00:00Z",
        "ends_at": "2026-03-07T18:00:00Z",
        "note": "Ben is at a wedding",
    }
)
class OverrideInput(Input):
    member = Id()
    starts_at = Moment()
    ends_at = Moment()
    note = Text(max_length=200, required=False, allow_blank=True, default="")


class OverrideViews(ApiView):
    rights = {"create": Right.RESPOND, "destroy": Right.RESPOND}

    @operation(
        "add_override",
        "Have somebody take over for a while",
        takes=OverrideInput,
        gives=OverrideOutput,
        status=201,
        description="Of two at once the one that is made later holds.",
    )
    def create(self, request: Request, rota_id: UUID) -> Response:
        rota, given = get_rota(rota_id, by=self.actor), self.body(OverrideInput)
        row = add_override(rota, member_id=given.pop("member"), **given, by=self.actor, now=clock.now())
        return Response(OverrideOutput(_override(row, people())).data, status=201)

    @operation("end_override", "End an override", status=204, conflicts=True)
    def destroy(self, request: Request, override_id: UUID) -> Response:
        end_override(get_override(override_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)


# Now --------------------------------------------------------------------------------------------------------


class OnCallFilters(Filters):
    client = serializers.UUIDField(
        required=False, help_text="Who is on call for this client; else for the agency."
    )


class OnCallTurnOutput(serializers.Serializer[Any]):
    member = Named(allow_null=True, help_text="Null: nobody.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    missing = Named(many=True, help_text="Whose turn it would be, if they could take it.")


_TURN = {
    "member": _BEN,
    "starts_at": "2026-03-02T07:00:00Z",
    "ends_at": "2026-03-09T07:00:00Z",
    "missing": [],
}


@example(
    {
        "rota": {"id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e40", "name": "Evenings and weekends"},
        "at": "2026-03-06T17:04:00Z",
        "member": _BEN,
        "until": "2026-03-09T07:00:00Z",
        "next": {**_TURN, "member": _MARA},
        "turns": [_TURN],
        "gaps": [],
    }
)
class OnCallOutput(serializers.Serializer[Any]):
    rota = Named(allow_null=True, help_text="Null: no rota covers it.")
    at = serializers.DateTimeField()
    member = Named(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    next = OnCallTurnOutput(allow_null=True)
    turns = OnCallTurnOutput(many=True, help_text="Of the next four weeks.")
    gaps = OnCallTurnOutput(many=True, help_text="Those that somebody can't take, and those without anybody.")


def _turn(turn: Turn, known: Mapping[UUID, Person]) -> dict[str, Any]:
    return {
        "member": _named(turn.member, known) if turn.member else None,
        "starts_at": turn.start,
        "ends_at": turn.end,
        "missing": [_named(member, known) for member in turn.missing],
    }


class OnCallViews(ApiView):
    rights = {"retrieve": Right.READ}
    filters = {"retrieve": OnCallFilters}

    @operation("get_on_call", "Who is on call", gives=OnCallOutput)
    def retrieve(self, request: Request) -> Response:
        asked = self.asked.get("client")
        client_id = named_client(asked, by=self.actor).pk if asked else None
        rota, now = rota_covering(client_id), clock.now()
        if rota is None:
            nothing = dict.fromkeys(("rota", "member", "until", "next"))
            return Response(OnCallOutput({**nothing, "at": now, "turns": [], "gaps": []}).data)
        known = people()
        current = on_call(rota, now, client_id=client_id, known=known)
        turns = turns_of(rota, now, now + AHEAD, known=known, client_id=client_id)
        about = {
            "rota": rota,
            "at": now,
            "member": _named(current.member, known) if current.member else None,
            "until": current.until,
            "next": _turn(current.next, known) if current.next else None,
            "turns": [_turn(turn, known) for turn in turns],
            "gaps": [_turn(turn, known) for turn in turns if turn.missing or turn.member is None],
        }
        return Response(OnCallOutput(about).data)


# A member's hours --------------------------------------------------------------------------------------------


@example({"zone": "Europe/Riga", "week": {"monday": [["09:00", "17:00"]]}})
class MemberHoursInput(Input):
    zone = Text(max_length=64, required=False, allow_blank=True, default="", help_text="Of `week`.")
    week = DutyWeekInput(required=False, allow_null=True, default=None)
    calendar = Id(required=False, allow_null=True, default=None, help_text="Instead of a week.")


@example(
    {
        "zone": "Europe/Riga",
        "week": {**{day: [] for day in DAY_FIELDS}, "monday": [["09:00", "17:00"]]},
        "calendar": None,
    }
)
class MemberHoursOutput(serializers.Serializer[Any]):
    zone = serializers.CharField(allow_null=True, help_text="Null where a calendar says it, or at any time.")
    week = DutyWeekOutput(allow_null=True, help_text="Null where a calendar says it, or at any time.")
    calendar = Named(allow_null=True)


def _shown_hours(row: MemberHours | None) -> dict[str, Any]:
    about = {
        "zone": (row.zone or None) if row else None,
        "week": _shown_week(row.week) if row else None,
        "calendar": row.calendar if row else None,
    }
    return dict(MemberHoursOutput(about).data)


class MemberHoursViews(ApiView):
    """One's own; a key's are those of the member who made it."""

    rights = {"retrieve": None, "update": None, "destroy": None}

    @operation(
        "get_my_hours",
        "When I work",
        gives=MemberHoursOutput,
        description="What isn't urgent reaches you then. All null: at any time.",
    )
    def retrieve(self, request: Request) -> Response:
        if self.actor.member_id is None:
            raise Forbidden("Only a member has working hours.")
        return Response(_shown_hours(hours_of_member(self.actor.member_id)))

    @operation("set_my_hours", "Say when I work", takes=MemberHoursInput, gives=MemberHoursOutput)
    def update(self, request: Request) -> Response:
        given = self.body(MemberHoursInput)
        calendar = _calendar(given["calendar"], self.actor) if given["calendar"] else None
        if calendar is not None and given["week"] is not None:
            raise Invalid.field("calendar", "Send a week or a calendar, not both.")
        row = set_member_hours(
            zone=given["zone"],
            week=_asked_week(given["week"]),
            calendar=calendar,
            by=self.actor,
            now=clock.now(),
        )
        return Response(_shown_hours(row))

    @operation("clear_my_hours", "Be reached at any time", status=204)
    def destroy(self, request: Request) -> Response:
        clear_member_hours(by=self.actor, now=clock.now())
        return Response(status=204)


def _calendar(calendar_id: UUID, by: Actor) -> Calendar:
    """Raises: Invalid: there is no such calendar."""
    try:
        return get_calendar(calendar_id, by=by)
    except NotFound:
        raise Invalid.field("calendar", "There is no calendar with this id.") from None
