"""The activity log as a file, and that it was taken."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from agency.actions.audit import record
from agency.actor import Actor
from agency.errors import Invalid
from agency.exporting import write_csv, write_lines
from agency.queries.audit import EVERYTHING, AuditFilters, list_audit, with_links
from agency.queries.people import get_agency

FORMS = {"csv": "text/csv", "jsonl": "application/jsonl"}
NAMES = (
    *("number", "at", "who_kind", "who", "who_id", "address", "action"),
    *(
        "subject_type",
        "subject",
        "subject_id",
        "client_id",
        "details",
        "erased_at",
        "id",
        "payload_digest",
        "hash",
    ),
)
_COLUMNS = (
    *("number", "at", "actor_kind", "actor_name", "actor_id", "address", "action"),
    *(
        "subject_type",
        "subject_name",
        "subject_id",
        "client_id",
        "details",
        "erased_at",
        "id",
        "payload_digest",
        "hash",
    ),
)
_TOLD = [name for name in AuditFilters.__slots__ if name != "spoken"]
_IN_MEMORY = 1_000_000
_BATCH = 1000


def export_audit(*, form: str, filters: AuditFilters = EVERYTHING, by: Actor, now: datetime) -> IO[bytes]:
    """What the filters ask for, oldest first, in a file that is ready to be read. Its making is an entry itself.

    Args:
        form: csv or jsonl.

    Raises:
        Invalid: another form; Forbidden: without the right.
    """
    entries = with_links(list_audit(by=by, filters=filters)).order_by("at", "id").values_list(*_COLUMNS)
    if form not in FORMS:
        raise Invalid.field("form", f"Choose a form: {', '.join(FORMS)}.")
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  (whoever answers with it closes it)
    counted = _Count(_rows(entries))
    if form == "csv":
        write_csv(file, NAMES, (_cells(row) for row in counted))
    else:
        write_lines(file, counted)
    file.seek(0)
    told = {name: str(getattr(filters, name)) for name in _TOLD if getattr(filters, name)}
    details = {"form": form, "entries": counted.seen, **({"filters": told} if told else {})}
    record("audit.exported", by=by, subject=get_agency(by=by), now=now, details=details)
    return file


class _Count:
    """Counts what passes through."""

    def __init__(self, rows: Iterator[dict[str, Any]]) -> None:
        self.rows, self.seen = rows, 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            self.seen += 1
            yield row


def _rows(entries: Any) -> Iterator[dict[str, Any]]:
    return (dict(zip(NAMES, row, strict=True)) for row in entries.iterator(chunk_size=_BATCH))


def _cells(row: dict[str, Any]) -> list[Any]:
    return [_cell(value) for value in row.values()]


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return "" if value is None else value if isinstance(value, int) else str(value)
