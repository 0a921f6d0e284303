from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("mentions", "0006_conversations")]

    operations = []
