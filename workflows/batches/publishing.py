"""Imported results are copied, and published if every byte arrived (``spec/pipelines.md`` §2.7)."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.conf import settings

from analyses.models import Analysis, AnalysisState, ResultsArea
from analyses.services import LevelChanged, area_for, publish_analysis
from analyses.states import PreconditionFailed
from workflows.batches.folding import survey_member
from workflows.batches.places import folder_of, places_of, root_of
from workflows.batches.starting import JobsAreOpen
from workflows.cluster.copying import (
    SUMS,
    PlanLine,
    check_ends,
    copy_request,
    plan_of,
    read_report,
    start_copy,
    write_plan,
)
from workflows.cluster.failpoints import failpoint
from workflows.cluster.requests import Caller, JobRequest
from workflows.cluster.states import record_event
from workflows.models import Batch, BatchMember, ClusterJob
from workflows.pipelines import registry
from workflows.services.attention import clear_attention, raise_attention

UNVERIFIED, REMOVED = "copy_unverified", "copy_removed"
AREAS = (ResultsArea.PUBLIC, ResultsArea.PRIVATE)


@dataclass
class Published:
    """Of one copy: accessions that were published, whose level moved meanwhile, and what kept the others back."""

    published: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    kept_back: dict[str, str] = field(default_factory=dict)


def start_publishing(*, batch_id: UUID, actor: str, caller: Caller | None = None) -> ClusterJob | None:
    """One copy for all imported members of a batch.

    1. A copy that goes on, or that has verified everybody who waits: that job.  2. Remove copies on the side where
    they do not belong any more; no copier of this batch is at work.  3. Plan by the level as it is now; record, submit.

    :return: None if nothing waits for publishing
    :raises PathRefused: results or target lie outside the configured roots
    """
    batch = Batch.objects.select_related("study", "job").get(pk=batch_id)
    waiting = _waiting(batch)
    if (newest := _newest_copy(batch)) and (not newest.is_final or _has_verified(newest, waiting)):  # 1
        return newest if waiting else None
    for _, analysis in waiting:  # 2
        for area in AREAS:
            if area != _rightful_area(analysis):
                _remove_copy(batch, root_of(area) / folder_of(analysis), actor)
    lines = [line for member, analysis in waiting for line in _plan_member(batch, member, analysis)]  # 3
    if not lines:
        return None
    request = _copy_request(batch, write_plan(places_of(batch).copies, lines))
    return start_copy(request=request, actor=actor, caller=caller)


def finish_publishing(*, batch_id: UUID, job_id: UUID, actor: str) -> Published:
    """Publish each analysis whose every file was verified; the others stay imported, to be copied again.

    Safe to repeat: what is published already is passed over.
    """
    batch = Batch.objects.select_related("study").get(pk=batch_id)
    job = ClusterJob.objects.get(pk=job_id)
    if not job.is_final:
        raise JobsAreOpen(f"{batch}: {job} is not over")
    verified, refused = read_report(plan_of(job))
    outcome = Published()
    for member, analysis in _waiting(batch):
        try:
            _settle(batch, analysis, verified, refused, actor=actor)
            outcome.published.append(member.accession)
        except LevelChanged:
            outcome.moved.append(member.accession)
        except PreconditionFailed as failure:
            outcome.kept_back[member.accession] = str(failure)
        failpoint("member_published")
    _tell_a_person(batch, job, outcome)
    return outcome


def _waiting(batch: Batch) -> list[tuple[BatchMember, Analysis]]:
    members = batch.members.filter(analysis__state=AnalysisState.IMPORTED).order_by("run__first_accession")
    members = members.select_related("run", "analysis__study", "analysis__run")
    return [(member, member.analysis) for member in members if member.analysis]


def _newest_copy(batch: Batch) -> ClusterJob | None:
    return ClusterJob.objects.filter(logical_key__startswith=f"publish:{batch.pk}:").order_by("-created_at").first()


def _has_verified(job: ClusterJob, waiting: list[tuple[BatchMember, Analysis]]) -> bool:
    verified, _ = read_report(plan_of(job))
    places = [(_rightful_area(analysis), folder_of(analysis)) for _, analysis in waiting]
    targets = [root_of(area) / folder for area, folder in places if area]
    return len(targets) == len(waiting) and all(str(path) in verified and path.is_dir() for path in targets)


def _copy_request(batch: Batch, plan: Path) -> JobRequest:
    # A copy that was removed because the level moved must be made again, even if its plan is the old one.
    turn = batch.events.filter(kind=REMOVED).count()
    return copy_request(
        name=f"publish {batch.study.first_accession} {batch.key}",
        plan=plan,
        logical_key=f"publish:{batch.pk}:{turn}:{plan.name.partition('.')[0]}",
        arguments=["--sums", SUMS],
        study_id=batch.study_id,
    )


def _rightful_area(analysis: Analysis) -> str | None:
    """None: suppressed, it belongs nowhere."""
    try:
        return area_for(analysis)
    except LevelChanged:
        return None


def _plan_member(batch: Batch, member: BatchMember, analysis: Analysis) -> Iterator[PlanLine]:
    """Only what the declaration names goes out."""
    area, declared = _rightful_area(analysis), registry.get(batch.slug)
    if area is None:
        return
    slurm, target = settings.EMG_CONFIG.slurm, root_of(area) / folder_of(analysis)
    survey = survey_member(batch, declared, member.accession, member.word)
    check_ends(
        survey.tree.root,
        target,
        sources=[slurm.default_workdir],
        targets=[slurm.ftp_results_dir, slurm.private_results_dir],
    )
    for node in declared.nodes:
        for match in survey.matches[node.name] if node.publish else ():
            yield PlanLine(str(match.file), str(target), match.path, match.size_bytes)


def _settle(
    batch: Batch, analysis: Analysis, verified: Mapping[str, list[dict]], refused: Mapping[str, str], *, actor: str
) -> None:
    """Publish one analysis, by what its copy came to.

    :raises LevelChanged: it was copied to the wrong side; the copy is gone
    :raises PreconditionFailed: it was not copied, or lacks something
    """
    folder = folder_of(analysis)
    area = next((area for area in AREAS if str(root_of(area) / folder) in {*verified, *refused}), None)
    if area is None:
        raise PreconditionFailed(["imported since the copy was planned"])
    target = root_of(area) / folder
    try:
        if _rightful_area(analysis) != area:
            raise LevelChanged(f"{analysis} was copied to {area}")
        if reason := refused.get(str(target)):
            raise PreconditionFailed([reason])
        publish_analysis(
            analysis_id=analysis.pk,
            area=area,
            external_results_dir=folder,
            verified={line["path"]: (line["bytes"], line["sha256"], line["md5"]) for line in verified[str(target)]},
            required_sources=registry.get(batch.slug).pipeline.required_sources,
            actor=actor,
        )
    except LevelChanged:
        _remove_copy(batch, target, actor)
        raise


def _remove_copy(batch: Batch, target: Path, actor: str) -> None:
    """At once, and with what a killed copier left beside it: nothing private stays in the public area."""
    left = [path for infix in (".incoming-*", ".replaced-*") for path in target.parent.glob(target.name + infix)]
    found = [path for path in (target, *left) if path.exists()]
    for path in found:
        shutil.rmtree(path)
    if found:
        record_event(row=batch, actor=actor, kind=REMOVED, detail={"removed": [str(path) for path in found]})


def _tell_a_person(batch: Batch, job: ClusterJob, outcome: Published) -> None:
    if outcome.kept_back:
        said = f" The copy job ended {job.outcome_class}: {job.evidence}" if job.outcome_class else ""
        text = "; ".join(f"{accession}: {why}" for accession, why in sorted(outcome.kept_back.items()))
        text = f"{batch}: {len(outcome.kept_back)} analyses are not published.{said} {text}"[:2000]
        raise_attention(code=UNVERIFIED, subject_kind="batch", subject_id=batch.pk, text=text, study=batch.study)
    else:
        clear_attention(code=UNVERIFIED, subject_kind="batch", subject_id=batch.pk)
