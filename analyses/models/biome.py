from django.db import models
from django.db.models import Q

from analyses.models import columns

# The rule of ``lineage_to_path``, in SQL; a test compares the two.
PATH_SQL = (
    "regexp_replace(btrim(replace(translate(lower("
    r"regexp_replace(%(expressions)s, '[^\x01-\x7F]', '', 'g') COLLATE " + '"C"'
    "), ': ()-', '.____'), '__', '_'), '_.'), '[^a-z0-9._]', '', 'g')"
)


class Biome(models.Model):
    """A place in the GOLD tree, e.g. ``root:Host-associated:Human``. Its lineage holds the whole way up."""

    lineage = models.TextField()
    biome_name = columns.generated("lineage", "regexp_replace(%(expressions)s, '^.*:', '')", models.TextField())
    path = columns.generated("lineage", PATH_SQL, models.TextField())
    depth = columns.generated(
        "lineage", "cardinality(string_to_array(%(expressions)s, ':'))::smallint", models.SmallIntegerField()
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lineage"], name="analyses_biome_lineage"),
            models.UniqueConstraint(fields=["path"], name="analyses_biome_path"),
            models.CheckConstraint(
                condition=Q(lineage="root") | Q(lineage__startswith="root:"), name="analyses_biome_under_root"
            ),
        ]
        indexes = [models.Index(fields=["path"], name="analyses_biome_below", opclasses=["text_pattern_ops"])]

    def __str__(self) -> str:
        return self.lineage


def lineage_to_path(lineage: str) -> str:
    """The ``path`` of a lineage, as the database computes it; descendants of ``p`` are ``p`` and ``p.%``."""
    path = lineage.encode("ascii", "ignore").decode().lower()
    path = path.translate(str.maketrans(": ()-", ".____")).replace("__", "_").strip("_.")
    return "".join(letter for letter in path if letter in "abcdefghijklmnopqrstuvwxyz0123456789._")
