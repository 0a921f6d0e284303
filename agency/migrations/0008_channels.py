from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agency", "0007_data_life")]

    operations = []
