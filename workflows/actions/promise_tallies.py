"""What stays of the clocks of mentions that are deleted: how many promises were kept, how many broken, and how many of these excused."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from agency.tenancy import current_agency

# Clocks that still run count for neither, and posts that were found too late broke no promise.
_ADD = """
INSERT INTO workflows_promisetally (id, agency_id, client_id, day, kind, kept, broken, excused)
SELECT gen_random_uuid(), m.agency_id, m.client_id, (m.recorded_at AT TIME ZONE 'UTC')::date, c.kind,
       count(*) FILTER (WHERE c.breached_at IS NULL), count(*) FILTER (WHERE c.breached_at IS NOT NULL),
       count(*) FILTER (WHERE c.breached_at IS NOT NULL AND EXISTS (
           SELECT FROM workflows_excuse e
            WHERE e.agency_id = c.agency_id AND e.clock_id = c.id AND e.state = 'granted'))
  FROM workflows_clock c
  JOIN mentions_mention m ON m.agency_id = c.agency_id AND m.id = c.mention_id
 WHERE c.agency_id = %s AND c.mention_id = ANY(%s) AND NOT c.excused_late AND NOT c.annulled
   AND (c.stopped_at IS NOT NULL OR c.breached_at IS NOT NULL)
 GROUP BY m.agency_id, m.client_id, 4, c.kind
ON CONFLICT (agency_id, client_id, day, kind) DO UPDATE
   SET kept = workflows_promisetally.kept + excluded.kept,
       broken = workflows_promisetally.broken + excluded.broken,
       excused = workflows_promisetally.excused + excluded.excused
"""


def tally_promises(mentions: Sequence[UUID]) -> None:
    """Count these before they go, in the transaction that deletes them."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [current_agency(), list(mentions)])
