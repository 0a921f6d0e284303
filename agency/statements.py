"""Statements that are asked many times a second: they go past the cursors, straight to the database.

The connection's own part is `config.postgres`.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, NamedTuple, cast

from django.db import connection

_PLACE = re.compile(r"%[s%]")
Rows = list[tuple[Any, ...]]


class Statement(NamedTuple):
    """
    Attributes:
        sql: with its places as PostgreSQL writes them ($1).
        binary: its rows come so; times, ids and arrays are then read several times quicker than as text.
    """

    sql: str
    binary: bool = False


def numbered(sql: str) -> str:
    """Of `a = %s`: `a = $1`."""
    numbers = count(1)
    return _PLACE.sub(lambda place: "%" if place[0] == "%%" else f"${next(numbers)}", sql)


def ask(statement: Statement, values: Sequence[Any] = ()) -> Rows:
    """All rows that it answers.

    Raises:
        DatabaseError: what the server says.
    """
    rows: Rows = cast("Any", connection).ask(statement, values)
    return rows


def ask_together(asked: Iterable[tuple[Statement, Sequence[Any]]]) -> list[Rows]:
    """The rows of each, in one way to the database and back; where a pooler is between, in one each.

    Raises:
        DatabaseError: what the first came to that failed. Behind it nothing was done.
    """
    found: list[Rows] = cast("Any", connection).ask_together([*asked])
    return found


def set_local(name: str, value: str) -> None:
    """Change a setting of the database for the rest of the transaction; it goes along with the next statement."""
    cast("Any", connection).set_local(name, value)


def plan_once() -> None:
    """Let the rest of the transaction's statements that are asked again and again be planned once for all their values.

    For those that find what they need by keys: to plan them takes longer than to run them.
    """
    set_local("plan_cache_mode", "force_generic_plan")


def plan_each() -> None:
    """Plan for the very values, as ever."""
    set_local("plan_cache_mode", "auto")
