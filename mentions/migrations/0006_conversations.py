from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("mentions", "0005_source_secrets")]

    operations = []
