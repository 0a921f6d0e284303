from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agency", "0004_audit_chain")]

    operations = [
        migrations.AddField(
            model_name="agency",
            name="second_factor_required",
            field=models.BooleanField(default=False),
        ),
    ]
