"""Where the files of a row lie follows its level, after a verified copy (``spec/catalogue.md`` §4.5)."""

from django.db import transaction

from analyses.models import Analysis, AnalysisEvent, ResultsArea, Study
from analyses.services.publish_analysis import LevelChanged
from ena.models import Visibility


def side_of(level: int) -> ResultsArea:
    """Where files that were published lie at this level: what is suppressed is kept, and shown to nobody."""
    return ResultsArea.PUBLIC if level == Visibility.PUBLIC else ResultsArea.PRIVATE


@transaction.atomic
def move_results(*, row: Analysis | Study, area: ResultsArea, files: int, actor: str) -> None:
    """Serve a row's files from the area that they were copied to; with its event. Safe to repeat.

    :param files: how many were verified there
    :raises LevelChanged: they belong on the other side by now; nothing was changed
    """
    locked = type(row).objects.select_for_update(no_key=True).get(pk=row.pk)
    if side_of(locked.visibility) != area:
        raise LevelChanged(f"{row} has level {locked.visibility}, its files were copied to {area}")
    if locked.results_area != area:
        type(row).objects.filter(pk=row.pk).update(results_area=area)
        record_place(row=locked, actor=actor, evidence={"moved_to": area, "files": files})
    row.results_area = area


def record_place(*, row: Analysis | Study, actor: str, evidence: dict) -> None:
    """What happened to the files of an analysis is an event of its own; a study's tables are made anew at any time."""
    if isinstance(row, Analysis):
        state = {"from_state": row.state, "to_state": row.state}
        AnalysisEvent.objects.create(analysis=row, actor=actor, evidence=evidence, **state)
