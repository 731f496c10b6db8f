"""Download and verify the read runs of a study's samples (``spec/pipelines.md`` §4.2)."""

from prefect import get_run_logger, task
from prefect.states import State
from pydantic import BaseModel, Field

from workflows.prefect_utils.ask import ask_a_person
from workflows.prefect_utils.django_flow import (
    actor,
    caller,
    completed_with_failures,
    django_flow,
    flow_run_id,
    once,
    publish_artifact,
)
from workflows.prefect_utils.job_results import wait_for_cluster_jobs

from analyses.models import Study
from analyses.selectors.studies import find
from analyses.services.refresh_study import refresh_study
from workflows.batches.closing import close_batch
from workflows.batches.folding import fold_batch
from workflows.batches.places import FolderIsAnothers
from workflows.batches.planning import plan_sample_batches
from workflows.batches.reports import batch_page, download_page, failures_in_words
from workflows.batches.starting import start_batch
from workflows.models import Batch, ClusterJob
from workflows.pipelines.sheets import SheetRefused


class DownloadOptionsInput(BaseModel):
    samples_limit: int = Field(10, ge=1, description="How many samples, from the first by accession")


@django_flow(flow_run_name="Download read-runs for study: {accession}")
def realistic_example(accession: str) -> State | None:
    """
    :raises BadAccession: before anything is asked of ENA
    :raises StudyNotAvailable: unknown, private without access, or ENA did not answer; the message says which
    """
    once("study", lambda: refresh_study(accession=accession, actor=actor(), only={"study"}))
    once("samples", lambda: get_samples(accession))
    study = find(accession=accession)
    options = ask_a_person(
        question="sample_limit",
        subject=study.accession,
        form=DownloadOptionsInput,
        initial={"samples_limit": 10},
        why=f"**{study.title}** ({study.first_accession}) has {study.samples.count()} samples.",
    )
    batches = plan_sample_batches(
        study=study,
        slug="download_read_runs",
        samples=first_samples(study, options.samples_limit),
        actor=actor(),
        flow_run_id=flow_run_id(),
    )
    started = {batch: job for batch in batches if (job := start_download(batch))}
    wait_for_cluster_jobs(started.values(), on_failure="return")
    for batch in started:
        fold_batch(batch_id=batch.pk, actor=actor())
        close_batch(batch_id=batch.pk, actor=actor())
    publish_artifact(f"downloads-{study.accession.lower()}", f"{download_page(batches)}\n\n{batch_page(batches)}")
    failures = failures_in_words(batches)
    return completed_with_failures(failures) if failures else None


@task(name="Get samples")
def get_samples(accession: str) -> None:
    refresh_study(accession=accession, actor=actor(), only={"samples"})


def start_download(batch: Batch) -> ClusterJob | None:
    """None: this sample cannot be started, and is told as unfinished; the others go on."""
    try:
        return start_batch(batch_id=batch.pk, actor=actor(), caller=caller(f"sample:{batch.key}"))
    except (FolderIsAnothers, SheetRefused) as error:
        get_run_logger().error("%s: %s", batch, error)
        return None


def first_samples(study: Study, limit: int) -> list:
    return list(study.samples.order_by("first_accession")[:limit])
