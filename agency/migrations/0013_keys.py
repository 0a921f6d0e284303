from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agency", "0012_webhooks")]

    operations = []
