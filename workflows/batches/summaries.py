"""Tables of a whole study, made from its published analyses and nothing else (``spec/pipelines.md`` §1.7, §4.9)."""

import csv
import hashlib
import io
import uuid
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from analyses.models import Analysis, AnalysisState, AnnotationSet, Download, ResultsArea, Study
from workflows.batches.places import FOLDER_MODE, area_of, ena_accession, remove_strays, root_of
from workflows.cluster.copying import PlanLine, copy_request, plan_of, read_report, start_copy, write_plan
from workflows.cluster.node.supervisor import write_file
from workflows.cluster.requests import Caller
from workflows.models import ClusterJob
from workflows.pipelines import registry
from workflows.pipelines.declaration import Summary

FOLDER = "study-summaries"


class SummariesNotCopied(Exception):
    """The copy failed, or the level moved meanwhile; nothing was changed."""


def summary_table(study: Study, slug: str, summary: Summary) -> str:
    """Rows by key, columns by accession, missing = 0; empty where no analysis has the source.

    An analysis that is kept more closely than its study, as one of a suppressed run, is not in it.
    """
    analyses = Analysis.objects.filter(
        study=study,
        state=AnalysisState.PUBLISHED,
        metadata__pipeline__slug=slug,
        superseded_by=None,
        visibility__lte=study.visibility,
    )
    columns = list(analyses.order_by("run__first_accession").values_list("run__first_accession", flat=True))
    sets = AnnotationSet.objects.filter(analysis__in=analyses, source=summary.source)
    rows: dict[str, dict[str, int]] = {}
    for accession, records in sets.values_list("analysis__run__first_accession", "records").iterator():
        for record in records:
            row = rows.setdefault(record["organism"], {})
            row[accession] = row.get(accession, 0) + record["count"]
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow([summary.index, *columns])
    for key in sorted(rows):
        writer.writerow([key, *(rows[key].get(accession, 0) for accession in columns)])
    return text.getvalue()


def summaries_are_served(*, study: Study, slug: str) -> bool:
    """Whether the tables that are served are what the published analyses give now, and lie where they belong."""
    study.refresh_from_db()
    return _is_served(study, slug, _tables(study, slug))


def start_copying_summaries(*, study: Study, slug: str, actor: str, caller: Caller | None = None) -> ClusterJob | None:
    """One copy of the whole summaries folder: the new tables of this pipeline, the served ones of others.

    1. Nothing stays where it does not belong.  2. Write each table that has a row; equal analyses give equal bytes.
    3. No table at all: what is served goes.  4. Record the copy, submit.

    :return: None if there is nothing to serve, or it is served already
    :raises NotReachable: the other side cannot be looked at
    """
    study.refresh_from_db()
    area = area_of(study.visibility)
    if not (area == ResultsArea.PUBLIC and study.results_area == ResultsArea.PRIVATE):  # 1; a release needs them still
        remove_strays(folder_of_summaries(study), area=area)
    tables = _tables(study, slug)
    if _is_served(study, slug, tables):
        return None
    workdir = settings.EMG_CONFIG.slurm.default_workdir / ena_accession(study)
    (workdir / "summaries").mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    for name, text in tables.items():  # 2
        write_file(workdir / "summaries" / name, text)
    others = _served(study).exclude(alias__in=_names(study, slug)) if area else Download.objects.none()
    sums = dict.fromkeys(tables) | dict(others.values_list("alias", "sha256"))
    if area is None or not sums:  # 3
        _forget(_served(study))
        remove_strays(folder_of_summaries(study), area=None)
        return None
    sources = [(workdir / "summaries" / name, sha256) for name, sha256 in sorted(sums.items())]
    target = str(root_of(area) / folder_of_summaries(study))
    lines = [PlanLine(str(path), target, path.name, path.stat().st_size, sha256) for path, sha256 in sources]
    plan = write_plan(workdir / "publish", lines)
    request = copy_request(
        name=f"summaries {study.first_accession} {slug}",
        plan=plan,
        logical_key=f"summaries:{study.accession}:{plan.name.partition('.')[0]}",
        study_id=study.pk,
    )
    return start_copy(request=request, actor=actor, caller=caller)  # 4


def finish_copying_summaries(*, study: Study, slug: str, job_id: UUID) -> int:
    """Serve what was copied and verified: replace the study's download entries of this pipeline.

    :return: how many tables are served
    :raises SummariesNotCopied: a copy on the wrong side is gone
    """
    verified, refused = read_report(plan_of(ClusterJob.objects.get(pk=job_id)))
    try:
        with transaction.atomic():
            locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
            area = area_of(locked.visibility)
            target = str(root_of(area) / folder_of_summaries(locked)) if area else ""
            if target not in verified or not Path(target).is_dir():
                raise SummariesNotCopied(refused.get(target) or f"{locked}: the level moved while they were copied")
            entries = {entry["path"]: entry for entry in verified[target]}
            labels = _names(locked, slug)
            served = [
                _serve(locked, summary, entries[name], position)
                for position, (name, summary) in enumerate(labels.items(), start=1)
                if name in entries
            ]
            _forget(_served(locked).filter(alias__in=labels).exclude(pk__in=served))
            place = {"results_area": area, "external_results_dir": str(Path(folder_of_summaries(locked)).parent)}
            Study.objects.filter(pk=locked.pk).update(**place)
    except SummariesNotCopied:
        study.refresh_from_db()
        remove_strays(folder_of_summaries(study), area=area_of(study.visibility))
        raise
    return len(served)


def _serve(study: Study, summary: Summary, entry: dict, position: int) -> UUID:
    """One live entry a file name; other bytes are another entry, which the old one points to."""
    live = study.downloads.filter(superseded_by=None, alias=entry["path"])
    same = live.filter(sha256=entry["sha256"], download_group=summary.group).first()
    if same:
        return same.pk
    new = Download(
        pk=uuid.uuid4(),
        study=study,
        position=position,
        path=f"{FOLDER}/{entry['path']}",
        alias=entry["path"],
        file_type="tsv",
        download_type="Taxonomic analysis",
        download_group=summary.group,
        short_description=f"{summary.label} summary",
        long_description=f"Reads of each run of the study by {summary.label} lineage",
        size_bytes=entry["bytes"],
        sha256=entry["sha256"],
        md5=entry["md5"],
        verified_at=Now(),
    )
    live.update(superseded_by=new.pk)
    new.save(force_insert=True)
    return new.pk


def _served(study: Study) -> QuerySet[Download]:
    return study.downloads.filter(superseded_by=None, path__startswith=f"{FOLDER}/")


def _forget(served: QuerySet[Download]) -> None:
    """Delete entries with all that they superseded, the oldest first: none ever points to nothing."""
    Study.objects.filter(pk__in=served.values("study")).update(updated_at=Now())
    generations = Download.objects.filter(study__in=served.values("study"), alias__in=served.values("alias"))
    while generations.filter(supersedes=None).delete()[0]:
        pass


def _is_served(study: Study, slug: str, tables: dict[str, str]) -> bool:
    served = _served(study).filter(alias__in=_names(study, slug))
    made = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in tables.items()}
    area = area_of(study.visibility)
    in_place = study.results_area == area and (root_of(area) / folder_of_summaries(study)).is_dir() if area else False
    return dict(served.values_list("alias", "sha256")) == made and (in_place or not made)


def _tables(study: Study, slug: str) -> dict[str, str]:
    """Text by file name, of the sources that any published analysis has; none of a suppressed study."""
    names = _names(study, slug) if area_of(study.visibility) else {}
    tables = {name: summary_table(study, slug, summary) for name, summary in names.items()}
    return {name: text for name, text in tables.items() if text}


def _names(study: Study, slug: str) -> dict[str, Summary]:
    """File name of each summary that the pipeline declares."""
    summaries = registry.get(slug).summaries
    return {f"{study.first_accession}_{one.label}_study_summary.tsv": one for one in summaries}


def folder_of_summaries(study: Study) -> str:
    """Below the root of its area."""
    accession = ena_accession(study)
    return f"{accession[:-3]}/{accession}/{FOLDER}"
