"""What stays of mentions that are deleted: how many there were, and how they ended."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from agency.tenancy import current_agency

_ADD = """
INSERT INTO mentions_tally (id, agency_id, client_id, day, state, priority, mentions, in_time, answer_seconds)
SELECT gen_random_uuid(), agency_id, client_id, (recorded_at AT TIME ZONE 'UTC')::date, state, priority,
       count(*),
       count(*) FILTER (WHERE state = 'responded' AND NOT breached),
       coalesce(sum(greatest(extract(epoch FROM responded_at - recorded_at), 0)) FILTER (WHERE state = 'responded'), 0)
  FROM mentions_mention
 WHERE agency_id = %s AND id = ANY(%s)
 GROUP BY agency_id, client_id, 4, state, priority
ON CONFLICT (agency_id, client_id, day, state, priority) DO UPDATE
   SET mentions = mentions_tally.mentions + excluded.mentions,
       in_time = mentions_tally.in_time + excluded.in_time,
       answer_seconds = mentions_tally.answer_seconds + excluded.answer_seconds
"""


def tally(mentions: Sequence[UUID]) -> None:
    """Count these before they go, in the transaction that deletes them."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [current_agency(), list(mentions)])
