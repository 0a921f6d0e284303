from django.db import migrations, models

KINDS = [
    ("claim", "Claim"),
    ("respond", "Respond"),
    ("decide", "Client decides"),
    ("publish", "Publish"),
    ("next_response", "Respond again"),
]

# Clocks that were moved before moves were written down: a carry says where they stood. It pauses them, as it were, and
# the line after it brings them on; fires are there already, before it.
CARRY = """
    UPDATE workflows_clock AS clock
       SET match = CASE WHEN policy.client_id IS NULL THEN 'agency:open' ELSE 'client:open' END,
           fired = CASE WHEN excused_late THEN array_remove(fired, 'breach') ELSE fired END
      FROM clients_slapolicy AS policy
     WHERE (policy.agency_id, policy.id) = (clock.agency_id, clock.policy_id);

    -- One that got another target after it was due kept the old due time; what its mention is due for follows.
    UPDATE workflows_clock SET due_at = running_since + greatest(target + grace - used, interval '0')
     WHERE excused_late AND running_since IS NOT NULL
       AND due_at IS DISTINCT FROM running_since + greatest(target + grace - used, interval '0');
    UPDATE mentions_mention AS mention
       SET due_at = first.due_at, urgency_at = first.due_at, due_kind = first.kind
      FROM (SELECT DISTINCT ON (agency_id, mention_id) agency_id, mention_id, due_at, kind FROM workflows_clock
             WHERE stopped_at IS NULL AND due_at IS NOT NULL
             ORDER BY agency_id, mention_id, due_at, kind COLLATE "C") AS first
     WHERE (first.agency_id, first.mention_id) = (mention.agency_id, mention.id) AND mention.late_found
       AND (mention.due_at, mention.due_kind) IS DISTINCT FROM (first.due_at, first.kind);

    INSERT INTO workflows_clockevent
           (id, agency_id, clock_id, n, kind, step, at, recorded_at, target, grace, used)
    SELECT gen_random_uuid(), agency_id, id, lines + 1, 'carry',
           concat_ws(' ', CASE WHEN excused_late THEN 'late' END, CASE WHEN inherited THEN 'inherited' END),
           coalesce(paused_at, running_since, stopped_at), now(), target, grace, used
      FROM workflows_clock
    UNION ALL
    SELECT gen_random_uuid(), agency_id, id, lines + 2,
           CASE WHEN stopped_at IS NULL THEN 'resume' ELSE 'stop' END, '',
           coalesce(running_since, stopped_at), now(), NULL, NULL, NULL
      FROM workflows_clock
     WHERE paused_at IS NULL;

    UPDATE workflows_clock SET lines = lines + CASE WHEN paused_at IS NULL THEN 2 ELSE 1 END;
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0006_clock_hours")]

    operations = [
        migrations.AddField("clock", "annulled", models.BooleanField(default=False)),
        migrations.AlterField("clock", "kind", models.CharField(choices=KINDS, max_length=16)),
        migrations.AlterField("promisetally", "kind", models.CharField(choices=KINDS, max_length=16)),
        migrations.AddField("clockevent", "used", models.DurationField(null=True)),
        migrations.AlterField("clockevent", "step", models.CharField(blank=True, max_length=20)),
        migrations.AlterField(
            "clockevent",
            "kind",
            models.CharField(
                choices=[
                    ("start", "start"),
                    ("pause", "pause"),
                    ("resume", "resume"),
                    ("stop", "stop"),
                    ("retarget", "retarget"),
                    ("fire", "fire"),
                    ("void", "void"),
                    ("annul", "annul"),
                    ("carry", "carry"),
                ],
                max_length=8,
            ),
        ),
        # Rows are written below: checks that wait for the end would then hinder the next change of the tables.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(CARRY, migrations.RunSQL.noop),
    ]
