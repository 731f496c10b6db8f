"""The runs of a study are assembled (``spec/pipelines.md`` §4.5)."""

from prefect.states import State

from workflows.prefect_utils.batch_runs import run_batches, settle_settings, tell_end
from workflows.prefect_utils.django_flow import actor, django_flow, once

from analyses.selectors.studies import find
from analyses.services.refresh_study import refresh_study
from workflows.batches.choosing import available

PIPELINE = "miassembler_v3"


@django_flow(flow_run_name="Assemble: {accession}")
def assemble_study(accession: str, retry_failed: bool = False) -> State | None:
    """One assembly for each run that has none in ENA; what is completed stays so.

    :raises NotAvailableHere: with the list of what is missing; nothing was asked of ENA
    :raises StudyNotAvailable: unknown, private without access, or ENA did not answer; the message says which
    :raises BatchesNotFinished: the other batches are finished
    """
    declared = available(PIPELINE)
    once("refreshed", lambda: refresh_study(accession=accession, actor=actor()))
    study = find(accession=accession)
    settle_settings(study, declared, question="assembly_settings")
    batches = run_batches(study, PIPELINE, retry_failed=retry_failed)
    return tell_end(study, batches, what="assemblies")
