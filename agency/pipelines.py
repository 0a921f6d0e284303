"""Statements sent off together: less waiting, where nothing has to be known in between."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg.pq import PipelineStatus


@contextmanager
def pipelined() -> Iterator[None]:
    """What is written in here is sent off without waiting for each answer; whoever reads waits, as ever.

    Only inside a transaction, because an error is raised at the end, or when something is read, and not where it
    happened. How many rows a statement changed isn't known in here, so that nothing may ask for that: neither `save` of
    a row that is there, nor who looks at what `update` says. Where a pooler is between, nothing changes.

    Inside another one this is a part of it: sent off with the rest.

    Raises:
        DatabaseError: what any of the statements came to.
    """
    if not can_pipeline() or connection.connection.pgconn.pipeline_status != PipelineStatus.OFF:
        yield
        return
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def can_pipeline() -> bool:
    """Not before the transaction began, and not where a pooler is between."""
    connected = connection.connection
    return connected is not None and connected.prepare_threshold is not None
