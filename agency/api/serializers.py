"""Bases of input and output."""

from typing import Any

from rest_framework import serializers

from agency.text import clean


class Text(serializers.CharField):
    """Text from outside, through the one cleaner."""

    def __init__(self, *, multiline: bool = False, **kwargs: Any) -> None:
        self.multiline = multiline
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        value = clean(super().to_internal_value(data), multiline=self.multiline).strip()
        if not value and not self.allow_blank:
            self.fail("blank")
        return value


class Input(serializers.Serializer[Any]):
    """Refuses fields that it doesn't know: a misspelt name is an error, not silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = {
                key: [f"There is no field “{key}” here."] for key in map(str, data) if key not in self.fields
            }
            if unknown:
                raise serializers.ValidationError(unknown, code="unknown_field")
        return super().to_internal_value(data)
