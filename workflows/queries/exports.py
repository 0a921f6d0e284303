"""Guarded access to exports, and what is in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import F, QuerySet

from agency.actor import Actor
from agency.errors import NotFound
from agency.models import Agency, Export, ExportPart
from agency.rights import Right
from agency.tenancy import tenant
from clients.models import Client
from mentions.models import Author, Mention
from workflows.inventory import columns, kept, rows_about
from workflows.models import Version

# Rows that are held at a time.
CHUNK = 500


def list_exports(*, by: Actor) -> "QuerySet[Export]":
    by.require(Right.DATA)
    by.require_all_clients()
    exports: QuerySet[Export] = Export.objects.all()
    return exports


def get_export(export_id: UUID, *, by: Actor) -> Export:
    """Raises: NotFound."""
    export = list_exports(by=by).filter(pk=export_id).first()
    if export is None:
        raise NotFound
    return export


def pieces_of(agency_id: UUID, export_id: UUID, *, count: int) -> Iterator[bytes]:
    """The file, each piece in a transaction of its own: who downloads slowly holds nothing up."""
    for number in range(count):
        with tenant(agency_id, read_only=True):
            yield bytes(
                ExportPart.objects.values_list("data", flat=True).get(export_id=export_id, number=number)
            )


def progress_key(export_id: UUID) -> str:
    return f"export-rows:{export_id}"


def rows_so_far(export: Export) -> int:
    """While it is made: a hint from the cache, as nothing of it is committed yet."""
    return int(cache.get(progress_key(export.pk)) or 0)


# Whom it is about -----------------------------------------------------------------------------------------


def about_names(kind_ids: "list[tuple[str, UUID | None]]") -> dict[UUID, str]:
    """Names of these clients, authors and agencies, as far as they are there still."""
    names: dict[UUID, str] = {}
    for kind, model in (("client", Client), ("author", Author), ("agency", Agency)):
        ids = {about_id for its_kind, about_id in kind_ids if its_kind == kind and about_id}
        if ids:
            found: dict[UUID, Any] = model.objects.in_bulk(list(ids))
            names |= {pk: str(row) for pk, row in found.items()}
    return names


def find_subject(kind: str, about_id: UUID | None, *, by: Actor) -> Agency | Client | Author:
    """What an export or an erasure is about.

    Raises:
        NotFound: absent or foreign.
    """
    by.require(Right.DATA)
    by.require_all_clients()
    if kind == "agency":
        if about_id not in {None, by.agency_id}:
            raise NotFound
        return Agency.objects.get(pk=by.agency_id)
    model: Any = Client if kind == "client" else Author
    found: Client | Author | None = model.objects.filter(pk=about_id).first()
    if found is None:
        raise NotFound
    return found


# What is in it ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    rows: Iterator[dict[str, Any]]


def tables(kind: str, about_id: UUID | None) -> Iterator[Table]:
    """Every table with rows about it. Inside the agency."""
    for model, entry in kept():
        rows = rows_about(model, entry, kind=kind, about_id=about_id) if entry.file else None
        if rows is not None:
            more = {name: F(path) for name, path in entry.more.items()}
            found = rows.order_by("pk").values(*columns(model, entry), **more)
            yield Table(entry.file, found.iterator(chunk_size=CHUNK))


MENTION_COLUMNS = {
    "id": "id", "client": "client__name", "state": "state", "priority": "priority", "author": "post__author__name",
    "platform": "post__platform", "published (UTC)": "published_at", "found (UTC)": "recorded_at",
    "answered (UTC)": "responded_at", "late": "breached", "dismissed because": "dismiss_reason",
    "title": "post__title", "text": "post__text", "address": "post__url", "answer's address": "answer_url",
}  # fmt: skip
REPLY_COLUMNS = {
    "mention": "response__mention_id", "client": "response__mention__client__name", "version": "number", "text": "text",
    "written by": "author_name", "written (UTC)": "created_at",
    "answered (UTC)": "response__mention__responded_at", "answer's address": "response__mention__answer_url",
}  # fmt: skip


def mention_cells(kind: str, about_id: UUID | None) -> Iterator[tuple[object, ...]]:
    return _cells(Mention, "mentions.Mention", MENTION_COLUMNS, kind, about_id)


def reply_cells(kind: str, about_id: UUID | None) -> Iterator[tuple[object, ...]]:
    return _cells(Version, "workflows.Version", REPLY_COLUMNS, kind, about_id)


def _cells(
    model: Any, label: str, shown: dict[str, str], kind: str, about_id: UUID | None
) -> Iterator[tuple[object, ...]]:
    entry = next(entry for its_model, entry in kept() if its_model._meta.label == label)
    rows = rows_about(model, entry, kind=kind, about_id=about_id)
    if rows is None:
        return iter(())
    found: Iterator[tuple[object, ...]] = (
        rows.order_by("pk").values_list(*shown.values()).iterator(chunk_size=CHUNK)
    )
    return found
