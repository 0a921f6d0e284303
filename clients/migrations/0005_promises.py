import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.tenancy

# Policies that were made before replies had a clock of their own on their way to the platform.
PUBLISH_TARGETS = """
    INSERT INTO clients_slatarget (id, agency_id, policy_id, priority, kind, target, hours, calendar_id)
    SELECT gen_random_uuid(), policy.agency_id, policy.id, new.priority, 'publish', new.target::interval,
           'always', NULL
      FROM clients_slapolicy AS policy
     CROSS JOIN (VALUES ('urgent', '10 minutes'), ('high', '15 minutes'), ('normal', '30 minutes'), ('low', '1 hour'))
             AS new (priority, target)
     WHERE NOT EXISTS (SELECT FROM clients_slatarget AS old
                        WHERE (old.agency_id, old.policy_id, old.kind) = (policy.agency_id, policy.id, 'publish'));
"""


class Migration(migrations.Migration):
    dependencies = [("agency", "0007_data_life"), ("clients", "0004_calendars")]

    operations = [
        migrations.CreateModel(
            name="PromiseSpread",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("asked", models.PositiveIntegerField(default=1)),
                ("total", models.PositiveIntegerField(null=True)),
                ("moved", models.PositiveIntegerField(default=0)),
                ("after", models.UUIDField(null=True)),
                (
                    "held",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                ("finished_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
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
                (
                    "client",
                    agency.tenancy.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="clients.client",
                    ),
                ),
            ],
            options={"base_manager_name": "objects"},
        ),
        migrations.AddConstraint(
            model_name="promisespread",
            constraint=models.UniqueConstraint(
                fields=("agency", "client"), name="promises_spread_once_a_client", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="promisespread",
            constraint=agency.tenancy.RowSecurity(name="clients_promisespread_of_one_agency"),
        ),
        migrations.AddConstraint(
            model_name="promisespread",
            constraint=agency.tenancy.SameAgency(
                field="client", name="clients_promisespread_client_same_agency"
            ),
        ),
        migrations.AddField(
            model_name="slapolicy",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="slapolicy",
            name="withdrawn_by",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddConstraint(
            model_name="slapolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("withdrawn_at", None),
                    models.Q(("client__isnull", False), ("current", False)),
                    _connector="OR",
                ),
                name="withdrawn_sla_policy_was_a_clients",
            ),
        ),
        migrations.AlterField(
            model_name="slatarget",
            name="kind",
            field=models.CharField(
                choices=[
                    ("claim", "Claim"),
                    ("respond", "Respond"),
                    ("decide", "Client decides"),
                    ("publish", "Publish"),
                    ("next_response", "Respond again"),
                ],
                max_length=16,
            ),
        ),
        migrations.RunSQL(PUBLISH_TARGETS, migrations.RunSQL.noop),
    ]
