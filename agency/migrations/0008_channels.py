import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.sealed
import agency.tenancy


class Migration(migrations.Migration):
    dependencies = [("agency", "0007_data_life")]

    operations = [
        migrations.CreateModel(
            name="Channel",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("mail", "Mail"), ("apprise", "Chat, push or SMS"), ("webhook", "Webhook")],
                        max_length=8,
                    ),
                ),
                (
                    "takes",
                    models.CharField(
                        choices=[("all", "Everything"), ("urgent", "Urgent notices only")],
                        default="all",
                        max_length=6,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("service", models.CharField(blank=True, max_length=120)),
                ("address", agency.sealed.SealedField()),
                ("signing", agency.sealed.SealedField()),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                ("disabled_why", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
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
                (
                    "member",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="channels",
                        to="agency.membership",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="acknowledged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="acknowledged_by",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="notice",
            name="acknowledged_by_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="batch",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="client_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="failure_told",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="notice",
            name="member",
            field=agency.tenancy.TenantForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="agency.membership",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="not_before",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="urgent",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="notice",
            name="via",
            field=models.CharField(
                choices=[("mail", "Mail"), ("apprise", "Chat, push or SMS"), ("webhook", "Webhook")],
                default="mail",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="to",
            field=models.EmailField(blank=True, max_length=254),
        ),
        migrations.CreateModel(
            name="AckLink",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
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
                    "notice",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agency.notice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NoticeAttempt",
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
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("under_way", "Under way, or broken off"),
                            ("sent", "Sent"),
                            ("failed", "Failed, to be tried again"),
                            ("refused", "Refused for good"),
                        ],
                        default="under_way",
                        max_length=9,
                    ),
                ),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
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
                    "notice",
                    agency.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tries",
                        to="agency.notice",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="channel",
            field=agency.tenancy.TenantForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notices",
                to="agency.channel",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["agency", "-created_at", "id"], name="notice_latest"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("batch", None), _negated=True),
                fields=["agency", "batch"],
                name="notice_of_batch",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("acknowledged_at", None),
                    models.Q(("acknowledged_by", ""), _negated=True),
                    _connector="OR",
                ),
                name="somebody_acknowledged",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ["queued", "sending"]), models.Q(("batch", None), _negated=True)
                ),
                fields=("agency", "kind", "subject_id", "recipient_id", "channel"),
                name="nobody_is_told_twice_at_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=agency.tenancy.SameAgency(field="member", name="agency_notice_member_same_agency"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=agency.tenancy.SameAgency(field="channel", name="agency_notice_channel_same_agency"),
        ),
        migrations.AddIndex(
            model_name="acklink",
            index=models.Index(fields=["agency", "notice"], name="ack_link_of_notice"),
        ),
        migrations.AddConstraint(
            model_name="acklink",
            constraint=agency.tenancy.SameAgency(field="notice", name="agency_acklink_notice_same_agency"),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.UniqueConstraint(
                fields=("agency", "member", "name"), name="channel_has_its_own_name", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "mail"), models.Q(("address", ""), _negated=True), _connector="OR"
                ),
                name="channel_leads_somewhere",
            ),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "webhook"), _negated=True),
                    models.Q(("signing", ""), _negated=True),
                    _connector="OR",
                ),
                name="webhook_is_signed",
            ),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=agency.tenancy.RowSecurity(name="agency_channel_of_one_agency"),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.UniqueConstraint(fields=("agency", "id"), name="agency_channel_in_agency"),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=agency.tenancy.SameAgency(field="member", name="agency_channel_member_same_agency"),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=agency.tenancy.SameAgency(
                field="created_by", name="agency_channel_created_by_same_agency"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticeattempt",
            constraint=models.UniqueConstraint(
                fields=("agency", "notice", "n"), name="notice_is_tried_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticeattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome", "under_way"), ("finished_at__isnull", False), _connector="OR"),
                name="finished_attempt_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticeattempt",
            constraint=agency.tenancy.RowSecurity(name="agency_noticeattempt_of_one_agency"),
        ),
        migrations.AddConstraint(
            model_name="noticeattempt",
            constraint=agency.tenancy.SameAgency(
                field="notice", name="agency_noticeattempt_notice_same_agency"
            ),
        ),
    ]
