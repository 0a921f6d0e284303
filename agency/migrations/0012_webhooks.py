from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agency", "0011_feed")]

    operations = []
