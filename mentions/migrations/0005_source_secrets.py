from django.db import migrations, models

import agency.sealed


class Migration(migrations.Migration):
    dependencies = [("mentions", "0004_data_life")]

    operations = [
        migrations.AddField("source", "secrets", agency.sealed.SealedField()),
        migrations.AddField("source", "secret_names", models.JSONField(default=list)),
    ]
