"""Bases of input and output: what comes in is taken strictly, what goes out is named once."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agency.api.pagination import DEFAULT_LIMIT, MOST
from agency.text import clean

# In ASCII alone: digits of other scripts are digits to Python, too.
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DIGITS = re.compile(r"-?[0-9]{1,18}")
_NOT_UTF8 = "\ufffd"  # what Django reads in place of bytes that are none
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

# In ------------------------------------------------------------------------------------------------------


class Text(serializers.CharField):
    """Text from outside, through the one cleaner. A number isn't text."""

    def __init__(self, *, multiline: bool = False, **kwargs: Any) -> None:
        self.multiline = multiline
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)  # as the document says: before it is cleaned
        value = clean(super().to_internal_value(data), multiline=self.multiline).strip()
        if not value and not self.allow_blank:
            self.fail("blank")
        return value


class Email(Text, serializers.EmailField):
    """A mail address of at most 254 characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)


class Whole(serializers.IntegerField):
    """A whole number of JSON: not a string of digits, not true."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)


class Switch(serializers.BooleanField):
    """True or false of JSON: not 0, not "off"."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class YesOrNo(serializers.BooleanField):
    """Of a query: `true` or `false`, and no other spelling."""

    def to_internal_value(self, data: Any) -> bool:
        if data not in {"true", "false"}:
            self.fail("invalid", input=data)
        return bool(data == "true")


class Id(serializers.UUIDField):
    """A UUID in its usual spelling."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str) or not _UUID.fullmatch(data):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """An RFC 3339 time with its offset: without one nobody knows when it is. From 1900 to 2199, so that every zone's
    time, and what is reckoned from it, are times too.
    """

    default_error_messages = {
        "invalid": "This isn't a time as RFC 3339 writes it, with its offset, such as 2026-03-06T19:04:00Z.",
        "reach": "Choose a moment from 1900 to 2199.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            self.fail("invalid")
        try:
            moment = datetime.fromisoformat(value.upper())
        except ValueError:  # such as the 30th of February, or a leap second
            self.fail("invalid")
        if (
            not EARLIEST <= moment < LATEST
        ):  # as aware times are compared: nothing is reckoned that could overflow
            self.fail("reach")
        return moment.astimezone(UTC)


class Day(serializers.DateField):
    """A date as RFC 3339 writes it: 2026-03-06. From 1900 to 2199."""

    default_error_messages = {
        "invalid": "This isn't a date, such as 2026-03-06.",
        "reach": "Choose a day from 1900 to 2199.",
    }

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail("invalid")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail("invalid")
        if not EARLIEST.date() <= day < LATEST.date():
            self.fail("reach")
        return day


class Number(serializers.IntegerField):
    """A whole number in a query, in plain digits."""

    def to_internal_value(self, data: Any) -> int:
        if not _DIGITS.fullmatch(str(data)):
            self.fail("invalid")
        return super().to_internal_value(data)


@cache
def kept(form: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """One of this class, for all: making its fields takes longer than what they do. It holds nothing of any call."""
    return form()


def shown_as(output: type[serializers.Serializer[Any]], value: Any) -> dict[str, Any]:
    """What `output(value).data` is."""
    return dict(kept(output).to_representation(value))


def all_shown_as(output: type[serializers.Serializer[Any]], values: Iterable[Any]) -> list[dict[str, Any]]:
    """What `output(values, many=True).data` is."""
    return [shown_as(output, value) for value in values]


class Input(serializers.Serializer[Any]):
    """Refuses fields that it doesn't know: a misspelt name is an error, not silence."""

    @classmethod
    def read(cls, data: Any, *, partial: bool = False) -> dict[str, Any]:
        """What was given, checked.

        Raises:
            ValidationError: by field.
        """
        if data is None:  # as `is_valid` says it
            raise serializers.ValidationError({"non_field_errors": ["No data provided"]})
        return dict(_kept_form(cls, partial).run_validation(data))

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = {
                key: [serializers.ErrorDetail(f"There is no field “{key}” here.", code="unknown_field")]
                for key in map(str, data)
                if key not in self.fields
            }
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


@cache
def _kept_form(form: type[Input], partial: bool) -> Input:
    """One for all calls, as `kept`: `run_validation` leaves nothing in it."""
    return form(partial=partial)


class Several(serializers.ListField):
    """A query parameter that is given once for each value, or once with commas between."""

    def to_internal_value(self, data: Any) -> list[Any]:
        return super().to_internal_value([part for value in data for part in value.split(",") if part])


class Filters(Input):
    """Query parameters. Unknown ones are refused: a misspelt filter must not show everything.

    Attributes:
        looked_at: its fields, without those that are optional and weren't given.
    """

    looked_at: list[Any] | None = None

    @property
    def _writable_fields(self) -> list[Any]:
        return [*super()._writable_fields] if self.looked_at is None else self.looked_at

    @classmethod
    def read(cls, given: QueryDict) -> Mapping[str, Any]:  # type: ignore[override]
        """Raises: ValidationError, by parameter."""
        form = kept(cls)
        twice = [
            name
            for name, values in given.lists()
            if len(values) != 1 and not isinstance(form.fields.get(name), Several)
        ]
        if twice:
            raise serializers.ValidationError({name: ["Give this once."] for name in twice})
        if broken := [name for name, values in given.lists() if any(_NOT_UTF8 in value for value in values)]:
            raise serializers.ValidationError({name: ["This isn't UTF-8."] for name in broken})
        values = {
            name: values if isinstance(form.fields.get(name), Several) else values[0]
            for name, values in given.lists()
        }
        return dict(_made_for(cls, frozenset(form.fields.keys() & values.keys())).run_validation(values))


@lru_cache(maxsize=512)
def _made_for(form: type[Filters], given: frozenset[str]) -> Filters:
    """One that looks at the parameters that are given, and at those that are something even where they aren't."""
    made = form()
    made.looked_at = [
        field
        for name, field in made.fields.items()
        if name in given or field.required or field.default is not serializers.empty
    ]
    return made


class PageFilters(Filters):
    cursor = serializers.CharField(
        required=False, max_length=500, help_text="From `next` of the page before."
    )
    limit = Number(
        required=False, default=DEFAULT_LIMIT, min_value=1, max_value=MOST, help_text="Rows a page."
    )


# Out -----------------------------------------------------------------------------------------------------


@extend_schema_field(OpenApiTypes.NUMBER)
class Seconds(serializers.Field[Any, Any, Any, Any]):
    """A duration in seconds."""

    def to_representation(self, value: Any) -> float:
        seconds = float(value.total_seconds())
        return int(seconds) if seconds.is_integer() else seconds


class OrNull(serializers.CharField):
    """A text that is null where there is none, for addresses and codes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, **kwargs)

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value) if value else None


class ChoiceOrNull(serializers.ChoiceField):
    """One of the choices, or null where there is none."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        super().__init__(choices, allow_null=True, **kwargs)

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value) if value else None


class Named(serializers.Serializer[Any]):
    """Something by its id, with the name that people know it by."""

    id = serializers.UUIDField()
    name = serializers.CharField()
