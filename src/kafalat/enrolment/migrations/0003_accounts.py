"""Steps of opening an account, changes of payee or account, and the history of a standing."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("enrolment", "0002_grants")]
    operations = []
