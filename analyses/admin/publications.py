from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from analyses.admin.dialogs import ActingAdmin, StudiesField, dialog
from analyses.admin.studies import study_lookup
from analyses.europe_pmc import EuropePmcSilent, UnknownPaper
from analyses.models import Publication, Study
from analyses.services.import_publication import import_publication
from analyses.services.publications import set_studies_of_publication
from ena.readonly_admin import Section, outside, table


class StudiesForm(BaseDialogForm):
    studies = StudiesField(required=False, help_text="All of them, by any accession; who is left out is detached.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        paper = self.object_id if str(self.object_id).isdecimal() else None
        linked = Study.objects.filter(publication_links__publication=paper).order_by("pk")
        self.fields["studies"].initial = "\n".join(linked.values_list("accession", flat=True))


STUDIES = dialog("Set its studies", "The studies that this paper is about.", StudiesForm)
REFRESH = dialog("Read it anew", "What Europe PMC says of it now is kept; its studies stay.")


@admin.register(Publication)
class PublicationAdmin(ActingAdmin):
    list_display = ("pubmed_id", "title", "published_year", "updated_at")
    search_help_text = "A PubMed id, or a whole accession of a study"
    fields = (("pubmed_id", "published_year", "in_europe_pmc"), "title", "metadata", "updated_at")
    actions_detail = ("set_studies", "refresh")

    def found_by(self, term: str) -> Q:
        return Q(pk=int(term)) if term.isdecimal() else study_lookup(term, "studies")

    @admin.display(description="Europe PMC")
    def in_europe_pmc(self, publication: Publication) -> str:
        return outside(f"https://europepmc.org/article/MED/{publication.pk}")

    @action(description="Set its studies", url_path="studies", permissions=["act"], dialog=STUDIES)
    def set_studies(self, request: HttpRequest, form: StudiesForm, object_id: str) -> HttpResponse:
        publication, studies = self.row_of(request, object_id), form.cleaned_data["studies"]
        done = f"It is about {', '.join(map(str, studies)) or 'no study'}"
        return self.carry_out(
            request, publication, lambda: set_studies_of_publication(publication=publication, studies=studies), done
        )

    @action(description="Read anew from Europe PMC", url_path="refresh", permissions=["act"], dialog=REFRESH)
    def refresh(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        publication = self.row_of(request, object_id)

        def read() -> Publication:
            return import_publication(pubmed_id=publication.pk, refresh=True)

        return self.carry_out(request, publication, read, "Read anew", EuropePmcSilent, UnknownPaper)

    def sections(self, publication: Publication) -> list[Section]:
        return [table("Studies", publication.studies.order_by("pk"), "self title")]
