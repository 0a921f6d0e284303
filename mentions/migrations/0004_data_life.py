import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.tenancy

STATES = [
    ("new", "New"),
    ("claimed", "Claimed"),
    ("awaiting_client", "Awaiting client"),
    ("approved", "Approved"),
    ("responded", "Responded"),
    ("dismissed", "Dismissed"),
]
PRIORITIES = [("urgent", "Urgent"), ("high", "High"), ("normal", "Normal"), ("low", "Low")]


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
    dependencies = [
        ("agency", "0007_data_life"),
        ("clients", "0003_keep_days"),
        ("mentions", "0003_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="ForgottenAuthor",
            fields=[
                _row(),
                ("platform", models.CharField(max_length=20)),
                ("digest", models.CharField(max_length=64)),
                ("erasure_id", models.UUIDField(null=True)),
                ("since", models.DateTimeField()),
                ("by_name", models.CharField(max_length=120)),
                _agency(),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["agency", "-since", "-id"], name="forgotten_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "platform", "digest"), name="author_is_forgotten_once"
                    ),
                    agency.tenancy.RowSecurity(name="mentions_forgottenauthor_of_one_agency"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PastMention",
            fields=[
                _row(),
                ("client_id", models.UUIDField()),
                ("digest", models.CharField(max_length=64)),
                ("deleted_at", models.DateTimeField()),
                _agency(),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["agency", "deleted_at"], name="past_mention_oldest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "client_id", "digest"), name="mention_is_past_once"
                    ),
                    agency.tenancy.RowSecurity(name="mentions_pastmention_of_one_agency"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                _row(),
                ("client_id", models.UUIDField()),
                ("day", models.DateField()),
                ("state", models.CharField(choices=STATES, max_length=16)),
                ("priority", models.CharField(choices=PRIORITIES, max_length=8)),
                ("mentions", models.PositiveBigIntegerField(default=0)),
                ("in_time", models.PositiveBigIntegerField(default=0)),
                ("answer_seconds", models.PositiveBigIntegerField(default=0)),
                _agency(),
            ],
            options={
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "client_id", "day", "state", "priority"),
                        name="tally_is_one_a_day_and_ending",
                    ),
                    agency.tenancy.RowSecurity(name="mentions_tally_of_one_agency"),
                ],
            },
        ),
        migrations.AddField("sourceread", "forgotten", models.PositiveIntegerField(default=0)),
        migrations.AddIndex(
            "mention",
            models.Index(
                condition=models.Q(("state__in", ("responded", "dismissed"))),
                fields=["agency", "client", "recorded_at"],
                name="mention_closed_of_client",
            ),
        ),
    ]
