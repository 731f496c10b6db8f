"""Deployments under the names that operators know, each a flow with its pipeline fixed (``spec/pipelines.md`` §4.0)."""

from uuid import UUID

from prefect.states import State

from workflows.prefect_utils.django_flow import django_flow

from workflows.flows.analyse_study import analyse
from workflows.flows.finalise_study import finalise
from workflows.flows.run_batch import run


@django_flow(flow_run_name="Analyse amplicon: {study_accession}")
def analysis_amplicon_study(study_accession: str) -> State | None:
    return analyse(study_accession, "amplicon_v6")


@django_flow(flow_run_name="Analyse raw reads: {study_accession}")
def analysis_rawreads_study(study_accession: str) -> State | None:
    return analyse(study_accession, "rawreads_v6")


@django_flow(flow_run_name="Analyse assemblies: {study_accession}")
def analysis_assembly_study(study_accession: str, contaminant_reference: str | None = None) -> State | None:
    return analyse(study_accession, "assembly_v6", contaminant_reference=contaminant_reference)


@django_flow(flow_run_name="Assembly batch: {assembly_analyses_batch_id}")
def run_assembly_batch(assembly_analyses_batch_id: UUID) -> State | None:
    return run(assembly_analyses_batch_id)


@django_flow(flow_run_name="Finalise assemblies: {study_accession}")
def finalize_assembly_study(study_accession: str) -> None:
    finalise(study_accession, "assembly_v6")
