"""A contact may have several parts; viewers get links."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.tenancy

PARTS = [("approver", "Approver"), ("viewer", "Viewer"), ("alerts", "Alerts")]


class Migration(migrations.Migration):
    dependencies = [("clients", "0001_initial")]

    operations = [
        migrations.AddField(
            "contact",
            "parts",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=PARTS, max_length=10), size=None, default=list
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(
            "UPDATE clients_contact SET parts = ARRAY[part]",
            "UPDATE clients_contact SET part = parts[1]",
        ),
        migrations.RemoveField("contact", "part"),
        migrations.AddConstraint(
            "contact",
            models.CheckConstraint(condition=models.Q(parts__len__gt=0), name="contact_has_a_part"),
        ),
        migrations.AddConstraint(
            "contact",
            models.CheckConstraint(
                condition=models.Q(parts__contained_by=["approver", "viewer", "alerts"]),
                name="contact_has_known_parts",
            ),
        ),
        migrations.CreateModel(
            "ViewLink",
            [
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("address_digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agency.agency",
                    ),
                ),
                (
                    "client",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="clients.client",
                    ),
                ),
                (
                    "contact",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="clients.contact",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["agency", "contact"], name="view_link_of_contact")],
                "constraints": [
                    agency.tenancy.SameAgency(field="client", name="clients_viewlink_client_same_agency"),
                    agency.tenancy.SameAgency(field="contact", name="clients_viewlink_contact_same_agency"),
                ],
            },
        ),
    ]
