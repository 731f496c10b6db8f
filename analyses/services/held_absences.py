"""A curator lets count what ENA no longer shows, where it is too much to go by itself (``spec/ena.md`` §6)."""

from analyses.models import Assembly, Run, Study
from analyses.services.adopt_samples import listed_samples
from ena.models import SyncRun
from ena.presence import let_absences_count


def let_held_absences_count(*, sync_run: SyncRun, actor: str) -> int:
    """Strike the samples, runs or assemblies that a held mirror of a study missed.

    :return: the number of rows struck
    :raises ValueError: it holds nothing back, or not any more
    """
    study = Study.objects.filter(ena_study=sync_run.study_id).first() if sync_run.study_id else None
    if study is None:
        raise ValueError(f"{sync_run.get_kind_display()} is about no study here")
    children = {
        "samples": listed_samples(study),
        "runs": Run.objects.filter(study=study),
        "assemblies": Assembly.objects.filter(assembly_study=study, metadata__has_key="analysis_accession"),
    }
    if sync_run.kind not in children:
        raise ValueError(f"a {sync_run.kind} holds no absences")
    return let_absences_count(children=children[sync_run.kind], sync_run=sync_run, actor=actor)
