import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clients", "0006_rotas")]

    operations = [
        migrations.AddField(
            model_name="query",
            name="urgent_terms",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200), blank=True, default=list, size=None
            ),
        )
    ]
