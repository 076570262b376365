"""Quarters, phases, funds, and the quorum of an amount."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_guards")]
    operations = []
