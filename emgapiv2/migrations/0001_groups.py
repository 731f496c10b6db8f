from django.contrib.auth.models import Group
from django.db import migrations

from emgapiv2.groups import GROUPS, make_groups


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("ena", "0001_initial"),
        ("analyses", "0003_biomes"),
        ("workflows", "0001_initial"),
    ]
    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: make_groups(schema_editor.connection.alias),
            lambda apps, schema_editor: Group.objects.filter(name__in=GROUPS).delete(),
        )
    ]
