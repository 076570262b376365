"""Postings of whole lists and files beside those of single payments."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_cycles")]
    operations = []
