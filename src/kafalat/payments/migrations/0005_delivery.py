"""How files and calls leave, and how often they were tried."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_ledger")]
    operations = []
