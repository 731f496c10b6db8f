"""The runs of a study are assembled, and the assemblies sent to ENA (``spec/pipelines.md`` §4.5)."""

from django.conf import settings
from prefect.states import State
from pydantic import BaseModel

from workflows.prefect_utils.ask import ask_a_person
from workflows.prefect_utils.batch_runs import run_batches, settle_settings, tell_end
from workflows.prefect_utils.django_flow import actor, completed_with_failures, django_flow, once

from analyses.models import Study
from analyses.selectors.studies import find
from analyses.services.refresh_study import refresh_study
from workflows.batches.choosing import available
from workflows.batches.starting import NotAvailableHere
from workflows.flows.upload_study_assemblies import send_waiting, waiting_of

PIPELINE = "miassembler_v3"


class UploadInput(BaseModel):
    upload: bool


@django_flow(flow_run_name="Assemble: {accession}")
def assemble_study(
    accession: str, upload: bool = True, use_ena_dropbox_dev: bool = False, retry_failed: bool = False
) -> State | None:
    """One assembly for each run that has none in ENA; what is completed stays so.

    :raises NotAvailableHere: with the list of what is missing; nothing was asked of ENA
    :raises StudyNotAvailable: unknown, private without access, or ENA did not answer; the message says which
    :raises BatchesNotFinished: the other batches are finished
    """
    declared = available(PIPELINE)
    if upload and not settings.EMG_CONFIG.webin.webin_cli_jar:
        raise NotAvailableHere(
            "EMG_WEBIN__WEBIN_CLI_JAR is not set: nothing can be uploaded; start it with upload=false"
        )
    once("refreshed", lambda: refresh_study(accession=accession, actor=actor()))
    study = find(accession=accession)
    chosen = settle_settings(study, declared, question="assembly_settings")
    reviewed = chosen.wait_for_samplesheet_editing
    batches = run_batches(study, PIPELINE, retry_failed=retry_failed, reviewed=reviewed)
    failures = send_if_confirmed(study, use_ena_dropbox_dev=use_ena_dropbox_dev) if upload else ""
    ended = tell_end(study, batches, what="assemblies")
    return ended or (completed_with_failures(failures) if failures else None)


def send_if_confirmed(study: Study, *, use_ena_dropbox_dev: bool) -> str:
    """A person sees how many go where before the first one goes."""
    waiting = waiting_of(study)
    if not waiting:
        return ""
    where = "ENA's test service" if use_ena_dropbox_dev else "ENA"
    owner = study.ena_study.webin_owner if study.visibility and study.ena_study else ""
    account = owner or settings.EMG_CONFIG.webin.emg_webin_account
    why = f"{len(waiting)} assemblies of {study.first_accession} go to {where}, into the account {account}."
    answer = ask_a_person(
        question="upload_confirmed", subject=study.accession, form=UploadInput, why=why, ask_again=True
    )
    return send_waiting(study, dry_run=False, use_ena_dropbox_dev=use_ena_dropbox_dev) if answer.upload else ""
