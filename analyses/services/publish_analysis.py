"""The last step: what was copied and verified becomes what is served (``spec/catalogue.md`` §6.3)."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from django.db import transaction
from django.db.models.functions import Now

from analyses.models import Analysis, AnalysisState, ResultsArea
from analyses.preconditions import PreconditionFailed
from analyses.states import move_analysis
from ena.models import Visibility


class Verified(NamedTuple):
    """What was read back from the copy."""

    size_bytes: int
    sha256: str
    md5: str


class LevelChanged(Exception):
    """The level moved while the files were copied: they lie in the wrong area and must be copied again."""


def area_for(analysis: Analysis) -> ResultsArea:
    """Where the files of an analysis of this level belong.

    :raises LevelChanged: suppressed, which belongs nowhere
    """
    if analysis.visibility == Visibility.SUPPRESSED:
        raise LevelChanged(f"{analysis} is suppressed")
    return ResultsArea.PUBLIC if analysis.visibility == Visibility.PUBLIC else ResultsArea.PRIVATE


def publish_analysis(
    *,
    analysis_id: int,
    area: str,
    external_results_dir: str,
    verified: Mapping[str, tuple[int, str, str]],
    required_sources: Collection[str],
    actor: object,
) -> Analysis:
    """Record a verified copy and publish: imported → published, or published → published where the copy differs.

    Safe to run twice: the second time nothing differs and no event is written.

    :param area: ``public`` or ``private``, where the files were copied to
    :param external_results_dir: their folder, relative to the root of the area
    :param verified: path of a download → (size in bytes, sha256, md5) as read back from the copy
    :param required_sources: annotation sources without which the pipeline's results are not whole
    :raises LevelChanged: the files do not lie where the level wants them; nothing was changed
    :raises PreconditionFailed: everything that is missing; nothing was changed
    :raises IllegalMove: not imported
    """
    with transaction.atomic():
        analysis = Analysis.objects.select_for_update(no_key=True).get(pk=analysis_id)
        if area_for(analysis) != area:
            raise LevelChanged(f"{analysis} has level {analysis.visibility}, its files were copied to {area}")
        changed = _record_digests(analysis, verified)
        place = {"results_area": area, "external_results_dir": external_results_dir}
        if any(getattr(analysis, column) != value for column, value in place.items()):
            Analysis.objects.filter(pk=analysis_id).update(**place)
            changed = True
        if analysis.state == AnalysisState.PUBLISHED and not changed:
            return analysis
        return move_analysis(
            analysis_id=analysis_id,
            to=AnalysisState.PUBLISHED,
            actor=actor,
            evidence={"required_sources": sorted(required_sources), "area": area, "files": len(verified)},
        )


def _record_digests(analysis: Analysis, verified: Mapping[str, tuple[int, str, str]]) -> bool:
    """:raises PreconditionFailed: files that were not copied, or have another size than at their import"""
    faults, changed = [], []
    for row in analysis.downloads.filter(superseded_by=None, path__isnull=False):
        if row.path is None or row.path not in verified:
            faults.append(f"download {row.alias}: no verified copy of {row.path}")
            continue
        copy = Verified(*verified[row.path])
        if row.size_bytes not in {None, copy.size_bytes}:
            faults.append(f"download {row.alias}: {row.size_bytes} bytes at its import, {copy.size_bytes} in the copy")
        if (row.size_bytes, row.sha256, row.md5) != copy:
            row.size_bytes, row.sha256, row.md5 = copy
            row.verified_at = Now()
            changed.append(row)
    if faults:
        raise PreconditionFailed(faults)
    analysis.downloads.bulk_update(changed, ["size_bytes", "sha256", "md5", "verified_at"])
    return bool(changed)
