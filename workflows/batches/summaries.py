"""The tables of a study are copied, verified and served (``spec/pipelines.md`` §4.9)."""

import hashlib
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from analyses.models import Download, DownloadFileType, DownloadType, ResultsArea, Study
from workflows.batches.darwin_core import darwin_core_of
from workflows.batches.places import FOLDER_MODE, area_of, ena_accession, remove_strays, root_of
from workflows.batches.summary_tables import table_of, tables_of
from workflows.cluster.copying import PlanLine, copy_request, plan_of, read_report, start_copy, write_plan
from workflows.cluster.node.supervisor import write_file
from workflows.cluster.requests import Caller
from workflows.models import ClusterJob
from workflows.pipelines import registry
from workflows.pipelines.declaration import DarwinCore, Summary

FOLDER = "study-summaries"
Table = Summary | DarwinCore


class SummariesNotCopied(Exception):
    """The copy failed, or the level moved meanwhile; nothing was changed."""


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
    for name, (_, text) in tables.items():  # 2
        write_file(workdir / "summaries" / name, text)
    others = _served(study).exclude(download_group__in=_groups(slug)) if area else Download.objects.none()
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
            own = [(name, by) for name in sorted(entries) if (by := table_of(locked, slug, name))]
            served = [_serve(locked, by, entries[name], position) for position, (name, by) in enumerate(own, start=1)]
            _forget(_served(locked).filter(download_group__in=_groups(slug)).exclude(pk__in=served))
            place = {"results_area": area, "external_results_dir": str(Path(folder_of_summaries(locked)).parent)}
            Study.objects.filter(pk=locked.pk).update(**place)
    except SummariesNotCopied:
        study.refresh_from_db()
        remove_strays(folder_of_summaries(study), area=area_of(study.visibility))
        raise
    return len(served)


def _serve(study: Study, table: Table, entry: dict, position: int) -> UUID:
    """One live entry a file name; other bytes are another entry, which the old one points to."""
    live = study.downloads.filter(superseded_by=None, alias=entry["path"])
    same = live.filter(sha256=entry["sha256"], download_group=table.group).first()
    if same:
        return same.pk
    new = Download(
        pk=uuid.uuid4(),
        study=study,
        position=position,
        path=f"{FOLDER}/{entry['path']}",
        alias=entry["path"],
        download_group=table.group,
        **_told(table, entry["path"].removeprefix(f"{study.first_accession}_").removesuffix(table.ending)),
        size_bytes=entry["bytes"],
        sha256=entry["sha256"],
        md5=entry["md5"],
        verified_at=Now(),
    )
    live.update(superseded_by=new.pk)
    new.save(force_insert=True)
    return new.pk


def _told(table: Table, label: str) -> dict[str, Any]:
    if isinstance(table, DarwinCore):
        file_type, short = DownloadFileType.CSV, f"{label} as Darwin Core"
        long = f"Each {'ASV' if table.nodes else 'taxon'} of each run in a row, with place and date of its sample"
    else:
        file_type, short = DownloadFileType.TSV, f"{label} summary"
        long = f"Each analysis of the study in a column, by {', '.join(table.index)}"
    functional = isinstance(table, Summary) and table.functional
    kind = DownloadType.FUNCTIONAL_ANALYSIS if functional else DownloadType.TAXONOMIC_ANALYSIS
    return {"file_type": file_type, "download_type": kind, "short_description": short, "long_description": long}


def _tables(study: Study, slug: str) -> dict[str, tuple[Table, Iterable[str]]]:
    """Declaration and text by file name; a text is read as often as needed."""
    return {
        **{name: (by, [text]) for name, (by, text) in tables_of(study, slug).items()},
        **darwin_core_of(study, slug),
    }


def _served(study: Study) -> QuerySet[Download]:
    return study.downloads.filter(superseded_by=None, path__startswith=f"{FOLDER}/")


def _forget(served: QuerySet[Download]) -> None:
    """Delete entries with all that they superseded, the oldest first: none ever points to nothing."""
    Study.objects.filter(pk__in=served.values("study")).update(updated_at=Now())
    generations = Download.objects.filter(study__in=served.values("study"), alias__in=served.values("alias"))
    while generations.filter(supersedes=None).delete()[0]:
        pass


def _is_served(study: Study, slug: str, tables: dict[str, tuple[Table, Iterable[str]]]) -> bool:
    served = _served(study).filter(download_group__in=_groups(slug))
    made = {name: _sha256(text) for name, (_, text) in tables.items()}
    area = area_of(study.visibility)
    in_place = study.results_area == area and (root_of(area) / folder_of_summaries(study)).is_dir() if area else False
    return dict(served.values_list("alias", "sha256")) == made and (in_place or not made)


def _sha256(text: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for piece in text:
        digest.update(piece.encode())
    return digest.hexdigest()


def _groups(slug: str) -> set[str]:
    """Whose entries are this pipeline's."""
    return {table.group for table in registry.get(slug).tables}


def folder_of_summaries(study: Study) -> str:
    """Below the root of its area."""
    accession = ena_accession(study)
    return f"{accession[:-3]}/{accession}/{FOLDER}"
