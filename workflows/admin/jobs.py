from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from analyses.admin.dialogs import actor_of, dialog
from analyses.admin.studies import study_lookup
from ena.readonly_admin import Section, badge, embedded, leave_for, rows_in, table
from workflows.admin.dialogs import CancelButton
from workflows.admin.job_sections import attempts_section, events_section, log_sections, task_sections
from workflows.cluster.cancellation import request_cancel
from workflows.cluster.requests import WrongRequest
from workflows.cluster.retrying import retry_job
from workflows.models import Batch, ClusterJob, FlowRun
from workflows.selectors.jobs import find_jobs, list_jobs, newest_attempt, reason_in_words, what_next, word_of

BATCH = "id slug key state round created_at"


class RetryForm(BaseDialogForm):
    memory_mib = forms.IntegerField(
        min_value=1, required=False, widget=UnfoldAdminIntegerFieldWidget, label="MiB, if not as its last attempt"
    )
    minutes = forms.IntegerField(
        min_value=1, required=False, widget=UnfoldAdminIntegerFieldWidget, label="Minutes, if not as its last attempt"
    )


RETRY = dialog("Retry", "It is done again as a new job. Whoever has had its answer keeps it.", RetryForm)


@admin.register(ClusterJob)
class ClusterJobAdmin(CancelButton):
    ordering = ("-created_at", "pk")
    list_display = ("name", "word", "study", "kind", "backend", "scheduler_id", "why", "created_at", "final_at")
    list_filter = ("state", "outcome_class", "kind", "backend", "created_at")
    actions_detail: tuple[str, ...] = ("cancel", "retry")
    search_help_text = "An id or its beginning, a token, a scheduler's id, or an accession of the study"
    fields = (
        ("word", "next", "why"),
        ("name", "kind", "backend"),
        ("study", "created_at", "final_at"),
        ("id", "logical_key"),
        ("cancel_requested_at", "cancel_requested_by", "cancel_reason"),
        "spec",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClusterJob]:
        if self.is_list(request):
            return list_jobs().defer("spec")
        batches = embedded(Batch.objects.filter(job=OuterRef("pk")).order_by("-created_at"), BATCH)
        return ClusterJob.objects.select_related("study").prefetch_related("attempts").annotate(of_batches=batches)

    def found_by(self, term: str) -> Q:
        return Q(pk__in=[job.pk for job in find_jobs(term)]) | study_lookup(term, "study")

    def has_button(self, job: ClusterJob, title: str) -> bool:
        return job.is_final if title == "Retry" else not (job.is_final or job.cancel_requested_at)

    def cancel_row(self, row: ClusterJob, **by: str) -> tuple[ClusterJob, str]:
        job = request_cancel(job_id=row.pk, **by)
        return job, f"{job.name}: {word_of(job)}"

    @action(description="Retry", url_path="retry", permissions=["act"], dialog=RETRY)
    def retry(self, request: HttpRequest, form: RetryForm, object_id: str) -> HttpResponse:
        job, asked = self.row_of(request, object_id), form.cleaned_data
        seconds = asked["minutes"] and asked["minutes"] * 60
        try:
            job = retry_job(
                job_id=job.pk, actor=actor_of(request), memory_mib=asked["memory_mib"], time_limit_seconds=seconds
            )
        except WrongRequest as refusal:
            messages.error(request, f"Nothing was changed: {refusal}")
        else:
            messages.success(request, "This is the new job: the service submits it with its next pass")
        return leave_for(request, job)

    @admin.display(description="state")
    def word(self, job: ClusterJob) -> str:
        return badge(word_of(job))

    @admin.display(description="what happens next")
    def next(self, job: ClusterJob) -> str:
        return what_next(job)

    @admin.display(description="why")
    def why(self, job: ClusterJob) -> str:
        """Of an ended job how it ended, of a waiting one what it waits for."""
        if job.is_final:
            return ": ".join(filter(None, (job.get_outcome_class_display(), job.evidence)))
        reason = newest_attempt(job).reason
        return "" if reason == "None" else reason_in_words(reason)

    @admin.display(description="scheduler id")
    def scheduler_id(self, job: ClusterJob) -> str | None:
        return newest_attempt(job).backend_job_id

    def sections(self, job: ClusterJob) -> list[Section]:
        attempts = sorted(job.attempts.all(), key=lambda one: -one.number)
        runs = FlowRun.objects.filter(calls__job=job).distinct().order_by("-created_at")
        return [
            attempts_section(attempts),
            *task_sections(job, Q(pipeline_run__attempt=attempts[0])),
            *log_sections(attempts),
            events_section(Q(job=job) | Q(attempt__in=attempts)),
            table("Batches it works for", rows_in(job, "of_batches", Batch), "self state round created_at"),
            table("Flow runs that called it", runs, "self requested_by created_at ended_at"),
        ]
