"""A row of the list, built by hand from the columns that it takes, because lists are long and asked for often."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from agency.api.sparse import tree

Row = Sequence[Any]
Read = Callable[[Row], Any]


# Leaf of the answer → the column of `workflows.queries.inbox` that it is, where that is called otherwise.
_CALLED: Mapping[str, str] = MappingProxyType(
    {
        "client.id": "client_id",
        "client.name": "client_name",
        "assignee.id": "assignee_id",
        "assignee.name": "assignee_name",
        "post.id": "post_id",
        "post.url": "post_url",
        "post.author": "author_name",
        **{f"post.{name}": name for name in ("platform", "title", "excerpt", "author_id", "language")},
    }
)
# What is null where this column is, with all below it.
_ABSENT = MappingProxyType({"assignee": "assignee_id"})


@lru_cache(maxsize=256)
def row_reader(leaves: tuple[str, ...]) -> tuple[tuple[str, ...], Read]:
    """The columns that these leaves take, and what makes a row of the answer of them."""
    columns: dict[str, int] = {}

    def value(column: str) -> str:
        return f"row[{columns.setdefault(column, len(columns))}]"

    def written(below: Mapping[str, Any], above: str = "") -> str:
        parts = []
        for name, steps in below.items():
            path = f"{above}{name}"
            if not steps:
                made = value(_CALLED.get(path, path))
            elif name in _ABSENT:
                made = f"None if {value(_ABSENT[name])} is None else {written(steps, f'{path}.')}"
            else:
                made = written(steps, f"{path}.")
            parts.append(f"{name!r}: {made}")
        return f"{{{', '.join(parts)}}}"

    # Written out, as a dataclass writes its methods: by loops over the fields it takes four times as long. All of it are
    # names of the answer's own fields.
    read: Read = eval(f"lambda row: {written(tree(leaves))}")  # noqa: S307
    return tuple(columns), read
