"""What concerns a whole study, once its last batch is closed (``spec/pipelines.md`` §4.9)."""

from workflows.prefect_utils.django_flow import actor, caller, django_flow, publish_artifact
from workflows.prefect_utils.job_results import wait_for_cluster_jobs

from analyses.selectors.studies import find
from workflows.batches.summaries import finish_copying_summaries, start_copying_summaries


@django_flow(flow_run_name="Finalise {pipeline}: {study_accession}")
def finalise_study(study_accession: str, pipeline: str) -> None:
    """:raises SummariesNotCopied: the summaries served before are as they were"""
    finalise(study_accession, pipeline)


def finalise(study_accession: str, pipeline: str) -> None:
    """Write the summaries, copy them verified, serve them. Run again with nothing new it copies nothing."""
    study = find(accession=study_accession)
    copy = start_copying_summaries(study=study, slug=pipeline, actor=actor(), caller=caller("summaries"))
    if copy is None:
        publish_artifact(f"study-{study.accession.lower()}", f"{study.accession}: nothing new to summarise")
        return
    wait_for_cluster_jobs([copy], on_failure="return")
    served = finish_copying_summaries(study=study, slug=pipeline, job_id=copy.pk)
    publish_artifact(f"study-{study.accession.lower()}", f"{study.accession}: {served} study summaries are served")
