"""Whose turn it is on open mentions that were there before: what the ledger says of their last moment."""

from django.db import migrations

FILL = """
UPDATE mentions_mention AS mention
   SET turn = CASE mention.state WHEN 'approved' THEN 'platform' ELSE 'client' END
 WHERE (mention.state = 'awaiting_client' AND EXISTS (
            SELECT FROM workflows_approval AS approval
             WHERE approval.agency_id = mention.agency_id AND approval.mention_id = mention.id
               AND approval.closed_at IS NULL AND approval.delivered_at IS NOT NULL))
    OR (mention.state = 'approved' AND EXISTS (
            SELECT FROM workflows_publication AS publication
             WHERE publication.agency_id = mention.agency_id AND publication.mention_id = mention.id
               AND publication.state IN ('queued', 'sending', 'ambiguous')
               AND publication.lane <> 'hand_made' AND publication.given_back_at IS NULL))
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0011_promises"), ("mentions", "0007_listing")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
