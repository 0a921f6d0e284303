from django.db import migrations


class Migration(migrations.Migration):
    """Alarms come and go at the early end of one index: dead rows there are cleared long before a fifth is dead."""

    dependencies = [("agency", "0008_channels")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE agency_alarm SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000)",
            "ALTER TABLE agency_alarm RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)",
        )
    ]
