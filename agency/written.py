"""Rows written as they stand, by statements that are made once a table: what `save` does, without asking how each time.

No signals are sent (there are none here), nothing is validated, and related objects aren't looked at.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models import Model

from agency.gathered import as_it_stands, can_wait, change, gathering, insertion
from agency.statements import Statement, ask, numbered
from agency.tenancy import TenantModel, current_agency

FEW = 20


def insert(*rows: Model) -> None:
    """New rows of one table, their keys given already.

    Raises:
        IntegrityError: as the database says.
    """
    block = gathering()
    if block is not None and rows and can_wait(type(rows[0])):
        part = insertion(type(rows[0]))
        for row in rows:
            block.add(part, row.pk, as_it_stands(row))
            _is_stored(row)
    elif len(rows) > FEW:
        # As arrays, so that the statement is the same for any number.
        type(rows[0])._default_manager.bulk_create(rows, batch_size=1000)  # noqa: SLF001
    elif rows:
        _insert(rows)


def _insert(rows: Sequence[Model]) -> None:
    taken, line, head = _columns(type(rows[0]))
    values = [value for row in rows for value in taken(row, add=True)]
    ask(_of_rows(head, line, len(rows)), values)
    for row in rows:
        _is_stored(row)


@lru_cache(maxsize=512)
def _of_rows(head: str, line: str, count: int) -> Statement:
    return Statement(numbered(head + ", ".join([line] * count)))


def _is_stored(row: Model) -> None:
    state = row._state  # noqa: SLF001
    state.adding, state.db = False, DEFAULT_DB_ALIAS


def update(row: TenantModel, *names: str) -> None:
    """The fields of these names, else all, of a row of the entered agency that the caller has locked."""
    names = names or _all_names(type(row))
    block = gathering()
    if block is not None and can_wait(type(row)):
        block.add(change(type(row), names), row.pk, as_it_stands(row, names))
        return
    taken, statement = _settings(type(row), names)
    ask(statement, [*taken(row, add=False), row.pk, current_agency()])


_PLAIN = {
    *(models.UUIDField, models.BooleanField, models.DurationField, models.CharField, models.TextField),
    *(models.IntegerField, models.SmallIntegerField, models.PositiveIntegerField),
}
# A row's values, as the database takes them.
Take = Callable[..., list[Any]]


@cache
def _columns(model: type[Model]) -> tuple[Take, str, str]:
    """What takes a row's values, the holes for them, and the statement's beginning."""
    quote = connection.ops.quote_name
    fields = [*model._meta.local_concrete_fields]
    names = ", ".join(quote(str(field.column)) for field in fields)
    line = f"({', '.join(map(_hole, fields))})"
    return _taker(fields), line, f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES "  # noqa: S608


@cache
def _all_names(model: type[Model]) -> tuple[str, ...]:
    return tuple(
        field.name for field in model._meta.local_concrete_fields if field.name not in {"id", "agency"}
    )


@cache
def _settings(model: type[Model], names: tuple[str, ...]) -> tuple[Take, Statement]:
    quote = connection.ops.quote_name
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    settings = ", ".join(f"{quote(str(field.column))} = {_hole(field)}" for field in fields)
    table = quote(model._meta.db_table)
    sql = f"UPDATE {table} SET {settings} WHERE id = %s AND agency_id = %s"  # noqa: S608
    return _taker(fields), Statement(numbered(sql))


def _taker(fields: Sequence[Any]) -> Take:
    """Most values go as they stand; only the others are asked of their field."""
    names = [field.attname for field in fields]
    asked = [(place, field) for place, field in enumerate(fields) if not _goes_as_it_stands(field)]

    def take(row: Model, *, add: bool) -> list[Any]:
        values = [getattr(row, name) for name in names]
        for place, field in asked:
            values[place] = field.get_db_prep_save(field.pre_save(row, add=add), connection)
        return values

    return take


def _goes_as_it_stands(field: Any) -> bool:
    """Its values in Python are what psycopg is given, as long as they are of its own type; and nothing sets them."""
    if isinstance(field, models.ForeignKey):
        return _goes_as_it_stands(field.target_field)
    if type(field) is models.DateTimeField:
        return not field.auto_now and not field.auto_now_add
    return type(field) in _PLAIN


def _hole(field: Any) -> str:
    # Arrays say their type.
    asked = getattr(field, "get_placeholder", None)
    return asked(None, None, connection) if asked else "%s"
