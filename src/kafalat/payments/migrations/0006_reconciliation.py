"""Lines of bank reports beside what we know."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_delivery")]
    operations = []
