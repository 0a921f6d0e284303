"""A row of the list, built by hand from the columns that it takes, because lists are long and asked for often."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
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
_MADE: Mapping[str, tuple[tuple[str, ...], Callable[..., Any] | None]] = MappingProxyType(
    {
        "client.id": (("client_id",), None),
        "client.name": (("client_name",), None),
        "assignee.id": (("assignee_id",), None),
        "assignee.name": (("assignee_name", "assignee_email"), _member),
        "due_kind": (("due_kind",), _or_null),
        "answer_url": (("answer_url",), _or_null),
        "dismiss_reason": (("dismiss_reason",), _or_null),
        "turn": (("turn", "state"), _turn),
        "sentiment": (("corrected_sentiment", "post_sentiment"), _felt),
        "sentiment_corrected": (("corrected_sentiment",), bool),
        "post.id": (("post_id",), None),
        "post.url": (("post_url",), _or_null),
        "post.language": (("language",), _or_null),
        "post.author": (("author_name",), _or_empty),
        **{f"post.{name}": ((name,), None) for name in ("platform", "title", "excerpt", "author_id")},
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

    def leaf(name: str) -> tuple[int, Read | None]:
        """Where its value is, and what is made of the row where it isn't that."""
        taken, make = _MADE.get(name, ((name,), None))
        places = [place(column) for column in taken]
        if make is None:
            return places[0], None
        if len(places) == 1:
            (only,) = places
            return only, lambda row: make(row[only])
        return places[0], lambda row: make(*[row[at] for at in places])

    def branch(name: str, below: Mapping[str, Any]) -> tuple[int, Read]:
        read = _object([(step, *leaf(f"{name}.{step}")) for step in below])
        if name not in _ABSENT:
            return 0, read
        absent = place(_ABSENT[name])
        return absent, lambda row: None if row[absent] is None else read(row)

    parts = tree(leaves).items()
    read = _object([(name, *(branch(name, below) if below else leaf(name))) for name, below in parts])
    return tuple(columns), read


def _object(parts: Sequence[tuple[str, int, Read | None]]) -> Read:
    """All values are taken at once, as they are; those that are made of others are put in their places."""
    names = tuple(name for name, _, _ in parts)
    places = [place for _, place, _ in parts]
    take = itemgetter(*places, places[-1])  # two at the least: of one alone it would give no tuple
    made = [(name, make) for name, _, make in parts if make is not None]

    def read(row: Row) -> dict[str, Any]:
        found = dict(zip(names, take(row), strict=False))
        for name, make in made:
            found[name] = make(row)
        return found

    return read
