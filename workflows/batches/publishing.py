"""Imported results are copied, and published if every byte arrived (``spec/pipelines.md`` §2.7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from analyses.models import Analysis, AnalysisState, ResultsArea
from analyses.services.publish_analysis import LevelChanged, publish_analysis
from analyses.states import PreconditionFailed
from workflows.batches.importing import survey_stage
from workflows.batches.places import area_of, folder_of, places_of, remove_strays, root_of
from workflows.batches.starting import JobsAreOpen
from workflows.batches.surveying import published_path
from workflows.cluster.copying import SUMS, PlanLine, copy_request, plan_of, read_report, start_copy, write_plan
from workflows.cluster.failpoints import failpoint
from workflows.cluster.requests import Caller, JobRequest
from workflows.cluster.states import record_event
from workflows.models import Batch, BatchMember, ClusterJob
from workflows.models.batch import SUBJECTS
from workflows.pipelines import registry
from workflows.selectors.batches import add_ons_of, stages_of
from workflows.services.attention import clear_attention, raise_attention

UNVERIFIED, REMOVED = "copy_unverified", "copy_removed"
AREAS = (ResultsArea.PUBLIC, ResultsArea.PRIVATE)


@dataclass
class Published:
    """Of one copy: accessions whose level moved meanwhile, and what kept others back."""

    moved: list[str] = field(default_factory=list)
    kept_back: dict[str, str] = field(default_factory=dict)


def start_publishing(*, batch_id: UUID, actor: str, caller: Caller | None = None) -> ClusterJob | None:
    """One copy for all imported members of a batch.

    1. A copy that goes on, or that has verified everybody who waits: that job.  2. Remove copies on the side where
    they do not belong any more; no copier of this batch is at work.  3. Plan by the level as it is now; record, submit.

    :return: None if nothing waits for publishing
    :raises NotReachable: the other side cannot be looked at
    """
    batch = Batch.objects.select_related("study", "job").get(pk=batch_id)
    waiting = _waiting(batch)
    if (newest := _newest_copy(batch)) and (not newest.is_final or _has_verified(newest, waiting)):  # 1
        return newest if waiting else None
    for member, analysis in waiting:  # 2
        area = area_of(analysis.visibility)
        _keep_only(batch, analysis, area, actor)
        if area is None:  # suppressed since its import: it belongs nowhere, and holds the batch no longer
            batch.members.filter(pk=member.pk).update(verdict=BatchMember.Verdict.BLOCKED)
    add_ons = add_ons_of(batch)
    lines = [line for member, analysis in waiting for line in _plan_member(member, analysis, add_ons)]  # 3
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
        except LevelChanged:
            analysis.refresh_from_db()
            _keep_only(batch, analysis, area_of(analysis.visibility), actor)
            outcome.moved.append(member.accession)
        except PreconditionFailed as failure:
            _keep_only(batch, analysis, None, actor)  # nobody would take it away if the study turned private now
            outcome.kept_back[member.accession] = str(failure)
        failpoint("member_published")
    _tell_a_person(batch, job, outcome)
    return outcome


def _waiting(batch: Batch) -> list[tuple[BatchMember, Analysis]]:
    """Members whose results are imported, and whose add-on stages are all over."""
    stages, last = add_ons_of(batch), registry.last_stage_of(batch.slug)
    if (stages[-1] if stages else batch).slug != last:
        return []
    running = BatchMember.objects.filter(batch__in=stages, verdict=None).values("analysis")
    members = batch.members.filter(verdict=BatchMember.Verdict.COMPLETED, analysis__state=AnalysisState.IMPORTED)
    related = ("batch__study", "analysis__study", "analysis__run", "analysis__assembly")
    members = members.exclude(analysis__in=running).select_related(*SUBJECTS, *related)
    ordered = members.order_by("run__first_accession", "assembly__first_accession")
    return [(member, member.analysis) for member in ordered if member.analysis]


def _newest_copy(batch: Batch) -> ClusterJob | None:
    return ClusterJob.objects.filter(logical_key__startswith=f"publish:{batch.pk}:").order_by("-created_at").first()


def _has_verified(job: ClusterJob, waiting: list[tuple[BatchMember, Analysis]]) -> bool:
    verified, _ = read_report(plan_of(job))
    places = [(area_of(analysis.visibility), folder_of(analysis)) for _, analysis in waiting]
    targets = [root_of(area) / folder for area, folder in places if area]
    return len(targets) == len(waiting) and all(str(path) in verified and path.is_dir() for path in targets)


def _copy_request(batch: Batch, plan: Path) -> JobRequest:
    return copy_request(
        name=f"publish {batch.study.first_accession} {batch.key}",
        plan=plan,
        logical_key=f"publish:{batch.pk}:{plan.name.partition('.')[0]}",
        arguments=["--sums", SUMS],
        study_id=batch.study_id,
    )


def _plan_member(member: BatchMember, analysis: Analysis, add_ons: list[Batch]) -> Iterator[PlanLine]:
    """Only what the declaration names goes out."""
    area = area_of(analysis.visibility)
    if area is None:
        return
    target = root_of(area) / folder_of(analysis)
    completed = (one for one in stages_of(member, add_ons) if one.verdict == BatchMember.Verdict.COMPLETED)
    for part in (member, *completed):
        declared, survey = registry.get(part.slug), survey_stage(part)
        for match in (match for node in declared.nodes if node.publish for match in survey.matches[node.name]):
            for path, size in match.paths.items():
                yield PlanLine(str(match.root / path), str(target), published_path(declared, path), size)


def _settle(
    batch: Batch, analysis: Analysis, verified: Mapping[str, list[dict]], refused: Mapping[str, str], *, actor: str
) -> None:
    """Publish one analysis, by what its copy came to.

    :raises LevelChanged: it was copied to the wrong side
    :raises PreconditionFailed: it was not copied, or lacks something
    """
    folder = folder_of(analysis)
    area = next((area for area in AREAS if str(root_of(area) / folder) in {*verified, *refused}), None)
    if area is None:
        raise PreconditionFailed(["imported since the copy was planned"])
    target = root_of(area) / folder
    if area_of(analysis.visibility) != area:
        raise LevelChanged(f"{analysis} was copied to {area}")
    if reason := refused.get(str(target)):
        raise PreconditionFailed([reason])
    if not target.is_dir():  # the report is of a copy that was removed since
        raise PreconditionFailed([f"{target} is not there any more"])
    publish_analysis(
        analysis_id=analysis.pk,
        area=area,
        external_results_dir=folder,
        verified={line["path"]: (line["bytes"], line["sha256"], line["md5"]) for line in verified[str(target)]},
        required_sources=registry.get(batch.slug).pipeline.required_sources,
        actor=actor,
    )


def _keep_only(batch: Batch, analysis: Analysis, area: str | None, actor: str) -> None:
    if removed := remove_strays(folder_of(analysis), area=area):
        record_event(row=batch, actor=actor, kind=REMOVED, detail={"removed": removed})


def _tell_a_person(batch: Batch, job: ClusterJob, outcome: Published) -> None:
    if outcome.kept_back:
        said = f" The copy job ended {job.outcome_class}: {job.evidence}" if job.outcome_class else ""
        text = "; ".join(f"{accession}: {why}" for accession, why in sorted(outcome.kept_back.items()))
        text = f"{batch}: {len(outcome.kept_back)} analyses are not published.{said} {text}"[:2000]
        raise_attention(code=UNVERIFIED, subject_kind="batch", subject_id=batch.pk, text=text, study=batch.study)
    else:
        clear_attention(code=UNVERIFIED, subject_kind="batch", subject_id=batch.pk)
