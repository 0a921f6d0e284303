"""Exports: everything about the agency, a client or an author, in one ZIP file.

Asked for as a row, made by a task that an alarm rings for until it is settled, kept in the database for a week. The
whole file is one snapshot, written in one transaction: a task that dies leaves nothing behind, and is rung for again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.core.cache import cache
from django.db import connection, transaction

from agency.actions.alarms import clear_alarms, on_alarm, set_alarm
from agency.actions.audit import record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Conflict
from agency.models import Export, ExportPart
from agency.tenancy import current_agency, tenant
from workflows.archive import Archive, Pieces
from workflows.queries.exports import (
    MENTION_COLUMNS,
    REPLY_COLUMNS,
    about_names,
    find_subject,
    mention_cells,
    progress_key,
    reply_cells,
    tables,
)
from workflows.words import EXPORT_BUILD, EXPORT_EXPIRE

log = structlog.get_logger("earshot.exports")

KEPT = timedelta(days=7)
ATTEMPTS = 5
RETRY = timedelta(seconds=30)

README = """\
Everything that Earshot held about {about}, as of {made_at:%d %B %Y, %H:%M} UTC.

mentions.csv and replies.csv open in any spreadsheet. The other files hold the whole of it, for programs: one file for each
kind of record, one JSON object a line, times in UTC, lengths of time in seconds. Records refer to one another by their
ids. manifest.json lists the files with the number of records and the SHA-256 of each.

Not in here: passwords and the secrets of keys and links, which Earshot stores only as digests or sealed, and anything of
another agency.

{files}
"""


def request_export(*, kind: str, about_id: UUID | None, by: Actor, now: datetime) -> Export:
    """Ask for a copy of everything about the agency, a client or an author; it is made in the background.

    Raises:
        NotFound: there is no such client or author; Conflict: the same is being made already.
    """
    subject = find_subject(kind, about_id, by=by)
    known = None if kind == Export.Kind.AGENCY else subject.pk
    if Export.objects.filter(kind=kind, about_id=known, state=Export.State.QUEUED).exists():
        raise Conflict("That export is being made already.")
    export = Export(kind=kind, about_id=known, requested_by=by.name[:120], created_at=now)
    export.save(force_insert=True)
    set_alarm(EXPORT_BUILD, export.pk, now)
    record(
        "data.export_asked", by=by, subject=export, now=now, details={"kind": kind, "about": str(subject.pk)}
    )
    emit("data.export_asked", subject=export, now=now, data={"kind": kind, "about": str(subject.pk)})
    return export


def note_download(agency_id: UUID, export_id: UUID, *, by: Actor, now: datetime) -> None:
    """Write down who takes it away. Not inside the agency: a download is read-only until here."""
    with tenant(agency_id):
        export = Export.objects.get(pk=export_id)
        told = {"kind": export.kind, "about": str(export.about_id or agency_id)}
        record("data.exported", by=by, subject=export, now=now, details={**told, "sha256": export.sha256})
        emit("data.exported", subject=export, now=now, data=told)


def build_export(agency_id: UUID, export_id: UUID, *, clock: Callable[[], datetime]) -> None:
    """Make it. Harmless when run twice, at once or after each other: whoever makes it holds its row."""
    with tenant(agency_id):
        begun = _begin(export_id, clock())
    if not begun:
        return
    try:
        _build(agency_id, export_id, clock)
    except Exception:
        # Whatever it was, somebody waits for the file: it is said, and tried again.
        log.exception("export broke", export=str(export_id))
        with tenant(agency_id):
            set_alarm(EXPORT_BUILD, export_id, clock() + RETRY)
    finally:
        cache.delete(progress_key(export_id))


def _begin(export_id: UUID, now: datetime) -> bool:
    """Count the attempt before it is made: one that ends the process counts too."""
    waiting = Export.objects.select_for_update(skip_locked=True).filter(
        pk=export_id, state=Export.State.QUEUED
    )
    export = waiting.first()
    if export is None:
        return False
    export.attempts += 1
    if export.attempts > ATTEMPTS:
        export.state, export.error = Export.State.FAILED, "Making it broke off each time. Ask for it again."
        clear_alarms(EXPORT_BUILD, [export.pk])
    export.save(update_fields=["attempts", "state", "error"])
    return bool(export.state == Export.State.QUEUED)


def _build(agency_id: UUID, export_id: UUID, clock: Callable[[], datetime]) -> None:
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with tenant(agency_id):
            waiting = Export.objects.select_for_update(skip_locked=True)
            export = waiting.filter(pk=export_id, state=Export.State.QUEUED).first()
            if export is not None:
                _write(export, clock)


def _write(export: Export, clock: Callable[[], datetime]) -> None:
    made_at = clock()
    key = progress_key(export.pk)
    archive = Archive(Pieces(_keep(export)), noticed=lambda rows: cache.set(key, rows, 3600))
    for table in tables(export.kind, export.about_id):
        archive.json_lines(f"{table.name}.jsonl", table.rows)
    archive.table("mentions.csv", list(MENTION_COLUMNS), mention_cells(export.kind, export.about_id))
    archive.table("replies.csv", list(REPLY_COLUMNS), reply_cells(export.kind, export.about_id))
    _describe(export, archive, made_at)
    export.sha256, export.size, export.rows = archive.finish(), archive.pieces.size, archive.rows
    export.state, export.ready_at, export.expires_at = Export.State.READY, made_at, made_at + KEPT
    export.save(update_fields=["sha256", "size", "rows", "state", "ready_at", "expires_at"])
    clear_alarms(EXPORT_BUILD, [export.pk])
    set_alarm(EXPORT_EXPIRE, export.pk, export.expires_at)


def _keep(export: Export) -> Callable[[int, bytes], None]:
    def keep(number: int, data: bytes) -> None:
        ExportPart(export=export, number=number, data=data).save(force_insert=True)

    return keep


def _describe(export: Export, archive: Archive, made_at: datetime) -> None:
    about_id = export.about_id or current_agency()
    name = about_names([(export.kind, about_id)]).get(about_id, "")
    manifest: dict[str, Any] = {
        "format": 1,
        "kind": export.kind,
        "about": {"id": about_id, "name": name},
        "made_at": made_at,
        "files": {
            file: {"rows": written.rows, "sha256": written.sha256}
            for file, written in archive.written.items()
        },
    }
    files = "\n".join(f"{written.rows:>9}  {file}" for file, written in archive.written.items())
    archive.text("README.txt", README.format(about=name or "it", made_at=made_at, files=files))
    archive.text(
        "manifest.json", orjson.dumps(manifest, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2).decode()
    )


@on_alarm(EXPORT_EXPIRE)
def expire_exports(exports: Sequence[UUID], now: datetime) -> Mapping[UUID, datetime | None]:
    """Delete the files whose week is over."""
    for export in Export.objects.select_for_update().filter(pk__in=exports).order_by("id"):
        drop_file(export)
    return {}


def drop_file(export: Export) -> None:
    """Delete an export's file; that there was one stays."""
    ExportPart.objects.filter(export=export).delete()
    export.state = Export.State.EXPIRED
    export.save(update_fields=["state"])
    clear_alarms(EXPORT_EXPIRE, [export.pk])


def drop_files() -> bool:
    """Delete all files of the agency, because they may hold what has just been erased.

    Returns:
        Whether it is done: one that is being made at this moment holds its row, and has to be waited for.
    """
    there = Export.objects.filter(state__in=[Export.State.QUEUED, Export.State.READY])
    many = there.count()
    locked = list(there.select_for_update(skip_locked=True).order_by("id"))
    for export in locked:
        if export.state == Export.State.READY:
            drop_file(export)
        else:
            # Touched, so that one whose snapshot is older than this fails and is made again.
            export.save(update_fields=["attempts"])
    return len(locked) >= many


def delete_export(export: Export, *, by: Actor, now: datetime) -> None:
    """Delete the file now instead of in a week."""
    record("data.export_deleted", by=by, subject=export, now=now, details={"kind": export.kind})
    emit("data.export_deleted", subject=export, now=now, data={"kind": export.kind})
    drop_file(export)
