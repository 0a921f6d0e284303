"""Form fields with our cleaning and our words."""

import re
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from agency.text import clean

Choices = list[tuple[str, str]]

TOO_LONG = "Use at most %(limit_value)d characters; this has %(show_value)d."


class CleanText(forms.CharField):
    """Text that went through the one cleaner. `missing` is said when it is empty."""

    def __init__(
        self, *, max_length: int, multiline: bool = False, missing: str = "", rows: int = 6, **kwargs: Any
    ) -> None:
        self.multiline = multiline
        if multiline:
            kwargs.setdefault("widget", forms.Textarea(attrs={"rows": rows}))
        errors = {"max_length": TOO_LONG, **({"required": missing} if missing else {})}
        super().__init__(max_length=max_length, error_messages=errors, **kwargs)

    def to_python(self, value: Any) -> str:
        return clean(str(super().to_python(value) or ""), multiline=self.multiline).strip()

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # A textarea's limit counts line breaks as two characters in some browsers: the server says it better.
        return {} if self.multiline else dict(super().widget_attrs(widget))


class SecretText(forms.CharField):
    """A password or key: taken to the letter, and never shown again."""

    def __init__(self, *, missing: str = "", **kwargs: Any) -> None:
        errors = {"max_length": TOO_LONG, **({"required": missing} if missing else {})}
        kwargs.setdefault("widget", forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))
        super().__init__(strip=False, error_messages=errors, **kwargs)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        if any(ord(sign) < 32 or ord(sign) == 127 or 0xD800 <= ord(sign) < 0xE000 for sign in text):
            raise ValidationError("This has a line break or another sign in it that can't be typed.")
        return text


class Mail(forms.EmailField):
    def __init__(self, **kwargs: Any) -> None:
        errors = {
            "required": "Enter a mail address.",
            "invalid": "That isn't a mail address. One looks like name@company.example.",
            "max_length": TOO_LONG,
        }
        super().__init__(max_length=254, error_messages=errors, **kwargs)

    def to_python(self, value: Any) -> str:
        return clean(str(super().to_python(value) or ""), multiline=False).strip()


class Pick(forms.ChoiceField):
    """One of a few, by code."""

    def __init__(self, *, missing: str = "Choose one.", **kwargs: Any) -> None:
        errors = {"required": missing, "invalid_choice": missing}
        super().__init__(error_messages=errors, **kwargs)


class PickRow(forms.TypedChoiceField):
    """One of our rows by id, or None. Rows that aren't offered, another agency's among them, are all alike: unknown."""

    def __init__(self, *, missing: str = "Choose one from the list.", **kwargs: Any) -> None:
        errors = {"required": missing, "invalid_choice": missing}
        super().__init__(coerce=UUID, empty_value=None, error_messages=errors, **kwargs)


def offer(
    form: forms.Form, name: str, choices: Iterable[tuple[Any, str]], *, none: str | None = None
) -> None:
    """Fill a `PickRow`; `none` is the label of choosing nothing."""
    rows = [(str(key), label) for key, label in choices]
    form.fields[name].choices = [("", none), *rows] if none is not None else rows  # type: ignore[attr-defined]


def zones(current: str = "") -> Choices:
    """Time zones that people live in, UTC first, and the one that is set already."""
    names = ["UTC", *sorted(_places() | ({current} if current not in {"", "UTC"} else set()))]
    return [(name, name.replace("_", " ")) for name in names]


@cache
def _places() -> frozenset[str]:
    known = available_timezones()
    return frozenset(zone for zone in known if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))


class ZoneField(Pick):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Time zone")
        super().__init__(choices=zones, missing="Choose a time zone from the list.", **kwargs)


def languages(current: str = "") -> Choices:
    known = sorted(settings.LANGUAGES, key=lambda language: str(language[1]))
    names = [(code, str(name)) for code, name in known]
    return names if not current or current in dict(names) else [*names, (current, current)]


_UNITS = {
    "days": ("d", "day", "days"),
    "hours": ("h", "hour", "hours"),
    "minutes": ("", "m", "min", "mins", "minute", "minutes"),
    "seconds": ("s", "sec", "secs", "second", "seconds"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_PART = re.compile(r"\s*(\d{1,6})\s*([a-z]*)\.?[\s,]*", re.IGNORECASE)


def read_duration(text: str) -> timedelta | None:
    """ "15 min", "4 h", "1 d 12 h", or bare minutes; None for anything else."""
    at, whole = 0, timedelta()
    while at < len(text):
        part = _PART.match(text, at)
        unit = _UNIT_OF.get(part[2].lower()) if part else None
        if part is None or unit is None:
            return None
        whole += timedelta(**{unit: int(part[1])})
        at = part.end()
    return whole if text else None


def write_duration(value: timedelta) -> str:
    """Exact to the second, as `read_duration` reads it: "1 d 12 h"."""
    whole = int(value.total_seconds())
    units = ((whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s"))
    return " ".join(f"{count} {unit}" for count, unit in units if count) or "0 min"


class DurationText(forms.CharField):
    """A length of time as people write it."""

    def __init__(self, **kwargs: Any) -> None:
        errors = {"required": "Enter how long, such as 15 min or 4 h."}
        super().__init__(max_length=40, error_messages=errors, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return write_duration(value) if isinstance(value, timedelta) else value

    def clean(self, value: Any) -> timedelta | None:
        text = str(super().clean(value) or "").strip()
        if not text:
            return None
        length = read_duration(text)
        if length is None:
            raise ValidationError("Write it as 15 min, 4 h or 1 d 12 h.")
        return length
