"""Levels by composite keys, folds, guards of the states, updated_at."""

from pathlib import Path

from django.db import migrations

from analyses.states import load_allowed_moves

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analyses", "0001_initial"), ("ena", "0001_initial")]

    operations = [
        migrations.RunSQL(
            (SQL / "levels_and_guards.sql").read_text(), (SQL / "levels_and_guards.down.sql").read_text()
        ),
        migrations.RunPython(
            lambda apps, schema_editor: load_allowed_moves(schema_editor.connection), migrations.RunPython.noop
        ),
    ]
