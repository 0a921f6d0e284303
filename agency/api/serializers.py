"""Bases of input and output: what comes in is taken strictly, what goes out is named once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agency.api.pagination import DEFAULT_LIMIT, MOST
from agency.text import clean

# In ------------------------------------------------------------------------------------------------------


class Text(serializers.CharField):
    """Text from outside, through the one cleaner. A number isn't text."""

    def __init__(self, *, multiline: bool = False, **kwargs: Any) -> None:
        self.multiline = multiline
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
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


class Id(serializers.UUIDField):
    """A UUID in its usual spelling."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """An RFC 3339 time with its offset: without one nobody knows when it is."""

    def enforce_timezone(self, value: Any) -> Any:
        if value.tzinfo is None:
            self.fail("invalid", format="2026-03-06T19:04:00Z")
        return super().enforce_timezone(value)


class Input(serializers.Serializer[Any]):
    """Refuses fields that it doesn't know: a misspelt name is an error, not silence."""

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


class Several(serializers.ListField):
    """A query parameter that is given once for each value, or once with commas between."""

    def to_internal_value(self, data: Any) -> list[Any]:
        return super().to_internal_value([part for value in data for part in value.split(",") if part])


class Filters(Input):
    """Query parameters. Unknown ones are refused: a misspelt filter must not show everything."""

    @classmethod
    def read(cls, given: QueryDict) -> Mapping[str, Any]:
        """Raises: ValidationError, by parameter."""
        form = cls()
        twice = [
            name
            for name, values in given.lists()
            if len(values) != 1 and not isinstance(form.fields.get(name), Several)
        ]
        if twice:
            raise serializers.ValidationError({name: ["Give this once."] for name in twice})
        values = {
            name: values if isinstance(form.fields.get(name), Several) else values[0]
            for name, values in given.lists()
        }
        checked = cls(data=values)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)


class PageFilters(Filters):
    cursor = serializers.CharField(
        required=False, max_length=500, help_text="From `next` of the page before."
    )
    limit = serializers.IntegerField(
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
