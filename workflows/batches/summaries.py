"""Tables of a whole study, made from its published analyses and nothing else (``spec/pipelines.md`` §1.7, §4.9)."""

import csv
import hashlib
import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from analyses.models import Analysis, AnalysisState, AnnotationSet, Download, ResultsArea, Study
from ena.models import Visibility
from workflows.batches.places import ena_accession, root_of
from workflows.cluster.copying import PlanLine, copy_request, plan_of, read_report, start_copy, write_plan
from workflows.cluster.requests import Caller
from workflows.models import ClusterJob
from workflows.pipelines import registry
from workflows.pipelines.declaration import Summary
from workflows.pipelines.sheets import write_whole

FOLDER = "study-summaries"


class SummariesNotCopied(Exception):
    """The copy failed, or the level moved meanwhile; the summaries served before are as they were."""


def write_summaries(*, study: Study, slug: str) -> list[Path]:
    """Write one table for each annotation source that any published analysis of the pipeline has; equal input gives
    equal bytes.
    """
    folder = settings.EMG_CONFIG.slurm.default_workdir / ena_accession(study) / "summaries" / slug
    written = []
    for name, summary in _names(study, slug).items():
        if text := summary_table(study, slug, summary):
            write_whole(folder / name, text)
            written.append(folder / name)
    return written


def summary_table(study: Study, slug: str, summary: Summary) -> str:
    """Rows by key, columns by accession, missing = 0; empty where no analysis has the source."""
    analyses = Analysis.objects.filter(
        study=study, state=AnalysisState.PUBLISHED, metadata__pipeline__slug=slug, superseded_by=None
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


def start_copying_summaries(*, study: Study, slug: str, actor: str, caller: Caller | None = None) -> ClusterJob | None:
    """One copy of the whole summaries folder: the new tables of this pipeline, the served ones of others.

    :return: None if there is nothing to serve, or it is served already
    """
    study.refresh_from_db()
    files = write_summaries(study=study, slug=slug)
    lines = list(_plan(study, slug, files))
    if not lines or _is_served(study, slug, files):
        return None
    plan = write_plan(settings.EMG_CONFIG.slurm.default_workdir / ena_accession(study) / "publish", lines)
    request = copy_request(
        name=f"summaries {study.first_accession} {slug}",
        plan=plan,
        logical_key=f"summaries:{study.accession}:{plan.name.partition('.')[0]}",
        study_id=study.pk,
    )
    return start_copy(request=request, actor=actor, caller=caller)


def finish_copying_summaries(*, study: Study, slug: str, job_id: UUID) -> int:
    """Serve what was copied and verified: replace the study's download entries of this pipeline.

    :return: how many tables are served
    :raises SummariesNotCopied: nothing was changed
    """
    verified, refused = read_report(plan_of(ClusterJob.objects.get(pk=job_id)))
    labels = _names(study, slug)
    with transaction.atomic():
        locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        target = str(_target(locked))
        if target not in verified:
            raise SummariesNotCopied(refused.get(target) or f"{locked}: the level moved while they were copied")
        entries = {entry["path"]: entry for entry in verified[target]}
        served = [
            _serve(locked, summary, entries[name], position)
            for position, (name, summary) in enumerate(labels.items(), start=1)
            if name in entries
        ]
        gone = locked.downloads.filter(superseded_by=None, alias__in=labels).exclude(pk__in=served)
        gone.delete()
        Study.objects.filter(pk=locked.pk).update(results_area=_area(locked), external_results_dir=_below(locked))
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


def _plan(study: Study, slug: str, files: list[Path]) -> Iterator[PlanLine]:
    target = _target(study)
    for path in files:
        yield PlanLine(str(path), str(target), path.name, path.stat().st_size)
    others = study.downloads.filter(superseded_by=None, path__startswith=f"{FOLDER}/").exclude(
        alias__in=_names(study, slug)
    )
    for other in others.order_by("alias"):
        source = root_of(study.results_area) / (study.external_results_dir or "") / str(other.path)
        yield PlanLine(str(source), str(target), other.alias, other.size_bytes, other.sha256)


def _is_served(study: Study, slug: str, files: list[Path]) -> bool:
    """The tables of the pipeline that are served are these very bytes, in the area where they belong."""
    served = study.downloads.filter(superseded_by=None, alias__in=_names(study, slug))
    made = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return study.results_area == _area(study) and dict(served.values_list("alias", "sha256")) == made


def _names(study: Study, slug: str) -> dict[str, Summary]:
    """File name of each summary that the pipeline declares."""
    summaries = registry.get(slug).summaries
    return {f"{study.first_accession}_{one.label}_study_summary.tsv": one for one in summaries}


def _area(study: Study) -> str:
    return ResultsArea.PUBLIC if study.visibility == Visibility.PUBLIC else ResultsArea.PRIVATE


def _below(study: Study) -> str:
    accession = ena_accession(study)
    return f"{accession[:-3]}/{accession}"


def _target(study: Study) -> Path:
    return root_of(_area(study)) / _below(study) / FOLDER
