import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agency", "0012_webhooks")]

    operations = [
        migrations.AddField("apikey", "old_digest", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField("apikey", "old_until", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("apikey", "old_used_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("apikey", "rotated_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("apikey", "rate", models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddField(
            "apikey", "last_used_from", models.CharField(blank=True, default="", max_length=45)
        ),
        migrations.AddField(
            "apikey",
            "made_by_key",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="made",
                to="agency.apikey",
            ),
        ),
        migrations.AddConstraint(
            "apikey",
            models.CheckConstraint(
                condition=models.Q(("old_digest", ""), ("old_until__isnull", False), _connector="OR"),
                name="old_secret_of_a_key_ends",
            ),
        ),
        migrations.AddConstraint(
            "apikey",
            models.CheckConstraint(
                condition=models.Q(("rate", None), ("rate__gt", 0), _connector="OR"),
                name="key_may_call_at_all",
            ),
        ),
    ]
