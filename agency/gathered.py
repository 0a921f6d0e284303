"""Writes that go as one statement: what a move changes and tells, in several tables, costs one way to the database.

Most of the time of a small write isn't the database's: it is spent on each statement, on its way and on each of its values.
So all rows of a block go as one value, a JSON document, which the statement takes apart by the tables' own types. Its
text depends on the tables alone, so that it is planned once.

Rows wait until their transaction asks the database for anything else, or commits: nobody ever reads without them. An error
is raised there, and not where the row was written.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, cast
from uuid import UUID

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Model
from django.utils.functional import Promise
from django_fsm import FSMField

from agency.statements import Statement, ask
from agency.tenancy import TenantForeignKey, current_agency


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the statement.

    Attributes:
        sql: what changes something; `{rows}` stands for its rows, `{agency}` for the entered agency.
        then: a SELECT of what that returns; `{part}` stands for it.
        each: what is written twice counts both times.
    """

    sql: str
    then: str = ""
    each: bool = False


class Gathered:
    """What waits in a block: of each part its rows, by what tells them apart. Of one that is written twice the last counts."""

    def __init__(self) -> None:
        self._parts: dict[Part, dict[Any, bytes]] = {}
        self._written: dict[Any, Part] = {}
        self._agency: UUID | None = None

    def add(self, part: Part, key: Any, row: Mapping[str, Any]) -> None:
        """
        Args:
            key: of the row, unlike any other's of any table. No statement can change a row twice: where another part
                does, that is sent off first.

        Raises:
            TypeError: no value of the row's may be like this. What the caller changes in it afterwards isn't written.
        """
        agency, text = current_agency(), orjson.dumps(row, default=_other, option=_OPTIONS)
        if key in self._written and (part.each or self._written[key] is not part):
            ask(*cast("Any", self.take()))
        if not self._parts:
            cast("Any", connection).send_later(self)
            self._agency = agency
        self._written[key] = part
        self._parts.setdefault(part, {})[key] = text

    def take(self) -> tuple[Statement, list[Any]] | None:
        if not self._parts:
            return None
        statement = _statement(tuple(self._parts))
        document = b"[[%s]]" % b"],[".join(b",".join(rows.values()) for rows in self._parts.values())
        self.drop()
        return statement, [document.decode(), self._agency]

    def drop(self) -> None:
        """The transaction goes back to where it was before them."""
        self._parts, self._written = {}, {}


_block: ContextVar[Gathered | None] = ContextVar("gathered", default=None)


@contextmanager
def gathered() -> Iterator[None]:
    """Let what is written in here wait, inside an agency's transaction. Inside another block this is a part of it."""
    if _block.get() is not None:
        yield
        return
    token = _block.set(Gathered())
    try:
        yield
    finally:
        _block.reset(token)


def gathering() -> Gathered | None:
    """The open block; None: what is written is sent off at once."""
    return _block.get()


# Rows of models ----------------------------------------------------------------------------------------------

# What PostgreSQL makes of their values in JSON is what Django would have stored.
_PLAIN = {
    *(models.UUIDField, models.BooleanField, models.DateTimeField, models.DurationField, models.JSONField),
    *(models.CharField, models.TextField, FSMField, models.ForeignKey, TenantForeignKey, ArrayField),
    *(models.IntegerField, models.SmallIntegerField, models.PositiveIntegerField),
    models.PositiveSmallIntegerField,
}


@cache
def can_wait(model: type[Model]) -> bool:
    """Whether nothing has to be done to a row's values before they are stored."""
    return all(map(_is_plain, model._meta.local_concrete_fields))


def _is_plain(field: Any) -> bool:
    if type(field) is ArrayField:
        return _is_plain(field.base_field) and not isinstance(field.base_field, models.JSONField)
    sets_itself = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return type(field) in _PLAIN and not sets_itself


def as_it_stands(row: Model, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Its values by their columns: its key with the fields of these names, else all."""
    columns, documents = _columns(type(row), names)
    values = {column: getattr(row, name) for name, column in columns}
    for column, encoder in documents:
        if values[column] is not None:
            # As Django writes it: a number may be too long for orjson, a value of another type may not come in.
            values[column] = orjson.Fragment(json.dumps(values[column], cls=encoder))
    return values


@cache
def _columns(
    model: type[Model], names: tuple[str, ...]
) -> tuple[list[tuple[str, str]], list[tuple[str, Any]]]:
    """Of each field its attribute and its column; and of those that hold JSON the column and what writes it."""
    fields = [
        field for field in model._meta.local_concrete_fields if not names or field.name in {"id", *names}
    ]
    documents = [
        (str(field.column), field.encoder) for field in fields if isinstance(field, models.JSONField)
    ]
    return [(field.attname, str(field.column)) for field in fields], documents


@cache
def insertion(model: type[Model]) -> Part:
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    names = ", ".join(quote(column) for _, column in _columns(model, ())[0])
    return Part(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, {{rows}})"  # noqa: S608
    )


@cache
def change(model: type[Model], names: tuple[str, ...]) -> Part:
    """Of these fields; of rows of the entered agency."""
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    columns = [quote(str(model._meta.get_field(name).column)) for name in names]  # type: ignore[union-attr]
    settings = ", ".join(f"{column} = new.{column}" for column in columns)
    return Part(
        f"UPDATE {table} AS old SET {settings} FROM jsonb_populate_recordset(NULL::{table}, {{rows}}) AS new"  # noqa: S608
        " WHERE old.id = new.id AND old.agency_id = {agency}"
    )


# The statement -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _statement(parts: tuple[Part, ...]) -> Statement:
    ways, after = ["given AS MATERIALIZED (SELECT $1::jsonb AS rows)"], []
    for n, part in enumerate(parts):
        rows = f"(SELECT rows -> {n} FROM given)"  # noqa: S608
        ways.append(f"part{n} AS ({part.sql.format(rows=rows, agency='$2::uuid')})")
        after += [part.then.format(part=f"part{n}")] if part.then else []
    # The agency is asked for even where no part asks for it: each of the values must have a type.
    return Statement(f"WITH {', '.join(ways)} {' UNION ALL '.join(after) or 'SELECT $2::uuid'}")


_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


def _other(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()  # with the seconds of a zone, too, which orjson leaves out
    if isinstance(value, timedelta):
        # Each with its sign, so that it means the same whatever `intervalstyle` is.
        return f"{value.days} days +{value.seconds} seconds +{value.microseconds} microseconds"
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"A {type(value).__name__} can't wait: {value!r}")
