from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clients", "0002_contact_parts")]

    operations = [
        migrations.AddField("client", "keep_days", models.PositiveIntegerField(blank=True, null=True))
    ]
