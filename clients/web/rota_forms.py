"""The forms of rotas: layers of people in their order, with times as people write them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from agency.text import clean
from agency.web.fields import TOO_LONG, CleanText, PickRow, ZoneField, offer, zones
from clients.actions.rotas import MOST_LAYERS, NewLayer
from clients.hours_text import Unreadable
from clients.models import Rota, RotaLayer
from clients.rota import LONGEST_TURN, instant
from clients.week_text import read_week, write_week

_SPARE = 3  # empty places for more people


class WeekText(forms.CharField):
    """Days and times, a line for days that are alike; nothing: None."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(
            attrs={"rows": 3, "spellcheck": "false", "placeholder": "Mon-Fri 18:00-09:00"}
        )
        super().__init__(max_length=1000, error_messages={"max_length": TOO_LONG}, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value
        return write_week({int(day): pairs for day, pairs in value.items()})

    def clean(self, value: Any) -> Any:
        text = clean(str(super().clean(value) or ""), multiline=True)
        try:
            return read_week(text) or None
        except Unreadable as error:
            raise ValidationError(str(error)) from None


class InOrder(forms.Widget):
    """As many lists of people as there are places: the first, the second, …"""

    template_name = "clients/widgets/in_order.html"

    def __init__(self) -> None:
        super().__init__()
        self.choices: Sequence[tuple[str, str]] = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        sent = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return [str(value) for value in sent if value]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        chosen = [str(item) for item in value or ()]
        places = max(min(len(chosen) + _SPARE, len(self.choices)), len(chosen), 1)
        context["widget"]["places"] = [
            {
                "number": number + 1,
                "id": f"{context['widget']['attrs'].get('id', name)}{f'_{number}' if number else ''}",
                "options": [
                    {"value": key, "label": label, "selected": number < len(chosen) and chosen[number] == key}
                    for key, label in self.choices
                ],
            }
            for number in range(places)
        ]
        return context


class People(forms.Field):
    """Members in their order. One who isn't offered is unknown; the action says what is wrong with whom."""

    widget = InOrder

    def to_python(self, value: Any) -> list[UUID]:
        offered: Any = self.widget
        known = {key for key, _ in offered.choices}
        if any(item not in known for item in value or ()):
            raise ValidationError("Choose people from the list.")
        return [UUID(item) for item in value or ()]


class RotaForm(forms.Form):
    """`layers`: the layers that there are; one more can be filled in."""

    name = CleanText(label="Name", max_length=120, missing="Give it a name.", initial="On call")
    zone = ZoneField(help_text="Hand-overs are at the same local time all year.")

    def __init__(
        self,
        *args: Any,
        members: Iterable[tuple[Any, str]],
        count: int,
        clients: Iterable[tuple[Any, str]] | None = None,
        none: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["zone"].choices = zones(self.initial.get("zone") or "")
        if clients is not None:
            fields["client"] = PickRow(label="For", required=False)
            offer(self, "client", clients, none=none)
        self.count = min(max(count + 1, 2), MOST_LAYERS)
        choices = [(str(key), label) for key, label in members]
        for index in range(self.count):
            self._add_layer(index, choices)

    def _add_layer(self, index: int, choices: list[tuple[str, str]]) -> None:
        people = People(
            label="In this order", required=False, help_text="The first takes over on the day below."
        )
        people.widget.choices = choices
        new = {
            "members": people,
            "since": forms.DateField(
                label="The first takes over on",
                required=False,
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
                error_messages={"invalid": "Enter a day, such as 2026-03-02."},
            ),
            "at": forms.TimeField(
                label="Hand-over at",
                required=False,
                input_formats=["%H:%M", "%H:%M:%S"],
                widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
                error_messages={"invalid": "Enter a time, such as 09:00."},
            ),
            "every": forms.IntegerField(
                label="Days a turn lasts",
                required=False,
                min_value=1,
                max_value=LONGEST_TURN,
                help_text="1: daily. 7: weekly.",
                error_messages={
                    "invalid": "Enter a whole number of days.",
                    "min_value": "A turn lasts at least a day.",
                    "max_value": f"A turn lasts at most {LONGEST_TURN} days.",
                },
            ),
            "week": WeekText(
                label="Only in these hours",
                required=False,
                help_text="A line for days that are alike: Mon-Fri 18:00-09:00. Empty: always. "
                "A stretch that ends earlier than it begins ends on the next day.",
            ),
        }
        self.fields |= {f"layers/{index}/{name}": field for name, field in new.items()}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for index in self.filled(data):
            for name, missing in (
                ("since", "Say on which day the first takes over."),
                ("at", "Say when the hand-over is."),
                ("every", "Say how many days a turn lasts."),
            ):
                field = f"layers/{index}/{name}"
                if field not in self.errors and data.get(field) is None:
                    self.add_error(field, missing)
        return data

    def filled(self, data: Mapping[str, Any]) -> list[int]:
        """The layers that name somebody; the first one counts as meant, whatever it says."""
        return [n for n in range(self.count) if n == 0 or data.get(f"layers/{n}/members")]

    def layers(self) -> list[dict[str, Any]]:
        """Their bound fields, for the page."""
        names = ("members", "every", "since", "at", "week")
        return [
            {"number": n + 1, "fields": [self[f"layers/{n}/{name}"] for name in names]}
            for n in range(self.count)
        ]

    def asked(self) -> list[NewLayer]:
        """What was entered, once it is valid. Layers without people are left out."""
        data = self.cleaned_data
        return [
            NewLayer(
                members=data[f"layers/{n}/members"],
                since=data[f"layers/{n}/since"],
                at=data[f"layers/{n}/at"],
                every=data[f"layers/{n}/every"],
                week=data[f"layers/{n}/week"],
            )
            for n in self.filled(data)
        ]


def initial_layers(layers: Sequence[RotaLayer], today: date) -> dict[str, Any]:
    """Of the form: what there is, and what a new layer begins with."""
    monday = date.fromordinal(today.toordinal() - today.weekday())
    found: dict[str, Any] = {}
    for n in range(MOST_LAYERS):
        row = layers[n] if n < len(layers) else None
        at = row.at.strftime("%H:%M") if row else "09:00"
        new = {
            "members": row.members if row else [],
            "since": row.since if row else monday,
            "at": at,
            "every": row.every if row else 7,
            "week": row.week if row else None,
        }
        found |= {f"layers/{n}/{name}": value for name, value in new.items()}
    return found


class WallTime(forms.DateTimeField):
    """What a clock on the wall shows, in whatever zone: what it means is for the form to say."""

    def to_python(self, value: Any) -> Any:
        with timezone.override("UTC"):
            return super().to_python(value)


class OverrideForm(forms.Form):
    """When, in the rota's zone, as the browser's own fields for it send it."""

    member = PickRow(label="Who takes over", missing="Choose who takes over.")
    starts_at = WallTime(label="From")
    ends_at = WallTime(label="Until")
    note = CleanText(label="Why", max_length=200, required=False)

    def __init__(self, *args: Any, rota: Rota, members: Iterable[tuple[Any, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "member", members)
        self.zone = ZoneInfo(rota.zone)
        for name in ("starts_at", "ends_at"):
            field: Any = self.fields[name]
            field.widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
            field.input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
            field.error_messages |= {
                "required": "Enter a day and a time.",
                "invalid": "Enter a day and a time, such as 2026-03-07 18:00.",
            }
            field.help_text = f"In the rota's zone, {rota.zone.replace('_', ' ')}."

    def clean_starts_at(self) -> datetime:
        return self._there("starts_at")

    def clean_ends_at(self) -> datetime:
        return self._there("ends_at")

    def _there(self, name: str) -> datetime:
        """What was typed, on the clocks of the rota's zone: the page's own zone is another matter."""
        at: datetime = self.cleaned_data[name]
        if not 1970 <= at.year <= 2098:
            raise ValidationError("Choose a day between 1970 and 2098.")
        return instant(at.replace(tzinfo=None), self.zone)
