"""The forms of API keys."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from agency.actions.key_rotation import OVERLAP
from agency.models import ApiKey
from agency.rights import Right
from agency.web.fields import CleanText, Pick
from agency.web.limits import ClientsField

AS_IT_IS, ON_A_DATE, NEVER = "same", "date", "never"
_DAYS = (30, 90, 365)
_OVERLAPS = (
    (timedelta(0), "No longer: it stops at once"),
    (timedelta(hours=1), "For an hour"),
    (OVERLAP, "For a day"),
    (timedelta(days=3), "For 3 days"),
    (timedelta(days=7), "For 7 days"),
)


def _seconds(length: timedelta) -> str:
    return str(int(length.total_seconds()))


class _HiddenAtTimes(forms.DateInput):
    """A browser would refuse to send a form for a field that it doesn't show."""

    def use_required_attribute(self, initial: Any) -> bool:
        return False


class EndsForm(forms.Form):
    """Asks when a key ends, in days as the agency counts them."""

    ends = Pick(label="Ends", initial="365", missing="Choose when it ends.")
    # Shown where “on a date” is chosen: by parts.css.
    ends_on = forms.DateField(
        label="On",
        widget=_HiddenAtTimes(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Enter the date on which it ends.",
            "invalid": "Enter a date, such as 2026-12-31.",
        },
        help_text="At the end of that day.",
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.fields["ends"].choices = self.choices()  # type: ignore[attr-defined]
        self.fields["ends_on"].required = not self.is_bound or self.data.get("ends") == ON_A_DATE

    def choices(self) -> list[tuple[str, str]]:
        return [
            *((str(days), f"In {days} days, on {_day(self.now + timedelta(days=days))}") for days in _DAYS),
            (ON_A_DATE, "On a date …"),
            (NEVER, "Never"),
        ]

    @property
    def expires_at(self) -> datetime | None:
        """As it was chosen."""
        chosen = self.cleaned_data["ends"]
        if chosen == ON_A_DATE:
            return _end_of(self.cleaned_data["ends_on"])
        return self.now + timedelta(days=int(chosen)) if chosen.isdigit() else None


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j F Y")


def _end_of(day: date) -> datetime:
    """The midnight after it, where the agency is; of the last year, long before times can't be written any more."""
    if day.year >= 9999:
        return timezone.make_aware(datetime.combine(date(9999, 12, 30), time.min))
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def rate_field() -> forms.IntegerField:
    most = settings.API_RATE_MOST
    said = f"Between 1 and {most} calls a minute, or empty for the usual limit."
    return forms.IntegerField(
        label="Calls a minute",
        required=False,
        min_value=1,
        max_value=most,
        help_text=f"Empty: {settings.API_RATE}, as every key. At most {most}.",
        error_messages={"invalid": said, "min_value": said, "max_value": said},
    )


class KeyForm(EndsForm):
    name = CleanText(
        label="Name", max_length=120, missing="Enter a name.", help_text="The program that will use it."
    )
    rights = forms.MultipleChoiceField(
        label="It may",
        choices=Right.choices,
        initial=[Right.READ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what it may do.", "invalid_choice": "Choose what it may do."},
    )
    clients = ClientsField(help_text="It sees these clients only. Choose none for all.")
    field_order = ("name", "rights", "clients", "ends", "ends_on", "rate")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rate"] = rate_field()
        self.order_fields(self.field_order)


class ChangeKeyForm(forms.Form):
    """What a key may can only become less: what it hasn't got isn't offered."""

    name = CleanText(label="Name", max_length=120, missing="Enter a name.")
    rights = forms.MultipleChoiceField(
        label="It may",
        widget=forms.CheckboxSelectMultiple,
        help_text="Rights can be taken away here, never added. For more, make a new key.",
        error_messages={
            "required": "One right stays: choose it, or revoke the key.",
            "invalid_choice": "Choose from what it may do now.",
        },
    )

    def __init__(self, *args: Any, key: ApiKey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = [(right.value, right.label) for right in Right if right.value in key.rights]
        self.fields["rights"].choices = held  # type: ignore[attr-defined]
        self.fields["rate"] = rate_field()


class RotateForm(EndsForm):
    overlap = Pick(
        label="The old secret works on",
        choices=[(_seconds(length), label) for length, label in _OVERLAPS],
        initial=_seconds(OVERLAP),
        widget=forms.RadioSelect,
        missing="Choose how long the old secret works on.",
    )
    field_order = ("overlap", "ends", "ends_on")

    def __init__(self, *args: Any, key: ApiKey, **kwargs: Any) -> None:
        self.key = key
        super().__init__(*args, **kwargs)
        self.fields["ends"].label = "The key ends"
        self.fields["ends"].initial = AS_IT_IS

    def choices(self) -> list[tuple[str, str]]:
        end = self.key.expires_at
        # A midnight is the end of the day before, as it was chosen.
        stays = f"As it is: on {_day(end - timedelta(microseconds=1))}" if end else "As it is: never"
        rest = super().choices()
        return [(AS_IT_IS, stays), *(rest if end else rest[:-1])]

    @property
    def overlap_length(self) -> timedelta:
        return timedelta(seconds=int(self.cleaned_data["overlap"]))

    @property
    def changes_end(self) -> bool:
        return bool(self.cleaned_data["ends"] != AS_IT_IS)
