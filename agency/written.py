"""Rows written as they stand, by statements that are made once a table: what `save` does, without asking how each time.

No signals are sent (there are none here), nothing is validated, and related objects aren't looked at.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

from agency.tenancy import TenantModel, current_agency

FEW = 20


def insert(*rows: Model) -> None:
    """New rows of one table, their keys given already.

    Raises:
        IntegrityError: as the database says.
    """
    if len(rows) > FEW:
        # As arrays, so that the statement is the same for any number.
        type(rows[0])._default_manager.bulk_create(rows, batch_size=1000)  # noqa: SLF001
    elif rows:
        _insert(rows)


def _insert(rows: Sequence[Model]) -> None:
    fields, head = _columns(type(rows[0]))
    values: list[Any] = []
    for row in rows:
        values += [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field, _ in fields]
    line = f"({', '.join([hole for _, hole in fields])})"
    with connection.cursor() as cursor:
        cursor.execute(head + ", ".join([line] * len(rows)), values)
    for row in rows:
        state = row._state  # noqa: SLF001
        state.adding, state.db = False, connection.alias


def update(row: TenantModel) -> None:
    """All columns of a row of the entered agency that the caller has locked."""
    fields, statement = _settings(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, add=False), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, row.pk, current_agency()])


@cache
def _columns(model: type[Model]) -> tuple[list[tuple[Any, str]], str]:
    """Each field with its hole in the statement, and the statement's beginning."""
    quote = connection.ops.quote_name
    fields = [(field, _hole(field)) for field in model._meta.local_concrete_fields]
    names = ", ".join(quote(str(field.column)) for field, _ in fields)
    return fields, f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES "  # noqa: S608


@cache
def _settings(model: type[Model]) -> tuple[list[Any], str]:
    quote = connection.ops.quote_name
    fields = [field for field in model._meta.local_concrete_fields if field.name not in {"id", "agency"}]
    names = ", ".join(f"{quote(str(field.column))} = {_hole(field)}" for field in fields)
    return fields, f"UPDATE {quote(model._meta.db_table)} SET {names} WHERE id = %s AND agency_id = %s"  # noqa: S608


def _hole(field: Any) -> str:
    # Arrays say their type.
    asked = getattr(field, "get_placeholder", None)
    return asked(None, None, connection) if asked else "%s"
