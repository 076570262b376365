"""What the application role may do with logins, sessions and the public page's budget; and the staff roles."""

from django.db import migrations

from kafalat.core.grants import grant, grant_sequence

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
ROLES = (
    "analyst",
    "auditor",
    "desk_clerk",
    "payment_checker",
    "payment_maker",
    "payment_releaser",
    "reconciler",
)
GRANTS = "".join(
    [
        grant("interfaces_lookupbudget", *ALL),
        grant_sequence("interfaces_lookupbudget"),
        grant("django_session", *ALL),
        grant("django_content_type", "SELECT"),
        grant("auth_permission", "SELECT"),
        grant("auth_group", "SELECT"),
        grant("auth_group_permissions", "SELECT"),
        grant("auth_user", "SELECT", "INSERT", "UPDATE"),
        grant_sequence("auth_user"),
        grant("auth_user_groups", "SELECT", "INSERT", "DELETE"),
        grant_sequence("auth_user_groups"),
        grant("auth_user_user_permissions", "SELECT"),
        *(f"INSERT INTO auth_group (name) VALUES ('{role}');" for role in ROLES),
    ]
)


class Migration(migrations.Migration):
    dependencies = [
        ("interfaces", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
    ]
    operations = [migrations.RunSQL(GRANTS, migrations.RunSQL.noop)]
