import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agency", "0002_append_only")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="client_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(), blank=True, null=True, size=None
            ),
        ),
        migrations.AddField(model_name="event", name="client_id", field=models.UUIDField(null=True)),
        migrations.RunSQL(
            "UPDATE agency_event SET client_id = (data ->> 'client')::uuid WHERE data ? 'client'",
            migrations.RunSQL.noop,
        ),
        migrations.AddField(
            model_name="membership",
            name="client_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(), blank=True, null=True, size=None
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("role", "owner"), _negated=True), ("client_ids", None), _connector="OR"
                ),
                name="owner_works_for_all_clients",
            ),
        ),
    ]
