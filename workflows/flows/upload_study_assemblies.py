"""All assemblies of a study that are completed are sent to ENA (``spec/pipelines.md`` §4.7)."""

from typing import Any

from prefect.states import State

from workflows.prefect_utils.child_runs import start_run, wait_for_runs
from workflows.prefect_utils.django_flow import completed_with_failures, django_flow

from analyses.models import Assembly, AssemblyState, Study
from analyses.selectors.studies import find

WAITING = (AssemblyState.COMPLETED, AssemblyState.UPLOADING, AssemblyState.UPLOAD_FAILED)


@django_flow(flow_run_name="Upload assemblies: {study_accession}")
def upload_study_assemblies(study_accession: str, dry_run: bool = True) -> State | None:
    """Each by a run of its own."""
    failures = send_waiting(find(accession=study_accession), dry_run=dry_run)
    return completed_with_failures(failures) if failures else None


def waiting_of(study: Study) -> list[Assembly]:
    return list(Assembly.objects.filter(reads_study=study, origin="mgnify", state__in=WAITING).order_by("pk"))


def send_waiting(study: Study, *, dry_run: bool, use_ena_dropbox_dev: bool = False) -> str:
    """Why some were not sent; empty if none was left."""
    how: dict[str, Any] = {"dry_run": dry_run, "use_ena_dropbox_dev": use_ena_dropbox_dev}
    runs = [
        start_run("upload_assembly_deployment", key=f"upload:{one.pk}", assembly_id=one.pk, **how)
        for one in waiting_of(study)
    ]
    return "; ".join(run.error for run in wait_for_runs(runs, on_failure="return") if run.error)
