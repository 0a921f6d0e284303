"""Keyset paging: a page costs the same however far in it is, and rows that come or go don't shift it."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from agency.errors import Invalid

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`next` is the cursor of the following page, None on the last."""

    rows: list[Row]
    next: str | None


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("PostgreSQL takes no NUL.")
    return value


_READERS: dict[str, Callable[[str], Any]] = {"t": datetime.fromisoformat, "u": UUID, "s": _text}


def _write(value: Any) -> str:
    if isinstance(value, datetime):
        return f"t{value.isoformat()}"
    return f"u{value}" if isinstance(value, UUID) else f"s{value}"


def encode_cursor(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([_write(value) for value in values])).rstrip(b"=").decode()


def decode_cursor(cursor: str, *, like: list[str]) -> list[Any]:
    """`like` names the expected kinds, such as ["t", "u"].

    Raises:
        Invalid: not a cursor that this list gave.
    """
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if [part[0] for part in parts] != like:
            raise ValueError
        values = [_READERS[part[0]](part[1:]) for part in parts]
        if any(isinstance(value, datetime) and value.tzinfo is None for value in values):
            raise ValueError
    except (ValueError, TypeError, IndexError, KeyError, binascii.Error, AttributeError):
        raise Invalid.field("cursor", "This isn't a cursor from this list. Start again without it.") from None
    return values


def named_place(cursor: str, *, order: str, kind: str) -> tuple[Any, UUID]:
    """Where a cursor of this order goes on: the value of the field that it is by, and the last row's id.

    Raises:
        Invalid: not a cursor of this order.
    """
    name, value, row_id = decode_cursor(cursor, like=["s", kind, "u"])
    if name != order:
        raise Invalid.field("cursor", "This cursor is of another order. Start again without it.")
    return value, row_id


def keyset(
    queryset: QuerySet[Any],
    *,
    by: str,
    kind: str,
    cursor: str | None,
    limit: int,
    named: bool = False,
    at: tuple[int, int] | None = None,
) -> Page[Any]:
    """A page of `queryset` ordered by the field `by` ("-field" for descending) and then by id.

    Args:
        kind: of the field: "t" time, "s" text, "u" id.
        limit: rows a page.
        named: the cursor says its order, for a list that has several of the same kind.
        at: where in a row the field and the id are, for rows that are tuples.
    """
    field, descending = by.lstrip("-"), by.startswith("-")
    if cursor:
        place = named_place(cursor, order=by, kind=kind) if named else decode_cursor(cursor, like=[kind, "u"])
        # As one comparison of rows: an index then begins just there, however many rows share the value.
        beyond = TupleLessThan if descending else TupleGreaterThan
        queryset = queryset.filter(beyond(Tuple(F(field), F("id")), tuple(place)))
    rows = list(queryset.order_by(by, "-id" if descending else "id")[: limit + 1])
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    if at is not None:
        place = [last[at[0]], last[at[1]]]
    elif isinstance(last, Mapping):
        place = [last[field], last["id"]]
    else:
        place = [getattr(last, field), last.id]
    return Page(rows[:limit], encode_cursor([by, *place] if named else [*place]))
