"""A change of what is promised reaches the clocks that run. The upper layer moves them (`workflows/actions/promises.py`)."""

from datetime import datetime

from django.db import connection

from agency.actions.alarms import set_alarm
from agency.ids import new_id
from agency.tenancy import current_agency
from clients.models import Client

PROMISES_SPREAD = "promises.spread"


def spread_soon(client: Client | None, at: datetime) -> None:
    """Move the open clocks of this client, or (None) of all clients, to what is promised now.

    Called in the transaction of every change of a policy, a calendar, or a client's calendar and cover, after the change
    was written. `at` is now, even where the change takes effect later: a calendar's versions follow one another, so
    what is due then changes already.
    """
    client_id = client.pk if client else None
    # First the alarm, which a sweeper may be holding, then the row: a sweeper that has the alarm waits for no row.
    set_alarm(PROMISES_SPREAD, client_id or current_agency(), at)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO clients_promisespread
                   (id, agency_id, client_id, asked_at, asked, total, moved, after, held, finished_at, settled_at)
            VALUES (%s, %s, %s, %s, 1, NULL, 0, NULL, '{}', NULL, NULL)
            ON CONFLICT (agency_id, client_id)
            DO UPDATE SET asked_at = excluded.asked_at, asked = clients_promisespread.asked + 1, total = NULL,
                          moved = 0, after = NULL, held = '{}', finished_at = NULL, settled_at = NULL
            """,
            [new_id(), current_agency(), client_id, at],
        )
