"""What was released or withdrawn moves with its level (``spec/pipelines.md`` §4.13)."""

from workflows.prefect_utils.django_flow import actor, caller, django_flow, publish_artifact
from workflows.prefect_utils.job_results import wait_for_cluster_jobs

from analyses.selectors.studies import find
from workflows.batches.embargo import finish_moving_results, forget_private_copies, start_moving_results


class ResultsNotMoved(Exception):
    """What still lies on the wrong side, and why. Started again it tries those once more."""


@django_flow(flow_run_name="Move results: {study_accession}")
def move_results(study_accession: str) -> None:
    """Bring every published file to the area of its level: an embargo that ends, or one that begins.

    :raises NotReachable: an area cannot be looked at
    :raises ResultsNotMoved: the others were moved
    """
    study = find(accession=study_accession)
    forget_private_copies(study=study, actor=actor())
    copy = start_moving_results(study=study, actor=actor(), caller=caller("move"))
    if copy is None:
        return
    wait_for_cluster_jobs([copy], on_failure="return")
    outcome = finish_moving_results(study=study, job_id=copy.pk, actor=actor())
    publish_artifact(f"results-{study.accession.lower()}", "\n".join(["Moved:", *outcome.moved]))
    if outcome.kept_back:
        raise ResultsNotMoved("; ".join(f"{name}: {why}" for name, why in outcome.kept_back.items()))
