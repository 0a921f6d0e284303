"""The one clock: the database's, which all machines share. Read at the edge and passed on as `now`."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The database's time, aware, UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
    return at
