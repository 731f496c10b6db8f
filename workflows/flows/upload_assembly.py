"""One assembly is checked and sent to ENA (``spec/pipelines.md`` §4.7)."""

from django.conf import settings
from prefect.states import State

from workflows.prefect_utils.django_flow import actor, caller, completed_with_failures, django_flow
from workflows.prefect_utils.job_results import wait_for_cluster_jobs

from workflows.batches.uploading import answer_of, finish_upload, prepare_upload, start_step
from workflows.batches.webin_cli import DONE, Answer, Said, Step, Upload


@django_flow(flow_run_name="Upload assembly: {assembly_id}")
def upload_assembly(assembly_id: int, dry_run: bool = True, use_ena_dropbox_dev: bool = False) -> State | None:
    """A dry run validates and stops; nothing of ENA's test service is ever kept.

    :raises NotUploadable: with the reasons
    :raises EnaError: ENA did not say whether it has made a study for it; start it again
    """
    upload = prepare_upload(assembly_id=assembly_id, actor=actor(), dry_run=dry_run, test_service=use_ena_dropbox_dev)
    answer = send(upload, Step.VALIDATE, test_service=use_ena_dropbox_dev)
    if answer.said == Said.VALID and not dry_run:
        answer = send(upload, Step.SUBMIT, test_service=use_ena_dropbox_dev)
    assembly = finish_upload(upload=upload, answer=answer, actor=actor())
    told = f"{upload.alias} is {assembly.state}: {answer.text[-300:]}"
    return None if answer.said in DONE else completed_with_failures(told)


def send(upload: Upload, step: Step, *, test_service: bool) -> Answer:
    """Again after a while where ENA is away."""
    retries = settings.EMG_CONFIG.webin.webin_cli_retries
    for number in range(retries + 1):
        job = start_step(
            upload=upload,
            step=step,
            test_service=test_service,
            actor=actor(),
            caller=caller(f"{step}-{number}"),
            again=number > 0,
        )
        wait_for_cluster_jobs([job], on_failure="return")
        answer = answer_of(job, step)
        if answer.said != Said.AWAY:
            break
    return answer
