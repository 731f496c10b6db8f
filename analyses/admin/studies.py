from collections import Counter, defaultdict
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import flatten
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Model, OuterRef, Q, QuerySet, Value
from django.http import HttpRequest
from django.utils.html import format_html_join

from analyses.admin.study_buttons import StudyButtons
from analyses.models import Assembly, Biome, Publication, Study, StudyWatcher
from analyses.services.curate_study import set_study_biome, set_study_title
from ena.models import Noun, VisibilityEvent
from ena.readonly_admin import COLOUR_OF, Section, badge, bar, embedded, outside, rows_in, table


def study_lookup(term: str, way: str = "") -> Q:
    """By MGYS or any ENA accession. :param way: to the study from elsewhere, which is then found by the study's key"""
    path = "accession" if term.upper().startswith("MGYS") else "ena_study__aliases__accession"
    found = Q(**{path: term.upper()})
    return Q(**{f"{way}__in": list(Study.objects.filter(found).values_list("pk", flat=True))}) if way else found


def is_of_study(term: str) -> bool:
    return term[:3].upper() in {"MGY", "PRJ"} or term[1:3].upper() == "RP"


PART_OF = {"success": "good", "info": "kept", "danger": "bad", "warning": "bad"}  # by a state's colour


class StudyForm(forms.ModelForm):
    class Meta:
        model = Study
        fields = ("title", "biome")
        help_texts = {"title": "Given here it stays whatever ENA says. Empty: ENA's title again."}

    def clean_biome(self) -> Biome | None:
        biome = self.cleaned_data["biome"]
        if biome is None and self.instance.biome_id:
            raise forms.ValidationError("A study that has a biome keeps one: choose another.")
        return biome


@admin.register(Study)
class StudyAdmin(StudyButtons):
    form = StudyForm
    joins = ("biome", "ena_study", "reads_study", "merged_into")
    list_display = ("accession", "first_accession", "title", "biome", "level", "updated_at")
    list_filter = ("ena_visibility", "own_visibility", "results_area", "title_is_curated")
    search_help_text = "A whole accession: MGYS… or any of ENA's"
    autocomplete_fields = ("biome",)
    fields = (
        ("accession", "level", "owner"),
        ("title", "title_is_curated"),
        "biome",
        ("ena_accessions", "in_ena", "in_the_api"),
        ("ena_study", "reads_study", "merged_into"),
        ("results_area", "external_results_dir", "watched_by"),
        ("created_at", "updated_at"),
    )

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_act_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        shown = flatten(self.get_fields(request, obj))
        return [name for name in shown if name not in StudyForm.Meta.fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Study]:
        studies = super().get_queryset(request)
        watchers = StudyWatcher.objects.filter(study=OuterRef("pk")).order_by("pk").values("user__username")
        papers = Publication.objects.filter(studies=OuterRef("pk")).order_by("pk")
        more = {"watcher_names": ArraySubquery(watchers), "papers": embedded(papers, "pubmed_id title published_year")}
        return studies if self.is_list(request) else studies.annotate(**more)

    def found_by(self, term: str) -> Q:
        return study_lookup(term)

    def save_model(self, request: HttpRequest, obj: Study, form: forms.ModelForm, change: bool) -> None:
        wanted = form.cleaned_data
        if "title" in form.changed_data:
            set_study_title(study=obj, title=wanted["title"])
        if "biome" in form.changed_data:
            set_study_biome(study=obj, lineage=wanted["biome"].lineage)

    @admin.display(description="owner")
    def owner(self, study: Study) -> str | None:
        return study.ena_study.webin_owner if study.ena_study else None

    @admin.display(description="watched by")
    def watched_by(self, study: Study) -> str:
        return ", ".join(getattr(study, "watcher_names", ())) or "nobody"  # annotated by get_queryset

    @admin.display(description="API")
    def in_the_api(self, study: Study) -> str:
        urls = settings.EMG_CONFIG.service_urls
        return outside(f"{urls.site_url}/{urls.api_prefixes[0].strip('/')}/studies/{study.accession}", study.accession)

    def sections(self, study: Study) -> list[Section]:
        own = Q(noun=Noun.STUDY, object_id=study.pk)
        moves = VisibilityEvent.objects.filter(own | Q(noun=Noun.ENA_STUDY, object_id=study.ena_study_id))
        return [
            Section("How far it is", ("what", "type", "number", "progress", "by state"), _progress(study)),
            table("Papers", rows_in(study, "papers", Publication), "self title published_year"),
            table(
                "Who may see it and who owns it, newest first",
                moves.order_by("-pk"),
                "created_at from_level to_level cause actor note",
            ),
        ]


def _progress(study: Study) -> list[tuple[Any, ...]]:
    """A line for each pipeline and type of its analyses, and for the assemblies of its reads."""
    analyses = study.analyses.order_by().values_list("pipeline_version", "experiment_type", "state")
    assemblies = Assembly.objects.filter(reads_study=study).order_by()
    made = assemblies.values_list(Value("assemblies"), Value(""), "state")
    lines: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for what, kind, state, n in analyses.annotate(n=Count("pk")).union(made.annotate(n=Count("pk")), all=True):
        lines[what, kind][state] += n
    return [(what, kind, states.total(), *_standing(states)) for (what, kind), states in sorted(lines.items())]


def _standing(states: Counter[str]) -> tuple[str, str]:
    parts = Counter({"good": 0, "kept": 0, "bad": 0})
    for state, n in states.items():
        parts[PART_OF.get(COLOUR_OF.get(state, ""), "")] += n
    told = format_html_join(" ", "{} {}", [(badge(state), n) for state, n in sorted(states.items())])
    return bar(parts, f"{parts['good']} of {states.total()} done"), told
