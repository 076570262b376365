"""Authorisations, verifications at the counter, and withdrawals."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_reconciliation")]
    operations = []
