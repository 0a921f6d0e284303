import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.sealed
import agency.tenancy

# Whoever writes an event makes its deliveries in the same statement, at no cost worth a measure where an agency has no
# webhook: without another question from the application, and whichever way the event is written. Runs as who writes,
# under row security. The deliveries' ids are UUIDv7 with the event's time: its first 48 bits are the event's id's.
ANNOUNCE = """
CREATE FUNCTION agency_webhook_announce() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- None of them is deleted until this is committed; one that is being deleted is waited for, and found no more.
    PERFORM FROM agency_webhookendpoint
      WHERE agency_id IN (SELECT agency_id FROM written) AND disabled_at IS NULL ORDER BY id FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    WITH made AS (
        INSERT INTO agency_webhookdelivery (
            id, agency_id, endpoint_id, event_id, type, client_id, state, attempts, tries, next_at, created_at, error,
            replayed
        )
        SELECT (substr(event.id::text, 1, 15) || substr(gen_random_uuid()::text, 16))::uuid, event.agency_id,
               endpoint.id, event.id, event.type, event.client_id, 'pending', 0, 0, event.at, event.at, '', 0
          FROM written AS event
          JOIN agency_webhookendpoint AS endpoint ON endpoint.agency_id = event.agency_id
         WHERE endpoint.disabled_at IS NULL
           AND (endpoint.types = '{}' OR event.type = ANY (endpoint.types))
           AND (endpoint.client_ids IS NULL OR event.client_id = ANY (endpoint.client_ids))
        RETURNING id, agency_id, created_at
    )
    INSERT INTO agency_alarm (id, agency_id, kind, subject_id, due_at, failures, last_error)
    SELECT gen_random_uuid(), agency_id, 'webhook.new', id, created_at, 0, '' FROM made;
    RETURN NULL;
END $$;
CREATE TRIGGER webhooks_hear_of_it AFTER INSERT ON agency_event
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION agency_webhook_announce();
REVOKE ALL ON FUNCTION agency_webhook_announce() FROM PUBLIC;
"""
SILENCE = """
DROP TRIGGER webhooks_hear_of_it ON agency_event;
DROP FUNCTION agency_webhook_announce();
"""


class Migration(migrations.Migration):
    dependencies = [("agency", "0011_feed")]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("url", agency.sealed.SealedField()),
                ("origin", models.CharField(max_length=120)),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), blank=True, default=list, size=None
                    ),
                ),
                (
                    "client_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, null=True, size=None
                    ),
                ),
                ("secret", agency.sealed.SealedField()),
                ("old_secret", agency.sealed.SealedField()),
                ("old_until", models.DateTimeField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("warned_at", models.DateTimeField(null=True)),
                ("rest_until", models.DateTimeField(null=True)),
                ("is_slow", models.BooleanField(default=False)),
                ("disabled_at", models.DateTimeField(null=True)),
                ("disabled_why", models.CharField(blank=True, max_length=300)),
                ("disabled_by", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=1)),
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
                    "created_by",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agency.membership",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookReplay",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), blank=True, default=list, size=None
                    ),
                ),
                (
                    "which",
                    models.CharField(
                        choices=[
                            ("undelivered", "What didn't arrive"),
                            ("all", "Everything, also what arrived"),
                        ],
                        max_length=11,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Under way"), ("done", "Done"), ("stopped", "Stopped")],
                        default="running",
                        max_length=7,
                    ),
                ),
                ("total", models.PositiveIntegerField()),
                ("seen", models.PositiveIntegerField(default=0)),
                ("queued", models.PositiveIntegerField(default=0)),
                ("after_id", models.UUIDField(null=True)),
                ("by_name", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
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
                    "endpoint",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="replays",
                        to="agency.webhookendpoint",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("event_id", models.UUIDField()),
                ("type", models.CharField(max_length=60)),
                ("client_id", models.UUIDField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("sending", "Being sent"),
                            ("delivered", "Delivered"),
                            ("failed", "Given up"),
                            ("dropped", "Not sent"),
                        ],
                        default="pending",
                        max_length=9,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("first_at", models.DateTimeField(null=True)),
                ("last_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("replayed", models.PositiveSmallIntegerField(default=0)),
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
                    "endpoint",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="agency.webhookendpoint",
                    ),
                ),
                (
                    "replay",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="deliveries",
                        to="agency.webhookreplay",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("n", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("milliseconds", models.PositiveIntegerField(null=True)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("request_headers", models.JSONField(default=dict)),
                ("response_headers", models.JSONField(default=dict)),
                ("response_body", models.TextField(blank=True)),
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
                    "delivery",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="log",
                        to="agency.webhookdelivery",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "delivery", "n"), name="delivery_is_tried_in_order"
                    ),
                    agency.tenancy.RowSecurity(name="agency_webhookattempt_of_one_agency"),
                    agency.tenancy.SameAgency(
                        field="delivery", name="agency_webhookattempt_delivery_same_agency"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.UniqueConstraint(fields=("agency", "name"), name="webhook_has_its_own_name"),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("url", ""), _negated=True), models.Q(("secret", ""), _negated=True)
                ),
                name="webhook_leads_and_is_signed",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("old_secret", ""), ("old_until__isnull", False), _connector="OR"),
                name="old_secret_has_an_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=agency.tenancy.RowSecurity(name="agency_webhookendpoint_of_one_agency"),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.UniqueConstraint(
                fields=("agency", "id"), name="agency_webhookendpoint_in_agency"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=agency.tenancy.SameAgency(
                field="created_by", name="agency_webhookendpoint_created_by_same_agency"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookreplay",
            index=models.Index(fields=["agency", "endpoint", "-created_at"], name="replay_of_webhook"),
        ),
        migrations.AddConstraint(
            model_name="webhookreplay",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "running")),
                fields=("agency", "endpoint"),
                name="webhook_has_one_replay_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookreplay",
            constraint=agency.tenancy.RowSecurity(name="agency_webhookreplay_of_one_agency"),
        ),
        migrations.AddConstraint(
            model_name="webhookreplay",
            constraint=models.UniqueConstraint(
                fields=("agency", "id"), name="agency_webhookreplay_in_agency"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookreplay",
            constraint=agency.tenancy.SameAgency(
                field="endpoint", name="agency_webhookreplay_endpoint_same_agency"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["agency", "endpoint", "-created_at", "-id"], name="delivery_latest"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "sending"])),
                fields=["agency", "endpoint", "next_at", "id"],
                name="delivery_open",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "sending")),
                fields=["agency", "endpoint", "next_at"],
                name="delivery_in_flight",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("replay__isnull", False)),
                fields=["agency", "replay"],
                name="delivery_of_replay",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("agency", "event_id", "endpoint"), name="webhook_gets_an_event_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "delivered"), _negated=True),
                    ("delivered_at__isnull", False),
                    _connector="OR",
                ),
                name="delivered_webhook_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["pending", "sending"]), _negated=True),
                    ("next_at__isnull", False),
                    _connector="OR",
                ),
                name="open_delivery_has_a_next_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=agency.tenancy.RowSecurity(name="agency_webhookdelivery_of_one_agency"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("agency", "id"), name="agency_webhookdelivery_in_agency"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=agency.tenancy.SameAgency(
                field="endpoint", name="agency_webhookdelivery_endpoint_same_agency"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=agency.tenancy.SameAgency(
                field="replay", name="agency_webhookdelivery_replay_same_agency"
            ),
        ),
        migrations.RunSQL(
            "REVOKE UPDATE, TRUNCATE ON agency_webhookattempt FROM earshot_app",
            "GRANT UPDATE ON agency_webhookattempt TO earshot_app",
        ),
        migrations.RunSQL(ANNOUNCE, SILENCE),
    ]
