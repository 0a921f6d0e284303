from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0010_conversations")]

    operations = [
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("stopped_at", None)), fields=["agency", "mention"], name="clock_open"
            ),
        ),
    ]
