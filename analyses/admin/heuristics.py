from django.contrib import admin
from django.db.models import Q

from analyses.models import ComputeResourceHeuristic
from ena.readonly_admin import ReadOnlyAdmin


@admin.register(ComputeResourceHeuristic)
class ComputeResourceHeuristicAdmin(ReadOnlyAdmin):
    joins = ("biome", "assembler")
    list_display = ("process", "biome", "assembler", "memory_gib")
    search_help_text = "A whole lineage"
    fields = (("process", "memory_gib"), ("biome", "assembler"))

    def found_by(self, term: str) -> Q:
        return Q(biome__lineage=term)
