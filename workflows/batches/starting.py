"""A round of a batch: its files, its members and its job begin together (``spec/pipelines.md`` §2.3)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from analyses.models import AnalysisState, AssemblyState
from analyses.states import LostRace, move_analyses, move_assemblies
from ena.models import Visibility
from workflows.batches.members import as_sheet_members
from workflows.batches.places import Places, check_free_space, claim_folders, places_of
from workflows.batches.rounds import UNFINISHED, Waiting, names, next_round
from workflows.cluster.failpoints import failpoint
from workflows.cluster.node.supervisor import write_file
from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import Caller, JobRequest, NextflowCall, record_intent
from workflows.cluster.states import record_event
from workflows.cluster.submission import submit_job
from workflows.models import Batch, BatchMember, ClusterJob, Decision, WorkEvent
from workflows.models.batch import SUBJECTS
from workflows.models.outcome import OutcomeClass
from workflows.pipelines import registry
from workflows.pipelines.declaration import Declared
from workflows.pipelines.fetch import materialise
from workflows.pipelines.sheets import SheetRefused, render_sheet


class NotAvailableHere(Exception):
    """The pipeline cannot run at this site, or not at the revision the batch was planned with."""


class JobsAreOpen(Exception):
    """A step that needs a final job came too early."""


def start_batch(*, batch_id: UUID, actor: str, caller: Caller | None = None) -> ClusterJob | None:
    """Bring the members that wait for a round into one; called again it gives the round's job.

    1. Who waits for a round, and can be written on its sheet? Nobody: the job there is, or None.
    2. Folders, sheet, params.
    3. One transaction: the job's intent, the members and their analyses running, the batch's round and job.
    4. After the commit: submit; what admission lets wait, the next pass submits.

    :raises SheetRefused: none of them can be; nothing has started
    :raises NotAvailableHere, DiskTooFull, FolderIsAnothers: nothing has started
    """
    batch = Batch.objects.select_related("study", "job").get(pk=batch_id)
    _pass_over_stopped(batch)
    due = _pass_over_refused(batch, _due(batch))  # 1
    if not due:
        return batch.job
    if batch.job and not batch.job.is_final:
        raise JobsAreOpen(f"{batch}: members wait for a round while {batch.job} is open")
    number = batch.round + 1
    prepare_round(batch=batch, number=number, members=due)  # 2
    failpoint("batch_prepared")
    written = {member.pk: member.edits for member in due}
    with transaction.atomic():  # 3
        locked = Batch.objects.select_for_update().get(pk=batch_id)
        is_edited = dict(batch.members.filter(pk__in=written).values_list("pk", "edits")) != written
        job: ClusterJob | None = locked.job
        if (locked.round, locked.state) == (batch.round, Batch.State.OPEN) and not is_edited:  # else others were faster
            job = _begin_round(locked, number, list(written), actor, caller)
    failpoint("batch_intended")
    if is_edited:  # since it was written
        return start_batch(batch_id=batch_id, actor=actor, caller=caller)
    if job:
        submit_job(job)  # 4
    return job


def prepare_round(*, batch: Batch, number: int, members: Sequence[BatchMember]) -> Places:
    """Everything a head reads, written before anybody says that it runs; equal input gives equal files."""
    declared, config = registry.get(batch.slug), settings.EMG_CONFIG
    missing = registry.missing_here(declared, config)
    if registry.revision_of(batch.slug) != batch.revision:
        missing.append(f"planned with revision {batch.revision[:12]}, which is not here any more: plan it again")
    if missing:
        raise NotAvailableHere(f"{batch.slug}: " + "; ".join(missing))
    check_free_space(places_of(batch))
    if declared.pipeline.source is None:
        materialise(registry.FOLDER, batch.slug, config.slurm.pipelines_root_dir)
    places = claim_folders(batch)
    sheet = render_sheet(declared, as_sheet_members(batch, members), config)
    params = params_of(batch, number, accessions=sorted(member.accession for member in members))
    for path, text in (
        (places.sheet(number), sheet),
        (places.params(number), json.dumps(params, indent=1, sort_keys=True) + "\n"),
    ):
        path.parent.mkdir(exist_ok=True)
        write_file(path, text)
    return places


def params_of(batch: Batch, number: int, *, accessions: list[str]) -> dict[str, Any]:
    """The parameters of a round: the declaration's, then the site's, which never replace what the platform sets."""
    config, places, pipeline = settings.EMG_CONFIG, places_of(batch), registry.get(batch.slug).pipeline
    ours = {"sheet": str(places.sheet(number)), "outdir": str(places.outdir), "subjects": ",".join(accessions)}
    truths = {
        "{private}": batch.study.visibility != Visibility.PUBLIC,
        "{functional_analysis}": _chosen(batch, "functional_analysis"),
        "{no_functional_analysis}": not _chosen(batch, "functional_analysis"),
    }
    params: dict[str, Any] = {}
    for name, value in pipeline.params.items():
        if callable(value):
            params[name] = value(config)
        elif isinstance(value, str):
            params[name] = truths[value] if value in truths else value.format(**ours)
        else:
            params[name] = value
    site = getattr(config, pipeline.settings).params
    return {name: value for name, value in (params | site).items() if value is not None}


def _chosen(batch: Batch, name: str) -> bool:
    """A choice of the curator, in the newest answer for this study and pipeline; not chosen is no."""
    asked = Decision.objects.filter(question="analysis_settings", subject=f"{batch.study.accession}:{batch.slug}")
    answer = asked.exclude(answer__isnull=True).order_by("-generation").values_list("answer", flat=True).first()
    return bool((answer or {}).get(name))


def _pass_over_stopped(batch: Batch) -> None:
    """An analysis that was blocked or moved by a person since the planning is not for this batch any more."""
    if batch.parent_id:
        return
    waiting = batch.members.filter(open=True, verdict=None, rounds=0)
    moved = Q(analysis__isnull=False) & ~Q(analysis__state=AnalysisState.PLANNED)
    moved |= Q(product_assembly__isnull=False) & ~Q(product_assembly__state=AssemblyState.PLANNED)
    stopped = waiting.filter(moved)
    stopped.filter(analysis__state=AnalysisState.BLOCKED).update(verdict=BatchMember.Verdict.BLOCKED)
    stopped.update(verdict=BatchMember.Verdict.SKIPPED)


def waits_for_round(batch_id: UUID) -> bool:
    return bool(_due(Batch.objects.get(pk=batch_id)))


def _due(batch: Batch) -> list[BatchMember]:
    """Members that were in no round since the batch was planned, or planned again; else, once a round is folded, those
    of the unfinished whose turn it is (§2.5).
    """
    if batch.state != Batch.State.OPEN:
        return []
    waiting = batch.members.filter(open=True, verdict=None)
    due = waiting.filter(rounds=0)
    if not due.exists() and not waiting.filter(reason_code="").exists():
        unfinished = [
            Waiting(one.pk, one.accession, one.rounds, names(one.evidence.get("task", ""), one.accession))
            for one in waiting.filter(reason_code=UNFINISHED).select_related(*SUBJECTS)
        ]
        due = waiting.filter(pk__in=next_round(unfinished, nameless=_nameless_rounds(batch)))
    return list(due.select_related("analysis", "run__sample__ena_sample", "product_assembly__assembler", *SUBJECTS))


def _nameless_rounds(batch: Batch) -> int:
    """Rounds since the batch was planned, or planned again, that failed and named nobody."""
    told = WorkEvent.objects.filter(batch=batch)
    planned = told.filter(kind__in=["planned", "planned_again"]).latest("pk")
    return told.filter(pk__gt=planned.pk, kind="folded", detail__end=OutcomeClass.EXIT, detail__named=0).count()


def members_of_round(batch: Batch) -> int:
    begun = WorkEvent.objects.filter(batch=batch, kind="round_begun", detail__round=batch.round).latest("pk")
    return int(begun.detail["members"])


def _pass_over_refused(batch: Batch, due: list[BatchMember]) -> list[BatchMember]:
    """Who can be written on a sheet. The others are told and held no longer, but for a sheet that takes nobody."""
    refused: dict[int, SheetRefused] = {}
    for member, line in zip(due, as_sheet_members(batch, due), strict=True):
        try:
            render_sheet(registry.get(batch.slug), [line], settings.EMG_CONFIG)
        except SheetRefused as error:
            refused[member.pk] = error
    if refused and len(refused) == len(due):
        raise SheetRefused([fault for refusal in refused.values() for fault in refusal.faults])
    for pk, refusal in refused.items():
        faults = [{"path": "samplesheet", "rule": "sheet", "found": fault, "expected": ""} for fault in refusal.faults]
        told = {"verdict": BatchMember.Verdict.SKIPPED, "reason_code": "sheet_refused", "faults": faults}
        batch.members.filter(pk=pk).update(**told)
    return [member for member in due if member.pk not in refused]


def _begin_round(batch: Batch, number: int, members: list[int], actor: str, caller: Caller | None) -> ClusterJob:
    """Step 3 of :func:`start_batch`, inside its transaction.

    :raises LostRace: an analysis is not planned any more; nothing happened
    """
    request = job_request(batch, registry.get(batch.slug), number)
    caller = caller and replace(caller, call_key=f"{caller.call_key}:round-{number}")
    # Whether a round is due was decided by the rows: a job that ended is no reason to reuse it.
    intent = record_intent(request=request, policy=POLICIES["ResubmitAlwaysPolicy"], actor=actor, caller=caller)
    rows = BatchMember.objects.filter(pk__in=members)
    told: dict[str, Any] = {"actor": actor, "flow_run_id": batch.flow_run_id, "cluster_job_id": intent.job.pk}
    first = rows.filter(rounds=0)  # the others run already
    analyses = [] if batch.parent_id else list(first.exclude(analysis=None).values_list("analysis_id", flat=True))
    moved = move_analyses(ids=analyses, frm=AnalysisState.PLANNED, to=AnalysisState.RUNNING, **told)
    assemblies = list(first.exclude(product_assembly=None).values_list("product_assembly_id", flat=True))
    moved += move_assemblies(ids=assemblies, frm=AssemblyState.PLANNED, to=AssemblyState.RUNNING, **told)
    if len(moved) != len(analyses) + len(assemblies):
        raise LostRace(f"{len(analyses) + len(assemblies)} planned", f"{len(moved)} planned")
    rows.update(rounds=F("rounds") + 1, reason_code="")
    batch.round, batch.job = number, intent.job
    batch.save(update_fields=["round", "job"])
    record_event(row=batch, actor=actor, kind="round_begun", detail={"round": number, "members": len(members)})
    return intent.job


def job_request(batch: Batch, declared: Declared, number: int) -> JobRequest:
    """The head of a round, under the one key of the batch: two live heads of one session cannot be."""
    pipeline, config, places = declared.pipeline, settings.EMG_CONFIG, places_of(batch)
    site = getattr(config, pipeline.settings)
    memory_gb = site.nextflow_master_job_memory_gb
    call = NextflowCall(
        project_dir=str(config.slurm.pipelines_root_dir / batch.slug / batch.revision),
        main=pipeline.main,
        params_file=str(places.params(number)),
        work_dir=str(places.work),
        launch_dir=str(places.launch),
        session_id=str(batch.session_id),
        profile=site.pipeline_nf_profile or "",
        site_config=str(site.pipeline_config_file or ""),
        batch_id=str(batch.pk),
        round=number,
    )
    return JobRequest(
        name=f"{pipeline.name} {batch.study.first_accession} {batch.key} round {number}",
        kind=ClusterJob.Kind.NEXTFLOW,
        working_dir=str(places.launch),
        memory_mib=round(memory_gb * 1024) if memory_gb else pipeline.head_memory_mib,
        time_limit_seconds=pipeline.head_minutes * 60,
        nextflow=call,
        secrets={} if batch.study.visibility == Visibility.PUBLIC else {name: name for name in pipeline.secrets},
        inputs={str(path): _sha256(path) for path in (places.sheet(number), places.params(number))},
        study_id=batch.study_id,
        logical_key=f"batch:{batch.pk}",
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
