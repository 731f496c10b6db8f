from django.contrib import admin
from django.db.models import Q

from analyses.admin.studies import study_lookup
from analyses.models import Publication
from ena.readonly_admin import ReadOnlyAdmin, Section, table


@admin.register(Publication)
class PublicationAdmin(ReadOnlyAdmin):
    list_display = ("pubmed_id", "title", "published_year", "updated_at")
    search_help_text = "A PubMed id, or a whole accession of a study"
    fields = (("pubmed_id", "published_year"), "title", "metadata", "updated_at")

    def found_by(self, term: str) -> Q:
        return Q(pk=int(term)) if term.isdecimal() else study_lookup(term, "studies__")

    def sections(self, publication: Publication) -> list[Section]:
        return [table("Studies", publication.studies.order_by("pk"), "self title")]
