"""The application's role may add to what is proof of the past, and nothing else."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agency", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            REVOKE UPDATE, DELETE, TRUNCATE ON agency_auditentry FROM earshot_app;
            REVOKE UPDATE, TRUNCATE ON agency_event FROM earshot_app;
            """,
            """
            GRANT UPDATE, DELETE ON agency_auditentry TO earshot_app;
            GRANT UPDATE ON agency_event TO earshot_app;
            """,
        )
    ]
