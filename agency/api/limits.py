"""The clients that a member or a key is for, as the API says them."""

from typing import Any

from rest_framework import serializers

from agency.api.serializers import Id


class ClientIds(serializers.ListField):
    """Ids of clients, or null for all of them."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {
            "child": Id(),
            "required": False,
            "allow_null": True,
            "default": None,
            "max_length": 1000,
            "help_text": "The only clients that are seen; null: all of them.",
            **kwargs,
        }
        super().__init__(**kwargs)
