"""Requests and replies are found by their mention, and what went public by its time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0003_given_back")]

    operations = [
        migrations.AddIndex(
            "approval", models.Index(fields=["agency", "mention"], name="approval_of_mention")
        ),
        migrations.AddIndex(
            "publication", models.Index(fields=["agency", "mention"], name="publication_of_mention")
        ),
        migrations.AddIndex(
            "publication",
            models.Index(
                fields=["agency", "-live_at", "-id"],
                name="publication_newest_live",
                condition=models.Q(("state", "live")),
            ),
        ),
    ]
