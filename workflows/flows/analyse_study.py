"""An ENA study goes in, published analyses come out (``spec/pipelines.md`` §4.4)."""

from prefect.states import State

from workflows.prefect_utils.batch_runs import run_batches, serve_summaries, settle_settings, tell_end
from workflows.prefect_utils.django_flow import actor, django_flow, once

from analyses.selectors.studies import find
from analyses.services.refresh_study import refresh_study
from workflows.batches.choosing import available


@django_flow(flow_run_name="Analyse {pipeline}: {study_accession}")
def analyse_study(
    study_accession: str, pipeline: str, retry_failed: bool = False, ask_again: bool = False
) -> State | None:
    """
    :raises UnknownPipeline, NotAvailableHere: with the list of what is missing; nothing was asked of ENA
    :raises StudyNotAvailable: unknown, private without access, or ENA did not answer; the message says which
    :raises BatchesNotFinished: the other batches are finished, and published
    """
    return analyse(study_accession, pipeline, retry_failed=retry_failed, ask_again=ask_again)


def analyse(
    study_accession: str,
    pipeline: str,
    *,
    retry_failed: bool = False,
    ask_again: bool = False,
    contaminant_reference: str | None = None,
) -> State | None:
    """The body, which the deployments of older names share."""
    declared = available(pipeline)
    once("refreshed", lambda: refresh_study(accession=study_accession, actor=actor()))
    study = find(accession=study_accession)
    said = {"contaminant_reference": contaminant_reference}
    chosen = settle_settings(study, declared, question="analysis_settings", ask_again=ask_again, **said)
    reviewed = chosen.wait_for_samplesheet_editing
    batches = run_batches(study, pipeline, retry_failed=retry_failed, reviewed=reviewed)
    serve_summaries(study, pipeline)
    return tell_end(study, batches, what="analyses")
