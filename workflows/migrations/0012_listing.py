from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workflows", "0011_promises")]

    operations = []
