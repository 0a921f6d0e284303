"""Statements sent off together: less waiting, where nothing has to be known in between."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def pipelined() -> Iterator[None]:
    """What is written in here is sent off without waiting for each answer; whoever reads waits, as ever.

    Only inside a transaction, because an error is raised at the end, or when something is read, and not where it
    happened. Where a pooler is between, nothing changes.

    Raises:
        DatabaseError: what any of the statements came to.
    """
    connected = connection.connection
    if connected is None or connected.prepare_threshold is None:
        yield
        return
    with connection.wrap_database_errors, connected.pipeline():
        yield
