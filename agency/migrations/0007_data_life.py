import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.models.agency
import agency.tenancy


def _row():
    return (
        "id",
        models.UUIDField(default=agency.ids.new_id, editable=False, primary_key=True, serialize=False),
    )


def _agency():
    return (
        "agency",
        models.ForeignKey(
            db_index=False,
            default=agency.tenancy.current_agency,
            editable=False,
            on_delete=django.db.models.deletion.CASCADE,
            related_name="+",
            to="agency.agency",
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("agency", "0006_identity_provider")]

    operations = [
        # Looked after daily from now on; a new agency's is set as it opens.
        migrations.RunSQL(
            "INSERT INTO agency_alarm (id, agency_id, kind, subject_id, due_at, failures, last_error)"
            " SELECT gen_random_uuid(), id, 'agency.housekeeping', id, now(), 0, '' FROM agency_agency",
            "DELETE FROM agency_alarm WHERE kind = 'agency.housekeeping'",
        ),
        migrations.AddField("agency", "erasing_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField(
            "agency",
            "salt",
            models.CharField(default=agency.models.agency.new_salt, editable=False, max_length=64),
        ),
        # The default above gave all of them the same.
        migrations.RunSQL(
            "UPDATE agency_agency SET salt = encode(sha256((gen_random_uuid()::text || gen_random_uuid())::bytea), 'hex')",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex("event", models.Index(fields=["agency", "subject_id"], name="event_of_subject")),
        migrations.CreateModel(
            name="Export",
            fields=[
                _row(),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("agency", "Everything of the agency"),
                            ("client", "One client"),
                            ("author", "One author"),
                        ],
                        max_length=8,
                    ),
                ),
                ("about_id", models.UUIDField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting to be made"),
                            ("ready", "Ready"),
                            ("failed", "Could not be made"),
                            ("expired", "Deleted"),
                        ],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("requested_by", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("ready_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("rows", models.PositiveBigIntegerField(default=0)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("error", models.CharField(blank=True, max_length=300)),
                _agency(),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["agency", "-created_at", "-id"], name="export_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "ready"), _negated=True),
                            models.Q(("expires_at__isnull", False), ("ready_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="ready_export_has_times",
                    ),
                    agency.tenancy.RowSecurity(name="agency_export_of_one_agency"),
                    models.UniqueConstraint(fields=("agency", "id"), name="agency_export_in_agency"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExportPart",
            fields=[
                _row(),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                _agency(),
                (
                    "export",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="agency.export",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "export", "number"), name="export_part_number_is_one"
                    ),
                    agency.tenancy.RowSecurity(name="agency_exportpart_of_one_agency"),
                    agency.tenancy.SameAgency(field="export", name="agency_exportpart_export_same_agency"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                _row(),
                (
                    "kind",
                    models.CharField(
                        choices=[("author", "An author"), ("client", "A client"), ("agency", "The agency")],
                        max_length=8,
                    ),
                ),
                ("about_id", models.UUIDField()),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("asked", "The person or the client asked for it"),
                            ("ended", "The work for them has ended"),
                            ("mistake", "It should not have been collected"),
                            ("other", "Another reason"),
                        ],
                        default="other",
                        max_length=8,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Being erased"),
                            ("done", "Erased"),
                            ("called_off", "Called off"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("asked_by", models.CharField(max_length=120)),
                ("asked_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("counts", models.JSONField(default=dict)),
                _agency(),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["agency", "-asked_at", "-id"], name="erasure_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        fields=("agency", "kind", "about_id"),
                        name="erasure_is_asked_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("finished_at__isnull", False),
                            _connector="OR",
                        ),
                        name="done_erasure_has_time",
                    ),
                    agency.tenancy.RowSecurity(name="agency_erasure_of_one_agency"),
                    models.UniqueConstraint(fields=("agency", "id"), name="agency_erasure_in_agency"),
                ],
            },
        ),
    ]
