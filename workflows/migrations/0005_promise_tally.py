import django.db.models.deletion
from django.db import migrations, models

import agency.ids
import agency.tenancy

KINDS = [
    ("claim", "Claim"),
    ("respond", "Respond"),
    ("decide", "Client decides"),
    ("next_response", "Respond again"),
]


class Migration(migrations.Migration):
    dependencies = [("workflows", "0004_found_by_mention"), ("agency", "0007_data_life")]

    operations = [
        migrations.CreateModel(
            name="PromiseTally",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agency.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("day", models.DateField()),
                ("kind", models.CharField(choices=KINDS, max_length=16)),
                ("kept", models.PositiveBigIntegerField(default=0)),
                ("broken", models.PositiveBigIntegerField(default=0)),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "client_id", "day", "kind"),
                        name="promise_tally_is_one_a_day_and_kind",
                    ),
                    agency.tenancy.RowSecurity(name="workflows_promisetally_of_one_agency"),
                ],
            },
        ),
        # A row that is deleted is looked for in every table that could refer to it.
        *(
            migrations.AddIndex(model, models.Index(fields=["agency", field], name=f"{model}_of_{field}"))
            for model, field in (
                ("approval", "version"),
                ("decision", "approval"),
                ("decision", "version"),
                ("publication", "version"),
                ("response", "mention"),
            )
        ),
    ]
