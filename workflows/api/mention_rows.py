"""A row of the list, built by hand from the columns that it takes, because lists are long and asked for often."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from agency.api.sparse import tree
from mentions.words import CLOSED, Sentiment

Row = Sequence[Any]
Read = Callable[[Row], Any]


def _or_null(value: Any) -> Any:
    return value or None


def _or_empty(value: Any) -> Any:
    return value or ""


def _member(name: Any, email: Any) -> str:
    return str(name or email or "")


def _turn(turn: Any, state: Any) -> Any:
    return None if state in CLOSED else turn


def _felt(corrected: Any, sounds: Any) -> Any:
    return corrected or sounds or Sentiment.UNKNOWN.value


# Leaf of the answer → the columns of `workflows.queries.inbox` that it is made of, and how where it isn't one as it is.
_MADE: Mapping[str, tuple[tuple[str, ...], Callable[..., Any]]] = MappingProxyType(
    {
        "client.id": (("client_id",), lambda value: value),
        "client.name": (("client_name",), lambda value: value),
        "assignee.id": (("assignee_id",), lambda value: value),
        "assignee.name": (("assignee_name", "assignee_email"), _member),
        "due_kind": (("due_kind",), _or_null),
        "answer_url": (("answer_url",), _or_null),
        "dismiss_reason": (("dismiss_reason",), _or_null),
        "turn": (("turn", "state"), _turn),
        "sentiment": (("corrected_sentiment", "post_sentiment"), _felt),
        "sentiment_corrected": (("corrected_sentiment",), bool),
        "post.id": (("post_id",), lambda value: value),
        "post.url": (("post_url",), _or_null),
        "post.language": (("language",), _or_null),
        "post.author": (("author_name",), _or_empty),
        **{
            f"post.{name}": ((name,), lambda value: value)
            for name in ("platform", "title", "excerpt", "author_id")
        },
    }
)
# What is null where this column is, with all below it.
_ABSENT = MappingProxyType({"assignee": "assignee_id"})


@lru_cache(maxsize=256)
def row_reader(leaves: tuple[str, ...]) -> tuple[tuple[str, ...], Read]:
    """The columns that these leaves take, and what makes a row of the answer of them."""
    columns: dict[str, int] = {}

    def place(column: str) -> int:
        return columns.setdefault(column, len(columns))

    def leaf(name: str) -> Read:
        if name not in _MADE:
            return _at(place(name))
        taken, make = _MADE[name]
        places = [place(column) for column in taken]
        if len(places) == 1:
            (only,) = places
            return lambda row: make(row[only])
        return lambda row: make(*[row[at] for at in places])

    def branch(name: str, below: Mapping[str, Any]) -> Read:
        parts = [(step, leaf(f"{name}.{step}")) for step in below]
        if name in _ABSENT:
            absent = place(_ABSENT[name])
            return lambda row: None if row[absent] is None else {step: read(row) for step, read in parts}
        return lambda row: {step: read(row) for step, read in parts}

    reads = [(name, branch(name, below) if below else leaf(name)) for name, below in tree(leaves).items()]
    return tuple(columns), lambda row: {name: read(row) for name, read in reads}


def _at(place: int) -> Read:
    return lambda row: row[place]
