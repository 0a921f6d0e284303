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
from agency.api.schema import operation
from agency.api.serializers import PageFilters
from agency.api.views import ApiView
from agency.errors import Invalid
from agency.rights import Right
from clients.api.references import named_client
from mentions.actions.sources import (
    add_source,
    change_source,
    delete_source,
    pause_source,
    read_now,
    resume_source,
)
from mentions.api.source_shapes import ReadOutput, SourceChanges, SourceInput, SourceOutput
from mentions.queries.mentions import get_source, list_sources
from mentions.queries.reads import list_reads


class SourceFilters(PageFilters):
    client = serializers.UUIDField(
        required=False, help_text="Only those that are read for this client alone."
    )


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
        description="At once, and then every so many seconds. A post that fits a client's listening query becomes a"
        " mention of that client.",
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
