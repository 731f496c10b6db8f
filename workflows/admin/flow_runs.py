from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from analyses.admin.dialogs import actor_of, dialog
from analyses.admin.studies import study_lookup
from ena.readonly_admin import Section, badge, leave_for, link, outside, table
from workflows.admin.dialogs import CancelButton
from workflows.admin.job_sections import events_section
from workflows.admin.offered import offered
from workflows.launchable import ParametersRefused, UnknownDeployment, launchables
from workflows.models import FlowCall, FlowRun
from workflows.models.flow_run import FINAL
from workflows.selectors.jobs import list_jobs, word_of
from workflows.services.flow_runs import ask_for_run, request_flow_cancel


def deployments() -> list[str]:
    return [one.name for one in launchables()]


AGAIN = dialog("Start again", "A new run with the same parameters; what is done already is not done twice.")


@admin.register(FlowRun)
class FlowRunAdmin(CancelButton):
    actions_detail = ("cancel", "start_again")
    joins = ("study",)
    ordering = ("-created_at", "-pk")
    list_display = ("deployment", "where", "study", "requested_by", "because", "created_at", "ended_at")
    list_filter = ("state", offered("deployment", deployments), "waiting", "created_at")
    search_help_text = "The live key of one under way, e.g. batch:<id>, or an accession of the study"
    fields = (
        ("deployment", "where", "study"),
        ("parameters", "prefect"),
        ("requested_by", "because", "source"),
        ("error",),
        ("created_at", "ended_at", "beat_at"),
        ("waiting", "suspensions", "revivals", "execution"),
        ("live_key", "run_key", "number"),
        ("cancel_requested_at", "tries", "next_try_at"),
    )

    def found_by(self, term: str) -> Q:
        return Q(live_key=term) & ~Q(state__in=FINAL) | study_lookup(term, "study")

    def has_button(self, run: FlowRun, title: str) -> bool:
        if title == AGAIN["title"]:
            return bool(run.ended_at) and run.deployment in deployments()
        return not (run.ended_at or run.cancel_requested_at)

    def has_start_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.add_flowrun")

    @action(description=AGAIN["title"], url_path="again", permissions=["start"], dialog=AGAIN)
    def start_again(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Asked twice of one run it is started once."""
        ended, asked = self.row_of(request, object_id), {"source": "admin", "actor": actor_of(request)}
        if not ended.ended_at:
            messages.error(request, f"Nothing was started: it is {ended.state}")
            return leave_for(request, ended)
        try:
            run, is_new = ask_for_run(
                deployment=ended.deployment,
                parameters=ended.parameters,
                run_key=f"again:{ended.pk}",
                because=f"again, as {ended.pk}",
                study=ended.study,
                **asked,
            )
        except (UnknownDeployment, ParametersRefused) as refusal:
            messages.error(request, f"Nothing was started: {refusal}")
            return leave_for(request, ended)
        messages.success(request, "Asked for." if is_new else "That was asked for already: this is it.")
        return leave_for(request, run)

    def cancel_row(self, row: FlowRun, **by: str) -> tuple[FlowRun, str]:
        run = request_flow_cancel(flow_run_id=row.pk, **by)
        return run, f"{run.deployment} is {run.state}" + ("" if run.ended_at else ", being cancelled")

    @admin.display(description="Prefect")
    def prefect(self, run: FlowRun) -> str:
        url = settings.EMG_CONFIG.service_urls.prefect_ui_url
        return outside(f"{url}/runs/flow-run/{run.prefect_id}", "dashboard") if run.prefect_id else ""

    def sections(self, run: FlowRun) -> list[Section]:
        calls = run.calls.select_related("child").prefetch_related(Prefetch("job", list_jobs())).order_by("pk")
        called = ("call", "what", "state", "decided", "waits for it")
        return [
            Section("What it called", called, [_call_row(run, call) for call in calls]),
            table("What it asked", run.decisions.order_by("asked_at"), "self asked_at answered_at answered_by"),
            events_section(Q(flow_run=run)),
        ]


def _call_row(run: FlowRun, call: FlowCall) -> tuple[str, ...]:
    state = word_of(call.job) if call.job else call.child.state
    awaited = "yes" if call.awaited and run.waiting else ""
    return (call.call_key, link(call.job or call.child), badge(state), call.decision, awaited)
