"""The files of published results follow the level (``spec/pipelines.md`` §4.13): copied, verified, served, removed.

The level itself changed at once; URLs follow ``results_area``, so that nothing is dead or open in between.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from analyses.models import Analysis, AnalysisEvent, ResultsArea, Study
from analyses.services.move_results import move_results, record_place, side_of
from analyses.services.publish_analysis import LevelChanged
from ena.models import Visibility
from workflows.batches.places import NotReachable, ena_accession, remove_strays, root_of
from workflows.batches.summaries import folder_of_summaries
from workflows.cluster.copying import PlanLine, copy_request, plan_of, read_report, start_copy, write_plan
from workflows.cluster.failpoints import failpoint
from workflows.cluster.requests import Caller
from workflows.models import ClusterJob
from workflows.services.program_events import tell_programs_of_release

TO_RELEASE = Q(visibility=Visibility.PUBLIC.value, results_area=ResultsArea.PRIVATE)
TO_WITHDRAW = Q(visibility__gt=Visibility.PUBLIC.value, results_area=ResultsArea.PUBLIC)
AREAS = (ResultsArea.PUBLIC, ResultsArea.PRIVATE)
Row = Analysis | Study


@dataclass
class Moved:
    """Names of what lies where it belongs now, and of what does not, with the reason."""

    moved: list[str] = field(default_factory=list)
    kept_back: dict[str, str] = field(default_factory=dict)


def studies_to_move(which: Q) -> QuerySet[Study]:
    """Those with files on the wrong side: :data:`TO_RELEASE` or :data:`TO_WITHDRAW`."""
    return Study.objects.filter(which | Q(pk__in=Analysis.objects.filter(which).values("study")))


def start_moving_results(*, study: Study, actor: str, caller: Caller | None = None) -> ClusterJob | None:
    """One copy of all that lies on the wrong side.

    :return: None if everything lies where it belongs
    :raises NotReachable: a folder that should be there is not: is its disk mounted?
    """
    lines = [
        PlanLine(str(source / path), str(root_of(side_of(row.visibility)) / folder), path, size)
        for row, folder in _wrong_side(study)
        for source in [root_of(row.results_area) / folder]
        for path, size in _files_below(source)
    ]
    if not lines:
        return None
    plan = write_plan(settings.EMG_CONFIG.slurm.default_workdir / ena_accession(study) / "publish", lines)
    request = copy_request(
        name=f"move results of {study.first_accession}",
        plan=plan,
        logical_key=f"embargo:{study.accession}:{plan.name.partition('.')[0]}",
        study_id=study.pk,
    )
    return start_copy(request=request, actor=actor, caller=caller)


def finish_moving_results(*, study: Study, job_id: UUID, actor: str) -> Moved:
    """Serve what was verified from where it lies now; what may not stay in its old place goes.

    What was withdrawn goes at once, and a listing proves it; what was released may stay for ``embargo_grace_days``,
    for those who are reading it by a signed address. Safe to repeat: it goes by the plan, not by what is wrong now.

    :raises NotReachable: an area cannot be looked at
    """
    verified, refused = read_report(plan_of(ClusterJob.objects.get(pk=job_id)))
    outcome = Moved()
    for row, folder in _rows(study):
        planned = next((area for area in AREAS if _target(area, folder) in {*verified, *refused}), None)
        if planned is None:
            continue
        target = _target(planned, folder)
        try:
            if target not in verified or not Path(target).is_dir():
                raise LevelChanged(refused.get(target) or f"{target} is not there any more")
            with transaction.atomic():
                move_results(row=row, area=planned, files=len(verified[target]), actor=actor)
                if planned == ResultsArea.PUBLIC:
                    tell_programs_of_release(study=study)
        except LevelChanged as reason:
            outcome.kept_back[str(row)] = str(reason)
        else:
            outcome.moved.append(str(row))
        failpoint("results_moved")
        if row.results_area == ResultsArea.PRIVATE or row.results_area != planned:
            _remove_others(row, folder, actor)
    return outcome


def forget_private_copies(*, study: Study, actor: str) -> None:
    """Remove what a release left on the private side, once its grace is over."""
    if studies_to_forget().filter(pk=study.pk).exists():
        for row, folder in _rows(study):
            if row.results_area == ResultsArea.PUBLIC:
                _remove_others(row, folder, actor)


def studies_to_forget() -> QuerySet[Study]:
    """Released longer than the grace ago, with a folder on the private side."""
    grace = timedelta(days=settings.EMG_CONFIG.batches.embargo_grace_days)
    kept = [path.name for path in root_of(ResultsArea.PRIVATE).glob("*/*") if path.is_dir()]
    studies = Study.objects.filter(first_accession__in=kept, visibility=Visibility.PUBLIC)
    released = AnalysisEvent.objects.filter(analysis__study__in=studies, evidence__moved_to=ResultsArea.PUBLIC)
    newest = released.values("analysis__study").annotate(newest=Max("created_at")).filter(newest__lt=Now() - grace)
    return studies.filter(pk__in=newest.values("analysis__study"))


def _rows(study: Study) -> Iterator[tuple[Row, str]]:
    """What is served of a study, as it is now, each with its folder below the root of its area."""
    placed = Q(external_results_dir__gt="") & ~Q(results_area=ResultsArea.NONE)
    for analysis in Analysis.objects.filter(placed, study=study).order_by("pk"):
        yield analysis, str(analysis.external_results_dir)
    for row in Study.objects.filter(placed, pk=study.pk):
        yield row, folder_of_summaries(row)


def _wrong_side(study: Study) -> Iterator[tuple[Row, str]]:
    return ((row, folder) for row, folder in _rows(study) if row.results_area != side_of(row.visibility))


def _files_below(folder: Path) -> list[tuple[str, int]]:
    """Path below the folder, size in bytes. :raises NotReachable: no such folder"""
    if not folder.is_dir():
        raise NotReachable(f"{folder} is not there, though results are served from it")
    paths = [Path(base, name) for base, _, names in os.walk(folder) for name in names]
    return sorted((str(path.relative_to(folder)), path.stat().st_size) for path in paths)


def _target(area: str, folder: str) -> str:
    return str(root_of(area) / folder)


def _remove_others(row: Row, folder: str, actor: str) -> None:
    if removed := remove_strays(folder, area=row.results_area):
        left = [path for path in removed if Path(path).exists()]
        record_place(row=row, actor=actor, evidence={"removed": removed, "left": left})
