"""A person's family is of her own household; interviews, sources and snapshots are history."""

from django.db import migrations

from kafalat.core.grants import grant, grant_sequence, history

GUARDS = """
ALTER TABLE registry_family ADD CONSTRAINT family_of_household UNIQUE (id, household_id);
ALTER TABLE registry_person ADD CONSTRAINT person_family_of_household
    FOREIGN KEY (family_id, household_id) REFERENCES registry_family (id, household_id) DEFERRABLE INITIALLY DEFERRED;
"""
GRANTS = "".join(
    [
        grant("registry_place", "SELECT", "INSERT", "UPDATE"),
        history("registry_surveysource"),
        history("registry_interview"),
        history("registry_snapshot"),
        grant("registry_household", "SELECT", "INSERT", "UPDATE (place_id, facts, members, interviewed_on)"),
        grant_sequence("registry_household"),
        grant("registry_family", "SELECT", "INSERT"),
        grant_sequence("registry_family"),
        grant("registry_person", "SELECT", "INSERT", "UPDATE"),
        grant_sequence("registry_person"),
    ]
)


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [migrations.RunSQL(GUARDS + GRANTS, migrations.RunSQL.noop)]
