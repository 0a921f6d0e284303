"""The form of a calendar: a zone, a line of times a day, public holidays, and dates that are different."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from agency.text import clean
from agency.web.fields import TOO_LONG, CleanText, Pick, ZoneField, zones
from clients.hours import DAYS
from clients.hours_text import Unreadable, read_intervals, read_other_day, write_intervals, write_other_day
from clients.models import CalendarVersion
from clients.opening import DAY_FIELDS, Opening, OtherDay
from clients.public_holidays import countries, regions

EXCEPTIONS_LENGTH = 30_000


class TimesText(forms.CharField):
    """ "09:00–12:00, 13:00–17:00"; nothing: closed."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "placeholder": "closed"}
        errors = {"max_length": TOO_LONG}
        super().__init__(
            required=False,
            max_length=200,
            error_messages=errors,
            widget=forms.TextInput(attrs=attrs),
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else write_intervals(value or ())

    def clean(self, value: Any) -> list[tuple[str, str]]:
        try:
            return read_intervals(clean(str(super().clean(value) or ""), multiline=False))
        except Unreadable as error:
            raise ValidationError(str(error)) from None


class OtherDays(forms.CharField):
    """A date a line, with its times or “closed”, and a name if it has one."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 5, "spellcheck": "false"})
        super().__init__(required=False, max_length=EXCEPTIONS_LENGTH, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(map(write_other_day, value))

    def clean(self, value: Any) -> list[OtherDay]:
        text = clean(str(super().clean(value) or ""), multiline=True)
        days, problems = [], []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    day, pairs, name = read_other_day(line)
                except Unreadable as error:
                    problems.append(f"Line {number}: {error}")
                else:
                    days.append(OtherDay(day, pairs, name[:120]))
        if problems:
            raise ValidationError(problems[:10])
        return days


class CalendarForm(forms.Form):
    """What a calendar says. The browser asks for this form again with another country to learn its regions."""

    zone = ZoneField(help_text="The times below are read in it, through its clock changes.")
    country = Pick(
        label="Public holidays of",
        required=False,
        missing="Choose a country from the list.",
        help_text="They are closed, and written down some years ahead.",
        # Choosing a country fetches this page for it, and takes the field of its regions from there.
        widget=forms.Select(
            attrs={
                "hx-get": "",
                "hx-target": "#region-field",
                "hx-select": "#region-field",
                "hx-swap": "outerHTML",
            }
        ),
    )
    region = Pick(label="Region", required=False, help_text="Where its own holidays differ.")
    exceptions = OtherDays(
        label="Dates that are different",
        help_text="A date a line: 2026-12-24 09:00–12:00 Christmas Eve, or 2026-12-31 closed. "
        "They go before public holidays and the week.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, day in zip(DAY_FIELDS, DAYS, strict=True):
            self.fields[name] = TimesText(label=day)
        fields: dict[str, Any] = self.fields
        fields["zone"].choices = zones(self.initial.get("zone") or "")
        fields["country"].choices = [("", "No public holidays"), *countries().items()]
        country = self.chosen_country
        known = regions(country) if country in countries() else {}
        fields["region"].choices = [("", "The whole country"), *known.items()]
        fields["region"].error_messages["invalid_choice"] = "Choose a region of this country, or none."

    @property
    def chosen_country(self) -> str:
        """The one that is chosen just now."""
        return str(self["country"].value() or "")

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[name] for name in DAY_FIELDS]

    def opening(self) -> Opening:
        """What was entered, once it is valid."""
        data = self.cleaned_data
        return Opening(
            zone=data["zone"],
            week={day: data[name] for day, name in enumerate(DAY_FIELDS) if data[name]},
            exceptions=data["exceptions"],
            country=data["country"],
            region=data["region"],
        )


class NewCalendarForm(CalendarForm):
    name = CleanText(
        label="Name",
        max_length=120,
        missing="Give it a name.",
        help_text="Such as “Office hours” or “Shop in Riga”.",
    )


class ChangeCalendarForm(CalendarForm):
    effective_from = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Enter a date such as 2026-12-24."},
        help_text="The day from which this holds, in the zone above. Leave it empty for now.",
    )

    def since(self, now: datetime) -> datetime | None:
        """The start of that day; None for now."""
        day: date | None = self.cleaned_data["effective_from"]
        zone = ZoneInfo(self.cleaned_data["zone"])
        if day is None or day == now.astimezone(zone).date():
            return None
        return datetime.combine(day, time(0), tzinfo=zone)


def as_entered(version: CalendarVersion) -> dict[str, Any]:
    """A version as the form's first values."""
    days: dict[str, Sequence[Any]] = {
        name: version.week.get(str(day), ()) for day, name in enumerate(DAY_FIELDS)
    }
    return {
        "zone": version.zone,
        **days,
        "country": version.country,
        "region": version.region,
        "exceptions": version.exceptions,
    }
