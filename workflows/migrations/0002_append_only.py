"""History, proofs and texts that somebody agreed to are never rewritten."""

from django.db import migrations

TABLES = "workflows_transition, workflows_clockevent, workflows_attempt, workflows_version"


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"REVOKE UPDATE, TRUNCATE ON {TABLES} FROM earshot_app;",
            f"GRANT UPDATE ON {TABLES} TO earshot_app;",
        )
    ]
