"""Models made several times quicker than by calling them, which sets one attribute after the other and tells signals of it.

Nobody listens to those here; where somebody does, or where a model has a way of its own, it is made as ever.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db.models import NOT_PROVIDED, Model
from django.db.models.base import ModelState
from django.db.models.signals import post_init, pre_init

Make = Callable[[], Any]
Made = TypeVar("Made", bound=Model)


def of_a_row(model: type[Model], names: Sequence[str], db: str) -> Callable[[Sequence[Any]], Model]:
    """What makes a model of a stored row, as `from_db` does.

    Args:
        names: the fields' attributes, in the order of the row's values.
    """
    if not _is_plain(model) or len(names) < len(model._meta.concrete_fields):
        return lambda values: model.from_db(db, names, values)

    def make(values: Sequence[Any]) -> Model:
        one = model.__new__(model)
        state = ModelState()
        state.adding, state.db = False, db
        one.__dict__.update(zip(names, values, strict=True), _state=state)
        return one

    return make


def new(model: type[Made], **values: Any) -> Made:
    """A model that isn't stored yet, as `model(**values)` makes it; of what it refers to the ids alone (`mention_id`).

    Raises:
        TypeError: it has no such attribute.
    """
    if not _is_plain(model):
        return model(**values)
    constant, called = _defaults(model)
    row = {**constant, **values}
    if len(row) > len(constant):
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(row.keys() - constant.keys()))}.")
    for name, make in called:
        if name not in values:
            row[name] = make()
    one = model.__new__(model)
    one.__dict__.update(row, _state=ModelState())
    return one


@cache
def _is_plain(model: type[Model]) -> bool:
    own = model.__init__ is not Model.__init__ or model.from_db.__func__ is not Model.from_db.__func__  # type: ignore[attr-defined]
    heard = pre_init.has_listeners(model) or post_init.has_listeners(model)
    by_database = any(field.db_default is not NOT_PROVIDED for field in model._meta.concrete_fields)
    return not (own or heard or by_database)


@cache
def _defaults(model: type[Model]) -> tuple[Mapping[str, Any], Sequence[tuple[str, Make]]]:
    """Of each attribute what it is where nobody says; and what makes those that are another each time."""
    fields = model._meta.concrete_fields
    called = [(field.attname, field.get_default) for field in fields if callable(field.default)]
    constant = {field.attname: None if callable(field.default) else field.get_default() for field in fields}
    return constant, called
