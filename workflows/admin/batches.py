import json
from collections import Counter
from typing import Any

from django.contrib import admin
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html

from analyses.admin.studies import study_lookup
from ena.readonly_admin import Section, badge, link, table
from workflows.admin.job_sections import events_section
from workflows.admin.offered import offered
from workflows.admin.sheet_button import SheetButton, lines_of, text_of
from workflows.models import Batch, BatchMember
from workflows.pipelines import registry
from workflows.selectors.batches import count_verdicts, stage_of

MEMBERS_SHOWN = 500
MEMBERS = ("member", "verdict", "why", "pipeline's word", "rounds", "analysis", "faults", "evidence")


def members_counted(**conditions: Any) -> Subquery:
    """Counted for the rows of a page alone: a join would group the whole table first."""
    members = BatchMember.objects.filter(batch=OuterRef("pk"), **conditions).order_by().values("batch")
    return Subquery(members.values(n=Count("pk")))


@admin.register(Batch)
class BatchAdmin(SheetButton):
    joins = ("study", "job", "flow_run")
    ordering = ("-created_at", "pk")
    list_display = ("key", "slug", "study", "where", "judged", "round", "job", "created_at", "closed_at")
    list_filter = ("state", offered("slug", registry.slugs), "created_at")
    search_help_text = "A whole key, or an accession of the study"
    fields = (
        ("slug", "where", "study"),
        ("key", "round"),
        ("job", "flow_run", "requested_by"),
        ("version", "revision", "session_id"),
        ("base_dir", "work_dir"),
        ("created_at", "closed_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        counts = {"n": members_counted(), "n_judged": members_counted(verdict__isnull=False)}
        return super().get_queryset(request).annotate(**counts)

    def found_by(self, term: str) -> Q:
        return Q(key=term) | study_lookup(term, "study")

    @admin.display(description="members with a verdict")
    def judged(self, batch: Batch) -> str:
        judged, members = (getattr(batch, name) or 0 for name in ("n_judged", "n"))  # annotated by get_queryset
        return f"{judged} of {members}"

    def has_buttons(self, batch: Batch) -> bool:
        return bool(lines_of(batch))

    def sections(self, batch: Batch) -> list[Section]:
        members = batch.members.select_related("run", "sample", "analysis")
        worst_first = list(members.order_by(F("verdict").desc(nulls_first=True), "pk")[:MEMBERS_SHOWN])
        counts = Counter(member.verdict or "unfinished" for member in worst_first)
        if len(worst_first) == MEMBERS_SHOWN:
            counts = count_verdicts([batch])
        told = ", ".join(f"{n} {verdict}" for verdict, n in counts.items()) or "no members"
        runs = batch.pipeline_runs.select_related("attempt__job").order_by("-round", "-attempt__number")
        return [
            Section("Where it stands", text=f"{stage_of(batch)}: {told}"),
            Section(f"Members, at most {MEMBERS_SHOWN}", MEMBERS, [_member_row(member) for member in worst_first]),
            *([Section("Samplesheet of the next round", text=text_of(batch))] if lines_of(batch) else []),
            table("Runs of the pipeline", runs, "round attempt__job attempt__state resumed nextflow_version"),
            events_section(Q(batch=batch)),
        ]


def _member_row(member: BatchMember) -> tuple[Any, ...]:
    subject = link(member.run or member.sample)
    told = (badge(member.verdict or "unfinished"), member.reason_code, member.word, member.rounds)
    return (subject, *told, link(member.analysis), _folded(member.faults), _folded(member.evidence))


def _folded(value: Any) -> str:
    """JSON behind a click: a log tail would fill the page."""
    if not value:
        return ""
    lines = [f"{name}: {text}" for name, text in value.items()] if isinstance(value, dict) else map(_plain, value)
    return format_html("<details><summary>{}</summary><pre>{}</pre></details>", len(value), "\n".join(lines))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
