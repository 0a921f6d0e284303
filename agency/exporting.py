"""Files for other programs: CSV that no spreadsheet takes for formulas, and JSON lines."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import IO, Any

import orjson

# What a spreadsheet begins a formula with. `|` and `%` are read as commands by old ones.
_FORMULA = frozenset("=+-@|%")
# Leading characters that some spreadsheets skip before they look for a formula: blanks, controls, what shows nothing.
_SKIPPED = ("Z", "C")


def neutral(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula."""
    for character in unicodedata.normalize("NFKC", text):
        if unicodedata.category(character)[0] in _SKIPPED or unicodedata.category(character) in {"Mn", "Me"}:
            continue
        return f"'{text}" if character in _FORMULA else text
    return text


def write_csv(file: IO[bytes], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows under their names: UTF-8 with its mark (spreadsheets guess wrong without), every cell quoted."""
    out = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    for row in rows:
        writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in row])
    out.detach()


def write_lines(file: IO[bytes], rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line; times in UTC."""
    for row in rows:
        file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
