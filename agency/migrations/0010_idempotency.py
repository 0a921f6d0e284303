from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agency", "0009_alarm_wake")]

    operations = []
