"""One batch of any pipeline, from its members to published results (``spec/pipelines.md`` §2.3)."""

from uuid import UUID

from prefect.states import State

from workflows.prefect_utils.artifacts import publish_artifact
from workflows.prefect_utils.callers import actor, caller
from workflows.prefect_utils.django_flow import completed_with_failures, django_flow
from workflows.prefect_utils.slurm_flow import wait_for_jobs

from workflows.batches.closing import close_batch
from workflows.batches.folding import fold_batch
from workflows.batches.importing import import_batch
from workflows.batches.publishing import finish_publishing, start_publishing
from workflows.batches.reports import batch_page, failures_in_words
from workflows.batches.starting import start_batch


@django_flow(name="Run a pipeline batch", flow_run_name="Batch: {batch_id}", live_key="batch:{batch_id}")
def run_batch(batch_id: UUID) -> State | None:
    """Every line looks first, so it may start from the top at any time.

    :raises NotFinished: members that wait for a person, or whose results could not be copied
    """
    job = start_batch(batch_id=batch_id, actor=actor(), caller=caller("start"))
    wait_for_jobs([job] if job else [])
    fold_batch(batch_id=batch_id, actor=actor())
    import_batch(batch_id=batch_id, actor=actor())
    while copy := start_publishing(batch_id=batch_id, actor=actor(), caller=caller("publish")):
        wait_for_jobs([copy])
        # Once more only for analyses whose level moved while they were copied.
        if not finish_publishing(batch_id=batch_id, job_id=copy.pk, actor=actor()).moved:
            break
    batch = close_batch(batch_id=batch_id, actor=actor())
    publish_artifact(f"batch-{batch.key}", batch_page([batch]))
    failures = failures_in_words([batch])
    return completed_with_failures(failures) if failures else None
