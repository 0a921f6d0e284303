"""Columns that hold sealed text, and the list of all of them, by which keys are rotated.

A column is a `SealedField`: what is in it is sealed for its own row (`context_of`), and the database refuses
anything else, so that no forgotten call can store a secret as it is. Tables that aren't ours and hold sealed text
inside something else are named with `register_sealed`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from agency.tenancy import TenantModel
from agency.vault import is_sealed, reseal, seal, unseal


class NotSealed(RuntimeError):
    """Plain text was about to be stored in a sealed column: a programming error, never shown to anyone."""


class SealedField(models.TextField):  # type: ignore[type-arg]
    """Sealed text, or "" for none. Written with `put`, read with `opened`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["default"], kwargs["blank"], kwargs["editable"] = "", True, False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for key in ("default", "blank", "editable"):
            kwargs.pop(key, None)
        return name, path, args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        if value and not is_sealed(str(value)):
            raise NotSealed(f"{self.model.__name__}.{self.name} takes sealed text only: use put().")
        return super().get_prep_value(value)

    def db_check(self, connection: Any) -> str:
        return f"{connection.ops.quote_name(self.column)} ~ '^(v1\\.[a-z0-9-]{{1,32}}\\.[A-Za-z0-9_-]+)?$'"


def context_of(row: Any, field: str) -> str:
    """Where a row's sealed text belongs: to no other row, column or agency."""
    return f"agency:{row.agency_id}:{row._meta.model_name}:{row.pk}:{field}"


def put(row: Any, field: str, text: str) -> None:
    """Set a sealed column of a row that has its id already; "" empties it. Nothing is saved."""
    setattr(row, field, seal(text, context=context_of(row, field)) if text else "")


def opened(row: Any, field: str) -> str:
    """The text of a sealed column.

    Raises:
        VaultError: the key is missing, or it isn't what was sealed there.
    """
    sealed: str = getattr(row, field)
    return unseal(sealed, context=context_of(row, field)) if sealed else ""


# All of them -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column whose values hold sealed text.

    Attributes:
        sealed_in: the sealed texts in a row's value.
        resealed: the row's value with all of them under the first key. Raises VaultError.
    """

    model: type[models.Model]
    column: str
    sealed_in: Callable[[Any], list[str]]
    resealed: Callable[[Any], Any]

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def of_agencies(self) -> bool:
        return issubclass(self.model, TenantModel)


_registered: list[SealedColumn] = []


def register_sealed(column: SealedColumn) -> None:
    if all((known.model, known.column) != (column.model, column.column) for known in _registered):
        _registered.append(column)


def sealed_columns() -> Iterator[SealedColumn]:
    """Every column of every table that holds sealed text."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, SealedField):
                yield _own(model, field.name)
    yield from _registered


def _own(model: type[models.Model], name: str) -> SealedColumn:
    return SealedColumn(
        model=model,
        column=name,
        sealed_in=lambda row: [getattr(row, name)] if getattr(row, name) else [],
        resealed=lambda row: reseal(getattr(row, name), context=context_of(row, name)),
    )


def in_json(model: type[models.Model], column: str, *, context: str) -> SealedColumn:
    """Sealed texts anywhere in a column of JSON, all with one context."""

    def change(value: Any, with_text: Callable[[str], str]) -> Any:
        if isinstance(value, dict):
            return {key: change(inner, with_text) for key, inner in value.items()}
        if isinstance(value, list):
            return [change(inner, with_text) for inner in value]
        return with_text(value) if isinstance(value, str) and is_sealed(value) else value

    def sealed_in(row: Any) -> list[str]:
        found: list[str] = []
        change(getattr(row, column), lambda text: found.append(text) or text)  # type: ignore[func-returns-value]
        return found

    def resealed(row: Any) -> Any:
        return change(getattr(row, column), lambda text: reseal(text, context=context))

    return SealedColumn(model, column, sealed_in, resealed)
