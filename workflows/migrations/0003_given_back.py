from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0002_append_only")]

    operations = [
        migrations.AddField("publication", "given_back_at", models.DateTimeField(null=True)),
        # Links of before were made for no address that we know, so they end.
        migrations.AddField(
            "approvallink",
            "address_digest",
            models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
    ]
