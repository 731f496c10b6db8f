"""Results that were restored or made by hand are imported and published (``spec/pipelines.md`` §4.8)."""

from pathlib import Path

from prefect.states import State

from workflows.prefect_utils.child_runs import start_run, wait_for_runs
from workflows.prefect_utils.django_flow import (
    actor,
    completed_with_failures,
    django_flow,
    flow_run_id,
    once,
    publish_artifact,
)

from analyses.selectors.studies import find
from workflows.batches.recovery import adopt_outdir, batches_in_need, find_results, page_of, take_results
from workflows.models import Batch


@django_flow(flow_run_name="Import finished results: {study_accession}")
def recovery_helper_import_completed_analyses_in_study(
    study_accession: str,
    analysis_version: str = "V6",
    pipeline: str | None = None,
    outdir: str | None = None,
    dry_run: bool = False,
) -> State | None:
    """Take every whole tree of an analysis that is not done; what is not whole is listed and stays as it is.

    :param outdir: results of ``pipeline`` that were made elsewhere; else those in the folders of the study's batches
    :raises OutdirRefused: not below the root of work
    """
    study = find(accession=study_accession)

    def take() -> None:
        if outdir and pipeline:
            adopt_outdir(study=study, slug=pipeline, outdir=Path(outdir), actor=actor())
        batches = batches_in_need(study=study, version=analysis_version, slug=pipeline)
        found = [one for batch in batches for one in find_results(batch)]
        publish_artifact(f"results-found-{study.accession.lower()}", page_of(found))
        for batch in [] if dry_run else batches:
            take_results(batch=batch, actor=actor(), flow_run_id=flow_run_id())

    once("taken", take)
    taken = Batch.objects.filter(flow_run_id=flow_run_id(), study=study).order_by("created_at")
    runs = [start_run("run_batch_deployment", key=f"batch:{one.pk}", batch_id=str(one.pk)) for one in taken]
    unpublished = [f"{run.deployment}: {run.error}" for run in wait_for_runs(runs, on_failure="return") if run.error]
    return completed_with_failures("; ".join(unpublished)) if unpublished else None
