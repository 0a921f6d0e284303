"""Who is on call: now, in the next two weeks, and how that is arranged."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from agency.rights import Right
from agency.web.answers import see_other
from agency.web.form_pages import ConfirmPage, FormPage
from agency.web.views import StaffPage
from clients.actions.rotas import (
    add_override,
    add_rota,
    change_rota,
    end_override,
    end_rota,
    take_over,
)
from clients.models import Rota, RotaOverride
from clients.queries.clients import get_client, list_clients
from clients.queries.rotas import (
    Person,
    get_override,
    get_rota,
    holds_until,
    list_rotas,
    on_call,
    people,
    turns_of,
)
from clients.rota import Turn
from clients.web.numbered import renumbered
from clients.web.rota_forms import OverrideForm, RotaForm, initial_layers
from clients.week_text import write_week

DRAWN, LISTED = timedelta(days=14), timedelta(days=28)
COLOURS = 6
GAPS_SHOWN = 3


class OnCallPage(StaffPage):
    right = Right.READ
    nav = "on-call"

    def get(self, request: HttpRequest) -> HttpResponse:
        known = people()
        rotas = list_rotas(by=self.actor).order_by("client__name", "id")
        # The agency's own first.
        rows = sorted(rotas, key=lambda rota: (rota.client_id is not None, str(rota.client or "")))
        context = {
            "rotas": [self._shown(rota, known) for rota in rows],
            "add_url": reverse("rota-add") if self.actor.may(Right.MANAGE) else "",
        }
        return self.page("clients/on_call.html", context)

    def _shown(self, rota: Rota, known: Mapping[UUID, Person]) -> dict[str, Any]:
        current = on_call(rota, self.now, known=known)
        turns = turns_of(rota, self.now, self.now + LISTED, known=known)
        drawn = [turn for turn in turns if turn.start < self.now + DRAWN]
        colours = _colours(rota)
        may_change, works = self.actor.may_change(rota.client_id), self.actor.may(Right.RESPOND)
        is_me = current.member is not None and current.member == self.actor.member_id
        return {
            "name": rota.name,
            "whom": rota.client.name if rota.client else "All clients without a rota of their own",
            "zone": rota.zone,
            "who": _name(current.member, known),
            "until": current.until,
            "next": _turn(current.next, known, colours) if current.next else None,
            "turns": [_turn(turn, known, colours) for turn in drawn if turn.member],
            "blocks": [_block(turn, known, colours, self.now) for turn in drawn],
            "days": _days(self.now, rota.zone),
            "gaps": _gaps([turn for turn in turns if turn.missing or turn.member is None], known),
            "layers": [_layer(layer, known) for layer in rota.layers.all()],
            "overrides": [
                self._override(row, may_change) for row in rota.overrides.all() if holds_until(row) > self.now
            ],
            "edit_url": reverse("rota-edit", args=[rota.pk]) if may_change else "",
            "override_url": reverse("override-add", args=[rota.pk]) if works else "",
            "take_url": reverse("rota-take", args=[rota.pk]) if works and not is_me else "",
        }

    def _override(self, row: RotaOverride, may_change: bool) -> dict[str, Any]:
        may_end = may_change or (self.actor.may(Right.RESPOND) and row.member_id == self.actor.member_id)
        return {
            "who": row.member.name,
            "starts_at": row.starts_at,
            "ends_at": row.ends_at,
            "made_by": row.made_by,
            "note": row.note,
            "end_url": reverse("override-end", args=[row.pk]) if may_end else "",
        }


def _name(member: UUID | None, known: Mapping[UUID, Person]) -> str:
    person = known.get(member) if member else None
    return person.name if person else ""


def _colours(rota: Rota) -> dict[UUID, int]:
    """Everybody keeps a colour, by their place in the rota."""
    order = [member for layer in rota.layers.all() for member in layer.members]
    order += [row.member_id for row in rota.overrides.all()]
    return {member: n % COLOURS + 1 for n, member in enumerate(dict.fromkeys(order))}


def _turn(turn: Turn, known: Mapping[UUID, Person], colours: Mapping[UUID, int]) -> dict[str, Any]:
    return {
        "who": _name(turn.member, known),
        "colour": colours.get(turn.member, 0) if turn.member else 0,
        "start": turn.start,
        "end": turn.end,
        "by_override": turn.override is not None,
        "missing": ", ".join(_name(member, known) for member in turn.missing),
    }


def _block(
    turn: Turn, known: Mapping[UUID, Person], colours: Mapping[UUID, int], now: datetime
) -> dict[str, Any]:
    """A stretch of the drawing, in percent of two weeks."""
    start, end = max(turn.start, now), min(turn.end, now + DRAWN)
    return {
        "x": f"{(start - now) / DRAWN * 100:.3f}%",
        "width": f"{(end - start) / DRAWN * 100:.3f}%",
        "colour": colours.get(turn.member, 0) if turn.member else 0,
        "who": _name(turn.member, known),
    }


def _days(now: datetime, zone: str) -> list[dict[str, Any]]:
    """Every other midnight, by the rota's clocks."""
    there = ZoneInfo(zone)
    today = now.astimezone(there).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    found = []
    for n in range(1, DRAWN.days + 1):
        at = (today + timedelta(days=n)).replace(tzinfo=there)
        share = (at - now) / DRAWN * 100
        if share < 100:
            found.append({"x": f"{share:.3f}%", "text": f"{at:%a %-d}", "is_named": n % 2 == 1})
    return found


def _gaps(turns: Sequence[Turn], known: Mapping[UUID, Person]) -> list[dict[str, Any]]:
    """What is wrong, each said once, with the times at which it is: evenings alone leave a gap a day."""
    times: dict[tuple[str, bool], list[Turn]] = {}
    for turn in turns:
        times.setdefault((_gap(turn, known), turn.member is None), []).append(turn)
    return [
        {
            "sentence": sentence,
            "is_empty": is_empty,
            "spans": found[:GAPS_SHOWN],
            "more": found[GAPS_SHOWN:],
        }
        for (sentence, is_empty), found in times.items()
    ]


def _gap(turn: Turn, known: Mapping[UUID, Person]) -> str:
    said = ". ".join(_why_absent(known.get(member)) for member in turn.missing)
    instead = _name(turn.member, known)
    then = f"{instead} stands in" if instead else "nobody is on call"
    return f"{said}: {then}." if said else "Nobody is on call at these times:"


def _why_absent(person: Person | None) -> str:
    if person is None:
        return "Somebody is gone"
    if not person.is_here:
        return f"{person.name} has left"
    return (
        f"{person.name} only reads" if not person.answers else f"{person.name} doesn't work for this client"
    )


def _layer(layer: Any, known: Mapping[UUID, Person]) -> dict[str, Any]:
    often = {1: "every day", 7: "every week"}.get(layer.every, f"every {layer.every} days")
    weekday = f" on {layer.since:%A}s" if layer.every % 7 == 0 else ""
    return {
        "number": layer.position + 1,
        "members": ", ".join(_name(member, known) or "somebody who left" for member in layer.members),
        "turns": f"Hand-over {often}{weekday} at {layer.at:%H:%M}",
        "hours": write_week({int(day): pairs for day, pairs in layer.week.items()}).replace("\n", "; ")
        if layer.week
        else "",
    }


# Changing --------------------------------------------------------------------------------------------


class RotaPage(FormPage):
    """A form about one rota; cancelling leads back to who is on call."""

    right = Right.MANAGE
    nav = "on-call"
    rota: Rota

    def load(self, **kwargs: Any) -> None:
        self.rota = get_rota(kwargs["rota_id"], by=self.actor)

    def cancel_url(self) -> str:
        return reverse("on-call")

    def _offered(self, client_id: UUID | None) -> list[tuple[UUID, str]]:
        """Who can be on call, and whoever is named already: that they can't be is for the action to say."""
        named = {member for layer in self._layers() for member in layer.members}
        return [
            (person.id, person.name if person.is_here else f"{person.name} (left)")
            for person in people().values()
            if person.can_see(client_id) or person.id in named
        ]

    def _layers(self) -> list[Any]:
        return list(self.rota.layers.all())


class AddRota(RotaPage):
    template_name = "clients/rota_form.html"
    title = "Set up who is on call"
    intro = (
        "For what comes after hours, and for what is urgent at any time. A client may have a rota of its own; "
        "for all others the agency's holds."
    )
    submit_label = "Set it up"

    def load(self, **kwargs: Any) -> None:
        pass

    def _layers(self) -> list[Any]:
        return []

    def make_form(self, data: QueryDict | None) -> forms.Form:
        initial = {"zone": self.house.agency.time_zone, "client": self.request.GET.get("client", "")}
        today = self.now.astimezone(ZoneInfo(self.house.agency.time_zone)).date()
        clients = list_clients(by=self.actor).order_by("name", "id").values_list("pk", "name")
        return RotaForm(
            data,
            initial={**initial, **initial_layers([], today)},
            members=self._offered(None),
            count=0,
            clients=clients,
            none=None if self.actor.clients is not None else "All clients",
        )

    def save(self, data: dict[str, Any]) -> str:
        assert isinstance(self.form, RotaForm)  # noqa: S101  (make_form says so)
        client = get_client(data["client"], by=self.actor) if data["client"] else None
        with renumbered({"layers": self.form.filled(data)}):
            add_rota(
                client=client,
                name=data["name"],
                zone=data["zone"],
                layers=self.form.asked(),
                by=self.actor,
                now=self.now,
            )
        self.said = "Set up. Whoever comes on call is told."
        return self.cancel_url()


class EditRota(RotaPage):
    template_name = "clients/rota_form.html"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.actor.require_client(self.rota.client_id)
        self.title = f"Change “{self.rota.name}”"
        self.intro = (
            "It holds from now on, all layers at once. To change a single turn, have somebody take it over."
        )

    def make_form(self, data: QueryDict | None) -> forms.Form:
        layers = self._layers()
        today = self.now.astimezone(ZoneInfo(self.rota.zone)).date()
        initial = {"name": self.rota.name, "zone": self.rota.zone, **initial_layers(layers, today)}
        return RotaForm(data, initial=initial, members=self._offered(self.rota.client_id), count=len(layers))

    def extra(self) -> dict[str, Any]:
        return {"remove_url": reverse("rota-end", args=[self.rota.pk]), "remove_label": "End this rota"}

    def save(self, data: dict[str, Any]) -> str:
        assert isinstance(self.form, RotaForm)  # noqa: S101  (make_form says so)
        with renumbered({"layers": self.form.filled(data)}):
            change_rota(
                self.rota,
                name=data["name"],
                zone=data["zone"],
                layers=self.form.asked(),
                by=self.actor,
                now=self.now,
            )
        return self.cancel_url()


class EndRota(RotaPage, ConfirmPage):
    submit_label = "End it"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.actor.require_client(self.rota.client_id)
        self.title = f"End “{self.rota.name}”"
        self.sentence = "Nobody is on call by it any more."
        self.consequence = (
            "The client comes under the agency's rota, if there is one."
            if self.rota.client
            else "Where no client's own rota helps, something urgent goes to the managers at once."
        )

    def act(self) -> str:
        end_rota(self.rota, by=self.actor, now=self.now)
        self.said = f"“{self.rota.name}” has ended."
        return self.cancel_url()


class TakeOver(RotaPage, ConfirmPage):
    right = Right.RESPOND
    title = "Be on call now"
    submit_label = "Hand over to me"
    danger = False

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        known = people()
        current = on_call(self.rota, self.now, known=known)
        who = _name(current.member, known) or "nobody"
        until = current.until.astimezone(ZoneInfo(self.rota.zone))
        self.sentence = (
            f"On call now is {who}. You take over, until {until:%a %d %b, %H:%M} ({self.rota.zone})."
        )
        self.consequence = "Both of you are told."

    def act(self) -> str:
        take_over(self.rota, by=self.actor, now=self.now)
        self.said = "You are on call."
        return self.cancel_url()


class AddOverride(RotaPage):
    right = Right.RESPOND
    title = "Have somebody take over"
    submit_label = "Take over"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        may_all = self.actor.may_change(self.rota.client_id)
        self.intro = f"“{self.rota.name}” goes on as it is before and after. " + (
            "Of two at once the one that is made later holds."
            if may_all
            else "You can take over yourself, or give a turn of your own to somebody else."
        )

    def make_form(self, data: QueryDict | None) -> forms.Form:
        current = on_call(self.rota, self.now)
        there = ZoneInfo(self.rota.zone)
        spans = {"starts_at": self.now, "ends_at": current.until}
        initial: dict[str, Any] = {
            name: f"{at.astimezone(there):%Y-%m-%dT%H:%M}" for name, at in spans.items()
        }
        initial["member"] = str(self.actor.member_id or "")
        return OverrideForm(data, initial=initial, rota=self.rota, members=self._offered(self.rota.client_id))

    def save(self, data: dict[str, Any]) -> str:
        add_override(
            self.rota,
            member_id=data["member"],
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            note=data["note"],
            by=self.actor,
            now=self.now,
        )
        self.said = "Taken over."
        return self.cancel_url()


class EndOverride(StaffPage):
    right = Right.RESPOND
    nav = "on-call"

    def get(self, request: HttpRequest, override_id: UUID) -> HttpResponse:
        """Somebody reloads an address that only takes a press."""
        return see_other(request, reverse("on-call"))

    def post(self, request: HttpRequest, override_id: UUID) -> HttpResponse:
        end_override(get_override(override_id, by=self.actor), by=self.actor, now=self.now)
        return self.done(reverse("on-call"), "Ended. The rota goes on as it would have.")
