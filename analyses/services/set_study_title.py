"""A title that a curator gave stays through every look at ENA."""

from analyses.models import Study


def set_study_title(*, study: Study, title: str) -> Study:
    """:param title: the curator's words; none gives the study ENA's title again"""
    curated = title.strip()
    theirs = study.ena_study.title[:4000] if study.ena_study else ""
    Study.objects.filter(pk=study.pk).update(title=curated or theirs, title_is_curated=bool(curated))
    study.refresh_from_db()
    return study
