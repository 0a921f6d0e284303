"""Sources and their health."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agency import clock
from agency.api.schema import example, operation
from agency.api.serializers import Id, Input, Named, OrNull, PageFilters, Seconds, Text, Whole
from agency.api.views import ApiView
from agency.errors import Invalid
from agency.rights import Right
from clients.api.references import named_client
from mentions.actions.sources import (
    LATEST,
    SOONEST,
    add_source,
    change_source,
    delete_source,
    pause_source,
    read_now,
    resume_source,
)
from mentions.models import Source
from mentions.platforms.registry import PLATFORMS
from mentions.queries.mentions import get_source, list_sources
from mentions.queries.reads import list_reads

HEALTH = ("new", "good", "failing", "paused")


class SourceFilters(PageFilters):
    client = serializers.UUIDField(required=False)


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


@contextmanager
def _pointing_at_settings() -> Iterator[None]:
    """A platform names its settings; a caller of the API looks for them under `settings`."""
    try:
        yield
    except Invalid as error:
        own = {"kind", "every", "client", "name"}
        fields = {name if name in own else f"settings/{name}": text for name, text in error.fields.items()}
        raise Invalid(error.message, fields=fields) from None


class SourceViews(ApiView):
    rights = {
        "list": Right.READ,
        "create": Right.MANAGE,
        "retrieve": Right.READ,
        "partial_update": Right.MANAGE,
        "destroy": Right.MANAGE,
        "pause": Right.MANAGE,
        "resume": Right.MANAGE,
        "read": Right.MANAGE,
        "reads": Right.READ,
    }
    filters = {"list": SourceFilters, "reads": PageFilters}

    @operation("list_sources", "Sources, by name", gives=SourceOutput(many=True))
    def list(self, request: Request) -> Response:
        sources = list_sources(by=self.actor, client_id=self.asked.get("client"))
        return self.page(sources, SourceOutput, by="name", kind="s")

    @operation(
        "add_source",
        "Read a source from now on",
        takes=SourceInput,
        gives=SourceOutput,
        status=201,
    )
    def create(self, request: Request) -> Response:
        given = self._named(self.body(SourceInput))
        with _pointing_at_settings():
            source = add_source(**given, by=self.actor, now=clock.now())
        return Response(SourceOutput(source).data, status=201)

    @operation("get_source", "A source", gives=SourceOutput)
    def retrieve(self, request: Request, source_id: UUID) -> Response:
        return Response(SourceOutput(get_source(source_id, by=self.actor)).data)

    @operation(
        "change_source",
        "Change a source",
        takes=SourceChanges,
        gives=SourceOutput,
        description="With other settings it is read from the beginning, at once.",
    )
    def partial_update(self, request: Request, source_id: UUID) -> Response:
        source = get_source(source_id, by=self.actor)
        changes = self._named(self.body(SourceChanges))
        if "client" in changes:
            client = changes.pop("client")
            changes["client_id"] = client.pk if client else None
        with _pointing_at_settings():
            source = change_source(source, changes=changes, by=self.actor, now=clock.now())
        return Response(SourceOutput(source).data)

    @operation(
        "delete_source", "Delete a source", status=204, description="The posts that were found there stay."
    )
    def destroy(self, request: Request, source_id: UUID) -> Response:
        delete_source(get_source(source_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(status=204)

    @operation("pause_source", "Stop reading a source for a while", gives=SourceOutput)
    def pause(self, request: Request, source_id: UUID) -> Response:
        source = pause_source(get_source(source_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(SourceOutput(source).data)

    @operation("resume_source", "Read a paused source again", gives=SourceOutput)
    def resume(self, request: Request, source_id: UUID) -> Response:
        source = resume_source(get_source(source_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(SourceOutput(source).data)

    @operation(
        "read_source",
        "Read a source now",
        gives=SourceOutput,
        status=202,
        conflicts=True,
        description="At the next tick, instead of when its time comes.",
    )
    def read(self, request: Request, source_id: UUID) -> Response:
        source = read_now(get_source(source_id, by=self.actor), by=self.actor, now=clock.now())
        return Response(SourceOutput(source).data, status=202)

    @operation("list_reads", "What reading a source brought, newest first", gives=ReadOutput(many=True))
    def reads(self, request: Request, source_id: UUID) -> Response:
        reads = list_reads(get_source(source_id, by=self.actor), by=self.actor)
        return self.page(reads, ReadOutput, by="-started_at", kind="t")

    def _named(self, given: dict[str, Any]) -> dict[str, Any]:
        """The same with rows for ids and durations for seconds."""
        if given.get("client"):
            given["client"] = named_client(given["client"], by=self.actor)
        if "every" in given:
            given["every"] = timedelta(seconds=given["every"])
        return given
