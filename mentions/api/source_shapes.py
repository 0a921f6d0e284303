"""Sources as bodies: what comes in, and what goes out."""

from typing import Any

from rest_framework import serializers

from agency.api.schema import example
from agency.api.serializers import Id, Input, Named, OrNull, Seconds, Text, Whole
from mentions.actions.sources import LATEST, SOONEST
from mentions.models import Source
from mentions.platforms.registry import PLATFORMS

HEALTH = ("new", "good", "failing", "paused")


SECRETS = frozenset().union(*(platform.secrets for platform in PLATFORMS.values()))


class Secret(serializers.CharField):
    """Taken to the letter; empty to remove what is stored."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not data.isprintable():
            self.fail("invalid")
        return super().to_internal_value(data)


class Settings(serializers.DictField):
    """What the platform of this kind needs: texts by name, such as a feed's `url`.

    A feed behind a password has a `username` and a `password` too. These are stored encrypted and never given out:
    `secrets` says which are set. When settings are changed, those that aren't named stay (unless the address changes
    to another server), and `""` removes one. A token in an address, such as `?key=…`, is kept the same way.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Text(max_length=2000), allow_empty=False, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and not all(str(name).isidentifier() for name in data):
            self.fail("not_a_dict", input_type="dictionary with such names")
        return super().to_internal_value(data)

    def run_child_validation(self, data: Any) -> Any:
        open_ones = super().run_child_validation({k: v for k, v in data.items() if k not in SECRETS})
        given, errors, secret = {}, {}, Secret(max_length=2000, allow_blank=True, trim_whitespace=False)
        for name in data.keys() & SECRETS:
            try:
                given[name] = secret.run_validation(data[name])
            except serializers.ValidationError as error:
                errors[name] = error.detail
        if errors:
            raise serializers.ValidationError(errors)
        return {**open_ones, **given}


@example({"every": 600})
class SourceChanges(Input):
    name = Text(max_length=120)
    settings = Settings()
    every = Whole(
        min_value=int(SOONEST.total_seconds()),
        max_value=int(LATEST.total_seconds()),
        default=300,
        help_text="Seconds between two readings.",
    )
    client = Id(required=False, allow_null=True, default=None, help_text="Null: for every client.")


@example(
    {
        "kind": "feed",
        "name": "Riga forum",
        "settings": {"url": "https://forum.example/feed.xml"},
        "every": 300,
        "client": None,
    }
)
class SourceInput(SourceChanges):
    kind = serializers.ChoiceField(Source.Kind.choices)


class HealthOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(HEALTH, source="health")
    last_read_at = serializers.DateTimeField(allow_null=True)
    last_good_at = serializers.DateTimeField(allow_null=True)
    next_read_at = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField(help_text="One after the other, up to now.")
    failing_since = serializers.DateTimeField(allow_null=True)
    error_code = OrNull()
    error = OrNull()


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e0b",
        "client": None,
        "kind": "feed",
        "name": "Riga forum",
        "settings": {"url": "https://forum.example/feed.xml"},
        "secrets": ["password", "username"],
        "every": 300,
        "created_at": "2026-03-06T17:04:00Z",
        "paused_at": None,
        "health": {
            "state": "failing",
            "last_read_at": "2026-03-06T17:04:00Z",
            "last_good_at": None,
            "next_read_at": "2026-03-06T17:14:00Z",
            "failures": 1,
            "failing_since": "2026-03-06T17:04:00Z",
            "error_code": "not_found",
            "error": "There is no feed at that address.",
        },
    }
)
class SourceOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client = Named(allow_null=True)
    kind = serializers.ChoiceField(Source.Kind.choices)
    name = serializers.CharField()
    settings = serializers.DictField()
    secrets = serializers.ListField(
        child=serializers.CharField(),
        source="secret_names",
        help_text="Settings that are stored and not given out.",
    )
    every = Seconds()
    created_at = serializers.DateTimeField()
    paused_at = serializers.DateTimeField(allow_null=True)
    health = HealthOutput(source="*")


@example(
    {
        "id": "0195677c-0a54-7000-8d2f-0f3c9a6b1e0c",
        "started_at": "2026-03-06T17:04:00Z",
        "finished_at": "2026-03-06T17:04:01Z",
        "outcome": "read",
        "entries": 20,
        "posts": 2,
        "mentions": 1,
        "error_code": None,
        "error": None,
    }
)
class ReadOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(["read", "unchanged", "failed"])
    entries = serializers.IntegerField(help_text="That the source had not shown before.")
    posts = serializers.IntegerField(help_text="That concern a client and weren't known.")
    mentions = serializers.IntegerField()
    error_code = OrNull()
    error = OrNull()
