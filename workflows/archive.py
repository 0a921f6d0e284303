"""A ZIP file written as a stream: each finished piece is handed on, so that memory stays the same whatever the size."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from agency.exporting import neutral

PIECE = 1_000_000


class Pieces:
    """What `zipfile` writes to. It can't go back, and needn't.

    Args:
        store: takes (number, bytes) of each piece of about a megabyte.
    """

    def __init__(self, store: Callable[[int, bytes], None]) -> None:
        self._store = store
        self._held = bytearray()
        self._hash = hashlib.sha256()
        self.count = self.size = 0

    def write(self, data: bytes) -> int:
        self._held += data
        self._hash.update(data)
        self.size += len(data)
        while len(self._held) >= PIECE:
            self._hand_on(PIECE)
        return len(data)

    def flush(self) -> None:
        """`zipfile` asks for it after each file; pieces are handed on when they are full."""

    def finish(self) -> str:
        """Hand the rest on; the SHA-256 of the whole."""
        if self._held:
            self._hand_on(len(self._held))
        return self._hash.hexdigest()

    def _hand_on(self, size: int) -> None:
        self._store(self.count, bytes(self._held[:size]))
        del self._held[:size]
        self.count += 1


@dataclass(frozen=True, slots=True)
class Written:
    rows: int
    sha256: str


@dataclass(slots=True)
class Archive:
    """One ZIP file. `written`: what is in it so far; `noticed` is told of each further thousand rows."""

    pieces: Pieces
    noticed: Callable[[int], None] = lambda rows: None
    written: dict[str, Written] = field(default_factory=dict)
    rows: int = 0
    _zip: zipfile.ZipFile = field(init=False)

    def __post_init__(self) -> None:
        # zipfile needs nothing but write and flush of what it can't seek in.
        self._zip = zipfile.ZipFile(self.pieces, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]

    def json_lines(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        self._write(name, (_line(row) for row in rows))

    def table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """As comma-separated values that a spreadsheet opens as they are, formulas being text."""
        self._write(name, _cells(rows), before=("\ufeff" + _row(header)).encode())

    def text(self, name: str, text: str) -> None:
        self._zip.writestr(name, text)

    def finish(self) -> str:
        """The SHA-256 of the whole."""
        self._zip.close()
        return self.pieces.finish()

    def _write(self, name: str, lines: Iterable[bytes], *, before: bytes = b"") -> None:
        digest, count = hashlib.sha256(before), 0
        with self._zip.open(name, "w", force_zip64=True) as file:
            file.write(before)
            for line in lines:
                file.write(line)
                digest.update(line)
                count += 1
                self.rows += 1
                if self.rows % 1000 == 0:
                    self.noticed(self.rows)
        self.written[name] = Written(count, digest.hexdigest())


def _line(row: dict[str, Any]) -> bytes:
    return orjson.dumps(row, default=_other, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _other(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"{type(value).__name__} has no form in JSON.")


def _cells(rows: Iterable[Sequence[object]]) -> Iterable[bytes]:
    for row in rows:
        yield _row([_shown(value) for value in row]).encode()


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return neutral("" if value is None else str(value))


def _row(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue()
