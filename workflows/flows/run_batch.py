"""One batch of any pipeline, from its members to published results (``spec/pipelines.md`` §2.3)."""

from typing import Literal
from uuid import UUID

from prefect.states import State
from pydantic import BaseModel

from workflows.prefect_utils.ask import ask_a_person
from workflows.prefect_utils.django_flow import actor, caller, completed_with_failures, django_flow, publish_artifact
from workflows.prefect_utils.job_results import wait_for_cluster_jobs

from workflows.batches.closing import close_batch, what_needs_a_person
from workflows.batches.folding import ODD_WAYS, fold_batch, odd_members, settle_odd_verdicts
from workflows.batches.importing import import_batch
from workflows.batches.publishing import finish_publishing, start_publishing
from workflows.batches.reports import batch_page, failures_in_words
from workflows.batches.stages import plan_stage
from workflows.batches.starting import start_batch, waits_for_round
from workflows.models import Batch
from workflows.selectors.batches import add_ons_of


class OddVerdictsInput(BaseModel):
    odd_members: Literal[ODD_WAYS]  # type: ignore[valid-type]


@django_flow(flow_run_name="Batch: {batch_id}")
def run_batch(batch_id: UUID) -> State | None:
    """:raises NotFinished: members whose results could not be copied"""
    return run(batch_id)


def run(batch_id: UUID) -> State | None:
    """Every line looks first, so it may start from the top at any time."""
    stage: UUID | None = batch_id
    while stage:
        run_stage(stage, batch_id)
        stage = plan_stage(after=stage, actor=actor())
    batch = close_batch(batch_id=batch_id, actor=actor())
    publish_artifact(f"batch-{batch.key}", batch_page([batch, *add_ons_of(batch)]))
    failures = failures_in_words([batch])
    return completed_with_failures(failures) if failures else None


def run_stage(stage: UUID, batch_id: UUID) -> None:
    """Rounds of a batch or of an add-on stage of it, until every member has its verdict."""
    finish_rounds(stage, batch_id)
    while odd := odd_members(Batch.objects.get(pk=stage)):
        batch = odd[0].batch
        why = "\n".join(f"- {text}" for text in what_needs_a_person(batch))
        subject = f"{stage}:round-{batch.round}"
        answer = ask_a_person(question="odd_verdicts", subject=subject, form=OddVerdictsInput, why=why)
        settle_odd_verdicts(batch_id=stage, way=answer.odd_members, actor=actor())
        finish_rounds(stage, batch_id)


def finish_rounds(stage: UUID, batch_id: UUID) -> None:
    """The one under way, and those of what it left unfinished."""
    finish_round(stage, batch_id)
    while waits_for_round(stage):
        finish_round(stage, batch_id)


def finish_round(stage: UUID, batch_id: UUID) -> None:
    """From whoever waits for a round to whatever of it can be published."""
    job = start_batch(batch_id=stage, actor=actor(), caller=caller(f"start:{stage}"))
    wait_for_cluster_jobs([job] if job else [], on_failure="return")
    fold_batch(batch_id=stage, actor=actor())
    import_batch(batch_id=batch_id, actor=actor(), with_stages=stage != batch_id)
    while copy := start_publishing(batch_id=batch_id, actor=actor(), caller=caller("publish")):
        wait_for_cluster_jobs([copy], on_failure="return")
        # Once more only for analyses whose level moved while they were copied.
        if not finish_publishing(batch_id=batch_id, job_id=copy.pk, actor=actor()).moved:
            break
