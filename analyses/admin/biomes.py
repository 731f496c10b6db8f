from django.contrib import admin
from django.db.models import Q

from analyses.models import Biome
from ena.readonly_admin import ReadOnlyAdmin


@admin.register(Biome)
class BiomeAdmin(ReadOnlyAdmin):
    """A few hundred rows, so part of a lineage is a fair search; a study's form completes its biome by it."""

    ordering = ("path",)
    list_display = ("lineage", "biome_name", "depth")
    list_filter = ("depth",)
    search_help_text = "Part of a lineage"
    fields = ("lineage", "biome_name", "path", "depth")

    def found_by(self, term: str) -> Q:
        return Q(lineage__icontains=term)
