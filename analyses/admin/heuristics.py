from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from analyses.models import ComputeResourceHeuristic
from analyses.services.heuristics import forget_memory_to_assemble, set_memory_to_assemble
from ena.readonly_admin import ReadOnlyAdmin


@admin.register(ComputeResourceHeuristic)
class ComputeResourceHeuristicAdmin(ReadOnlyAdmin):
    """A small table of advice, so it is edited in place; only the memory of a row changes."""

    joins = ("biome", "assembler")
    list_display = ("process", "biome", "assembler", "memory_gib")
    search_help_text = "A whole lineage"
    autocomplete_fields = ("biome",)
    fields = (("biome", "assembler"), "memory_gib")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("analyses.add_computeresourceheuristic") and self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_act_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = request.user.has_perm("analyses.delete_computeresourceheuristic")
        return may and self.has_view_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("biome", "assembler") if obj else ()

    def found_by(self, term: str) -> Q:
        return Q(biome__lineage=term)

    def save_model(
        self, request: HttpRequest, obj: ComputeResourceHeuristic, form: forms.ModelForm, change: bool
    ) -> None:
        kept = set_memory_to_assemble(biome=obj.biome, assembler=obj.assembler, memory_gib=obj.memory_gib)
        obj.pk = kept.pk

    def delete_model(self, request: HttpRequest, obj: ComputeResourceHeuristic) -> None:
        forget_memory_to_assemble(heuristic=obj)
