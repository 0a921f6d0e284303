"""Rotation of the vault's keys: what older keys sealed is sealed again by the first one.

Row by row, each compared and set in a short transaction of its own: it may be stopped and started again at any
moment, and run while people work. A row that changes meanwhile was sealed by the first key anyhow.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import models, transaction

from agency.models import Agency
from agency.sealed import SealedColumn, sealed_columns
from agency.tenancy import tenant
from agency.vault import VaultError, first_key_id, key_id

BATCH = 200


@dataclass(slots=True)
class Rotated:
    """What was done with one column.

    Attributes:
        by_key: how many sealed texts each key had sealed before.
        resealed: rows that are under the first key now.
        unopened: rows that did not open, with why.
    """

    name: str
    by_key: Counter[str] = field(default_factory=Counter)
    resealed: int = 0
    unopened: Counter[str] = field(default_factory=Counter)

    @property
    def old_keys(self) -> dict[str, int]:
        return {key: n for key, n in sorted(self.by_key.items()) if key != first_key_id()}


def rotate_all(*, change: bool) -> list[Rotated]:
    """Seal everything by the first key, or with `change` false only count what each key has sealed."""
    return [_rotate(column, change=change) for column in sealed_columns()]


def _rotate(column: SealedColumn, *, change: bool) -> Rotated:
    done = Rotated(f"{column.table}.{column.column}")
    agencies: list[UUID | None] = [None]
    if column.of_agencies:
        agencies = list(Agency.objects.order_by("id").values_list("pk", flat=True))
    for agency_id in agencies:
        for row in _rows(column, agency_id):
            keys = {key_id(sealed) for sealed in column.sealed_in(row)}
            done.by_key.update(keys)
            if change and keys - {first_key_id()}:
                _reseal(column, row, agency_id, done)
    return done


def _rows(column: SealedColumn, agency_id: UUID | None) -> Iterator[models.Model]:
    """All rows of the column that hold something, in batches, each read in a transaction that is over when it is worked."""
    last: Any = None
    while True:
        with _entered(agency_id):
            rows = _objects(column).order_by("pk")
            rows = rows if last is None else rows.filter(pk__gt=last)
            batch = list(rows[:BATCH])
        yield from (row for row in batch if column.sealed_in(row))
        if len(batch) < BATCH:
            return
        last = batch[-1].pk


def _reseal(column: SealedColumn, row: models.Model, agency_id: UUID | None, done: Rotated) -> None:
    before = getattr(row, column.column)
    try:
        after = column.resealed(row)
    except VaultError as error:
        done.unopened[error.message] += 1
        return
    with _entered(agency_id):
        done.resealed += (
            _objects(column).filter(pk=row.pk, **{column.column: before}).update(**{column.column: after})
        )


def _entered(agency_id: UUID | None) -> AbstractContextManager[Any]:
    return transaction.atomic() if agency_id is None else tenant(agency_id)


def _objects(column: SealedColumn) -> Any:
    return column.model.objects  # type: ignore[attr-defined]
