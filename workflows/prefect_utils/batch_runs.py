"""Batches of a study, run side by side by flow runs of their own, and what is made when they are over (§4.4)."""

from typing import Literal

from prefect.states import State
from pydantic import BaseModel

from workflows.prefect_utils.ask import ask_a_person
from workflows.prefect_utils.child_runs import start_run, wait_for_runs
from workflows.prefect_utils.django_flow import actor, completed_with_failures, flow_run_id, once, publish_artifact

from analyses.models import Study
from workflows.batches.choosing import StudySettings, apply_settings, form_for, known_settings
from workflows.batches.closing import close_cancelled_batches
from workflows.batches.planning import plan_batches
from workflows.batches.reports import batch_page, failures_in_words, selection_page, sheets_page
from workflows.batches.sheet_editing import cancel_unstarted
from workflows.batches.summaries import summaries_are_served
from workflows.models import Batch, FlowRun
from workflows.pipelines.declaration import Declared


class SheetsInput(BaseModel):
    samplesheets: Literal["go", "cancel"]


class BatchesNotFinished(Exception):
    """Batches that a person must look at; the message says what each of them waits for."""


def settle_settings(
    study: Study, declared: Declared, *, question: str, ask_again: bool = False, **said: str | None
) -> StudySettings:
    """What the curator chose, asked once, and done.

    :param said: settings that came with the run
    """
    chosen = known_settings(study, declared)
    if chosen is None:
        answer: BaseModel = ask_a_person(
            question=question,
            subject=f"{study.accession}:{declared.pipeline.slug}",
            form=form_for(study, declared),
            initial={"biome": study.biome.lineage} if study.biome else {},
            why=selection_page(study, declared),
            ask_again=ask_again,
        )
        chosen = StudySettings.model_validate(answer.model_dump())
    chosen = chosen.model_copy(update={name: value for name, value in said.items() if value is not None})
    once("applied", lambda: apply_settings(study, declared, chosen, actor=actor()))
    return chosen


def run_batches(study: Study, slug: str, *, retry_failed: bool = False, reviewed: bool = False) -> list[Batch]:
    """Plan what is not final, and sleep until each of its batches is.

    :param reviewed: a person looks at the samplesheets before anything starts
    :return: the batches, but for those that the person would not start
    :raises BatchesNotFinished: naming those that are still open, with what their runs said; the others are finished
    """
    close_cancelled_batches(study=study, slug=slug, actor=actor())
    batches = plan_batches(study=study, slug=slug, actor=actor(), retry_failed=retry_failed, flow_run_id=flow_run_id())
    if reviewed and not sheets_are_good(study, slug, batches):
        return []
    runs = [start_run("run_batch_deployment", key=f"batch:{one.pk}", batch_id=str(one.pk)) for one in batches]
    refuse_unfinished(batches, wait_for_runs(runs, on_failure="return"))
    return batches


def sheets_are_good(study: Study, slug: str, batches: list[Batch]) -> bool:
    """Ask, once a run; those that have not begun are given up where the answer is no."""
    waiting = [batch for batch in batches if not batch.round]
    if not waiting:
        return True
    answer = ask_a_person(
        question="samplesheets_reviewed",
        subject=f"{study.accession}:{slug}",
        form=SheetsInput,
        why=sheets_page(waiting),
        ask_again=True,
    )
    if answer.samplesheets == "cancel":
        cancel_unstarted(waiting, actor=actor())
    return answer.samplesheets == "go"


def serve_summaries(study: Study, slug: str) -> None:
    """Twice again: a run under way may be another pipeline's, or have looked before the last batch closed."""
    for turn in range(3):
        if not summaries_are_served(study=study, slug=slug):
            accession, key = study.first_accession, f"finalise:{turn}"
            finalising = start_run("finalise_study_deployment", key=key, study_accession=accession, pipeline=slug)
            wait_for_runs([finalising])


def tell_end(study: Study, batches: list[Batch], *, what: str) -> State | None:
    """Show what came of the batches; the state says what failed for good."""
    publish_artifact(f"{what}-{study.accession.lower()}", batch_page(batches) if batches else "Nothing to do.")
    failures = failures_in_words(batches)
    return completed_with_failures(failures) if failures else None


def refuse_unfinished(batches: list[Batch], runs: list[FlowRun]) -> None:
    """:raises BatchesNotFinished: naming the batches that are still open, with what their runs said"""
    for batch in batches:
        batch.refresh_from_db()
    said = [
        f"{batch}, its run is {run.state}: {run.error or 'see there'}"
        for batch, run in zip(batches, runs, strict=True)
        if batch.state == Batch.State.OPEN
    ]
    if said:
        raise BatchesNotFinished("; ".join(said))
