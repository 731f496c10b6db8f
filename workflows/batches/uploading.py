"""An assembly goes to ENA by webin-cli, and once (``spec/pipelines.md`` §3.4, §4.7).

Everything that is sent follows from the assembly's rows and its file: the same file has the same alias, which is ENA's
own guard against a second one.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from django.conf import settings
from django.db import transaction

from analyses.models import Accession, Assembly, AssemblyState, ReasonCode, Run
from analyses.states import Told, move_assembly
from ena.errors import CredentialsRefused
from ena.models import Visibility
from workflows.batches.assembly_studies import account_for, known_assembly_study, register_assembly_study
from workflows.batches.webin_cli import (
    DONE,
    OURS,
    Answer,
    Said,
    Step,
    Upload,
    argv_of,
    folder_in,
    manifest_of,
    read_answer,
)
from workflows.cluster.node.supervisor import write_file
from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import Caller, JobRequest, record_intent
from workflows.cluster.submission import submit_job
from workflows.models import Attention, ClusterJob
from workflows.pipelines import registry
from workflows.pipelines.tree import Tree, read_tree, survey_tree
from workflows.services.attention import raise_attention

A = AssemblyState
MADE_BY = "miassembler_v3"
WRONG_PASSWORD = "webin_password_refused"  # noqa: S105 - an attention's code
MEMORY_MIB, SECONDS = 6144, 2 * 60 * 60


class NotUploadable(Exception):
    """Nothing was sent; the text says why."""


def prepare_upload(*, assembly_id: int, actor: str, dry_run: bool = False, test_service: bool = False) -> Upload:
    """1. Look at the rows and the file.  2. What is not fit stays here, with all reasons.  3. ENA has a study for it,
    or makes one, but not for a dry run.  4. Write the manifest; the assembly is uploading. Safe to repeat.

    :raises NotUploadable: with the reasons, which are on the assembly too where they are its own
    :raises EnaError: ENA did not say whether it has made a study for it
    """
    whole = Assembly.objects.select_related("reads_study__ena_study", "assembly_study", "sample", "assembler")
    assembly = whole.get(pk=assembly_id)
    if assembly.state not in (A.COMPLETED, A.UPLOAD_FAILED, A.UPLOADING):
        raise NotUploadable(f"{assembly} is {assembly.state}")
    runs = [link.run for link in assembly.run_links.select_related("run").order_by("position")]
    survey = survey_tree(_tree_of(assembly, runs), registry.get(MADE_BY))
    too_few = [fault.found for fault in survey.faults if fault.rule == "fasta_records"]
    if too_few:
        _stop(assembly, A.POST_QC_FAILED, "too_few_contigs", [f"{number} contigs" for number in too_few], actor)
    account, secret = account_for(assembly)
    faults = [f"{fault.path}: {fault.found}, expected {fault.expected}" for fault in survey.faults]
    faults += [f"EMG_WEBIN__{name}" for name, value in _settings_of(account).items() if not value]
    faults += _faults_of_rows(assembly, runs)
    if faults:
        _stop(assembly, A.UPLOAD_BLOCKED, ReasonCode.OUTPUTS_INVALID, faults, actor)
    if Attention.objects.filter(code=WRONG_PASSWORD, subject_id=account, cleared_at=None).exists():
        raise NotUploadable(f"ENA refused the password of {account}: nothing is sent until somebody looks")
    study = _study_of(assembly, account=account, dry_run=dry_run, test_service=test_service, actor=actor)
    (contigs,) = survey.matches["contigs"]
    upload = _upload_of(assembly, runs, study, contigs.file, account=account, secret=secret)
    upload.folder.mkdir(parents=True, exist_ok=True)
    write_file(upload.manifest, manifest_of(upload, runs, contigs.file))
    if assembly.state != A.UPLOADING:
        move_assembly(assembly_id=assembly.pk, to=A.UPLOADING, actor=actor, evidence={"alias": upload.alias})
    return upload


def start_step(
    *, upload: Upload, step: Step, test_service: bool, actor: str, caller: Caller | None = None, again: bool = False
) -> ClusterJob:
    """One job a step, each with a folder of its own; a step that was done is not done again.

    :param again: ENA was away just now, so that it waits a while
    """
    key = f"upload:{upload.alias}:{step}{'-test' if test_service else ''}"
    earlier = ClusterJob.objects.filter(logical_key=key)
    has_done = any(answer_of(job, step).said in DONE for job in earlier)
    out = upload.folder / f"{step}{'-test' if test_service else ''}-{len(earlier) + 1}"
    out.mkdir(exist_ok=True)
    request = JobRequest(
        name=f"{step} {upload.alias}",
        kind=ClusterJob.Kind.COMMAND,
        working_dir=str(upload.folder),
        argv=argv_of(upload, step, out, test_service=test_service),
        secrets={OURS: upload.secret},
        memory_mib=MEMORY_MIB,
        time_limit_seconds=SECONDS,
        study_id=upload.assembly.reads_study_id,
        logical_key=key,
        delay_seconds=settings.EMG_CONFIG.webin.webin_cli_retry_delay_seconds if again else 0,
    )
    policy = POLICIES["NeverResubmitPolicy" if has_done else "ResubmitAlwaysPolicy"]
    intent = record_intent(request=request, policy=policy, actor=actor, caller=caller)
    submit_job(intent.job)
    return intent.job


def answer_of(job: ClusterJob, step: Step) -> Answer:
    """What webin-cli said in a job of that step, which is over."""
    return read_answer(folder_in(job.spec["argv"]), step)


@transaction.atomic
def finish_upload(*, upload: Upload, answer: Answer, actor: str) -> Assembly:
    """The assembly goes where the answer leads: only a real submission makes it uploaded."""
    told: Told = {"actor": actor, "evidence": {"alias": upload.alias, "said": answer.said, "text": answer.text[-2000:]}}
    assembly = Assembly.objects.select_for_update(no_key=True).get(pk=upload.assembly.pk)
    if assembly.state != A.UPLOADING:  # somebody else was here
        return assembly
    if answer.said == Said.SUBMITTED:
        Accession.objects.get_or_create(accession=answer.accession, defaults={"assembly": assembly, "is_primary": True})
        names = sorted({*assembly.ena_accessions, answer.accession})
        study = known_assembly_study(assembly)
        Assembly.objects.filter(pk=assembly.pk).update(
            first_accession=answer.accession,
            ena_accessions=names,
            assembly_study=study,
            assembly_study_visibility=study.visibility,
        )
        return move_assembly(assembly_id=assembly.pk, to=A.UPLOADED, **told)
    if answer.said in (Said.VALID, Said.REHEARSED):
        return move_assembly(assembly_id=assembly.pk, to=A.COMPLETED, **told)
    if answer.said == Said.REFUSED_PASSWORD:
        _stop_account(upload.account)
    told["reason_code"] = ReasonCode.PIPELINE_FAILED
    return move_assembly(assembly_id=assembly.pk, to=A.UPLOAD_FAILED, **told)


def _tree_of(assembly: Assembly, runs: list[Run]) -> Tree:
    slurm = settings.EMG_CONFIG.slurm
    root = Path(assembly.dir or "/nonexistent")
    word = assembly.assembler.name if assembly.assembler else ""
    inside = [root, slurm.default_workdir, slurm.default_nextflow_workdir]
    return read_tree(root, subject=str(runs[0].first_accession) if runs else "", word=word, inside=inside)


def _study_of(assembly: Assembly, *, account: str, dry_run: bool, test_service: bool, actor: str) -> str:
    """The accession of the study that is to hold it, made now if there is none."""
    if known := known_assembly_study(assembly):
        return str(known.first_accession)
    if dry_run and not test_service:
        told = "an upload registers one, a dry run does not: rehearse it with use_ena_dropbox_dev=true"
        raise NotUploadable(f"ENA has no study for assemblies of {assembly.reads_study.first_accession}: {told}")
    try:
        return register_assembly_study(assembly=assembly, test_service=test_service, actor=actor)
    except CredentialsRefused as error:
        _stop_account(account)
        raise NotUploadable(str(error)) from error


def _stop_account(account: str) -> None:
    text = f"ENA refused the password of {account}; another try could lock the account"
    raise_attention(code=WRONG_PASSWORD, subject_kind="webin_account", subject_id=account, text=text)


def _settings_of(account: str) -> dict[str, object]:
    return {"EMG_WEBIN_ACCOUNT": account, "WEBIN_CLI_JAR": settings.EMG_CONFIG.webin.webin_cli_jar}


def _faults_of_rows(assembly: Assembly, runs: list[Run]) -> Iterator[str]:
    if assembly.reads_study is None:
        yield "the study of its reads is not known"
    if len({run.visibility for run in runs}) != 1 or assembly.visibility == Visibility.SUPPRESSED:
        yield "its runs are neither all public nor all private"
    if assembly.sample is None:
        yield "it has no sample"
    if "coverage_depth" not in assembly.metadata or assembly.assembler is None:
        yield "its coverage or its assembler is not known"


def _stop(assembly: Assembly, to: str, reason: str, faults: list[str], actor: str) -> NoReturn:
    """:raises NotUploadable: always"""
    if assembly.state == A.UPLOADING and to == A.UPLOAD_BLOCKED:
        to = A.UPLOAD_FAILED
    move_assembly(assembly_id=assembly.pk, to=to, actor=actor, reason_code=reason, evidence={"faults": faults})
    raise NotUploadable(f"{assembly}: " + "; ".join(faults))


def _upload_of(assembly: Assembly, runs: list[Run], study: str, contigs: Path, *, account: str, secret: str) -> Upload:
    with contigs.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    alias = f"{runs[0].first_accession}{'_others' if len(runs) > 1 else ''}_{digest[:12]}"
    folder = settings.EMG_CONFIG.slurm.default_workdir / str(assembly.reads_study.first_accession) / "uploads" / alias
    return Upload(assembly, study, alias, account, secret, folder)
