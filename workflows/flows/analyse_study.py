"""An ENA study goes in, published analyses come out (``spec/pipelines.md`` §4.4)."""

from typing import Any, Literal

from django.conf import settings
from prefect.states import State
from pydantic import BaseModel, Field, create_model

from workflows.prefect_utils.ask import ask_a_person
from workflows.prefect_utils.child_runs import start_run, wait_for_runs
from workflows.prefect_utils.django_flow import (
    actor,
    completed_with_failures,
    django_flow,
    flow_run_id,
    once,
    publish_artifact,
)

from analyses.experiment_type import SourcePolicy, StrategyPolicy
from analyses.models import Biome, Study
from analyses.selectors.studies import find
from analyses.services.curate_study import set_study_biome
from analyses.services.plan_analyses import plan_analyses
from analyses.services.refresh_study import refresh_study
from ena.models import Visibility
from ena.services import set_study_owner
from workflows.batches.closing import close_cancelled_batches
from workflows.batches.planning import plan_batches
from workflows.batches.reports import batch_page, expected_type, failures_in_words, selection_page
from workflows.batches.starting import NotAvailableHere
from workflows.batches.summaries import summaries_are_served
from workflows.models import Batch, FlowRun
from workflows.pipelines import registry


class BatchesNotFinished(Exception):
    """Batches that a person must look at; the message says what each of them waits for."""


class AnalyseStudyInput(BaseModel):
    """The question; its choices, and the need of ``webin_owner``, come with the study, see :func:`form_for`."""

    biome: str
    library_strategy_policy: str
    library_source_policy: str
    webin_owner: str | None = Field(None, pattern=r"^Webin-[0-9]+$", description="Required for a private study")


@django_flow(flow_run_name="Analyse {pipeline}: {study_accession}")
def analyse_study(study_accession: str, pipeline: str, retry_failed: bool = False) -> State | None:
    """
    :raises UnknownPipeline, NotAvailableHere: with the list of what is missing; nothing was asked of ENA
    :raises StudyNotAvailable: unknown, private without access, or ENA did not answer; the message says which
    :raises BatchesNotFinished: the other batches are finished, and published
    """
    declared = registry.get(pipeline)
    if missing := registry.missing_here(declared, settings.EMG_CONFIG):
        raise NotAvailableHere(f"{pipeline}: " + "; ".join(missing))
    once("refreshed", lambda: refresh_study(accession=study_accession, actor=actor()))
    study = find(accession=study_accession)
    answer = ask_a_person(
        question="analysis_settings",
        subject=f"{study.accession}:{pipeline}",
        form=form_for(study),
        initial={"biome": study.biome.lineage} if study.biome else {},
        why=selection_page(study, declared),
    )
    once("applied", lambda: apply_settings(study, pipeline, answer))
    close_cancelled_batches(study=study, slug=pipeline, actor=actor())
    batches = plan_batches(
        study=study, slug=pipeline, actor=actor(), retry_failed=retry_failed, flow_run_id=flow_run_id()
    )
    runs = [start_run("run_batch_deployment", key=f"batch:{one.pk}", batch_id=str(one.pk)) for one in batches]
    ended = wait_for_runs(runs, on_failure="return")
    refuse_unfinished(batches, ended)
    for turn in range(3):  # a run under way may be another pipeline's, or have looked before the last batch closed
        if not summaries_are_served(study=study, slug=pipeline):
            accession, key = study.first_accession, f"finalise:{turn}"
            finalising = start_run("finalise_study_deployment", key=key, study_accession=accession, pipeline=pipeline)
            wait_for_runs([finalising])
    publish_artifact(f"analyses-{study.accession.lower()}", batch_page(batches) if batches else "Nothing to do.")
    failures = failures_in_words(batches)
    return completed_with_failures(failures) if failures else None


def form_for(study: Study) -> type[AnalyseStudyInput]:
    lineages = tuple(Biome.objects.order_by("path").values_list("lineage", flat=True))
    fields: dict[str, Any] = {
        "biome": (Literal[lineages], ...),
        "library_strategy_policy": (Literal[tuple(StrategyPolicy.values)], StrategyPolicy.AS_IN_ENA.value),
        "library_source_policy": (Literal[tuple(SourcePolicy.values)], SourcePolicy.BY_NAME.value),
    }
    if study.visibility == Visibility.PRIVATE and not (study.ena_study and study.ena_study.webin_owner):
        fields["webin_owner"] = (str, Field(pattern=r"^Webin-[0-9]+$", description="Who may see the results"))
    return create_model("AnalyseStudyInput", __base__=AnalyseStudyInput, **fields)


def apply_settings(study: Study, pipeline: str, answer: AnalyseStudyInput) -> None:
    """Biome, owner and experiment types; the analyses that are missing."""
    declared = registry.get(pipeline)
    version = declared.pipeline.pipeline_version
    if version is None:
        raise NotAvailableHere(f"{pipeline} makes no analyses")
    set_study_biome(study=study, lineage=answer.biome)
    if answer.webin_owner and study.ena_study:
        set_study_owner(study=study.ena_study, webin_account=answer.webin_owner, actor=actor())
    plan_analyses(
        study=study,
        pipeline_version=version,
        experiment_types=declared.pipeline.experiment_types,
        strategy_policy=answer.library_strategy_policy,
        source_policy=answer.library_source_policy,
        expected=expected_type(declared),
        actor=actor(),
    )


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
