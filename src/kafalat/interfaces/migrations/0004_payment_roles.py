"""Roles of the payment room, and what the queue of background work may touch."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("interfaces", "0003_committee_secretary")]
    operations = []
