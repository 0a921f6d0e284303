from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agency", "0010_idempotency")]

    operations = []
