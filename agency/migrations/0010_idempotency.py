import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.sealed
import agency.tenancy


class Migration(migrations.Migration):
    dependencies = [("agency", "0009_alarm_wake")]

    operations = [
        migrations.CreateModel(
            name="StoredAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("caller_id", models.UUIDField()),
                ("key_digest", models.CharField(max_length=64)),
                ("request_digest", models.CharField(max_length=64)),
                (
                    "client_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, null=True, size=None
                    ),
                ),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("answer", agency.sealed.SealedField()),
                ("began_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        default=agency.tenancy.current_agency,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agency.agency",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["agency", "expires_at"], name="stored_answer_is_over")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "caller_id", "key_digest"), name="idempotency_key_is_used_once"
                    ),
                    agency.tenancy.RowSecurity(name="agency_storedanswer_of_one_agency"),
                ],
            },
        ),
    ]
