"""Statements sent off together, and cursors that are kept: for what is asked many times a second.

The connection's own part is `config.postgres`.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.db import connection


@contextmanager
def pipelined(*, linger: bool = False) -> Iterator[None]:
    """What is written in here is sent off without waiting for each answer; whoever reads waits, as ever.

    Only inside a transaction, because an error is raised at the end, or when something is read, and not where it
    happened. How many rows a statement changed isn't known in here, so that nothing may ask for that: neither `save` of
    a row that is there, nor who looks at what `update` says. Where a pooler is between, nothing changes.

    Inside another one this is a part of it: sent off with the rest.

    Args:
        linger: nobody waits at the end either, but whoever sends the next statement, or commits. An error is raised
            there, and nothing is committed.

    Raises:
        DatabaseError: what any of the statements came to.
    """
    with cast("Any", connection).together(linger=linger):
        yield


def can_pipeline() -> bool:
    """Not before something was asked, and not where a pooler is between."""
    connected = connection.connection
    return connected is not None and connected.prepare_threshold is not None


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


def kept_cursor(key: Hashable, *, binary: bool = False, raw: bool = False) -> Any:
    """A cursor for one question that is asked many times a second; not to be closed, nor used for two answers at once.

    Args:
        binary: answers come so; times, ids and arrays are then read several times quicker than as text.
        raw: the statement has its places as PostgreSQL writes them ($1), and isn't looked through.
    """
    return cast("Any", connection).kept_cursor(key, binary=binary, raw=raw)
