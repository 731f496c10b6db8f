"""Results of a pipeline become rows: whole or nothing, and twice is once (``spec/catalogue.md`` §9)."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from pydantic import TypeAdapter, ValidationError

from analyses.models import Analysis, AnalysisEvent, AnalysisState, AnnotationSet, Download
from analyses.schemas import AnnotationRecord, NewDownload
from analyses.states import Told, move_analyses, move_analysis

RECORDS = TypeAdapter(list[AnnotationRecord])
FAULTS_SHOWN = 20


class ResultRefused(Exception):
    """The result cannot be imported as it is; ``faults`` lists what is wrong. Nothing was changed."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("; ".join(faults))


@dataclass(frozen=True)
class ImportedResult:
    """All that a pipeline's declaration reads out of one result tree.

    :param annotations: source → records, each the keys of ``AnnotationRecord`` that apply; an empty set is a finding
    :param quality_control: the whole summary
    :param metadata: the keys that the declaration owns; a key with None goes away, other keys are kept
    :param results_dir: absolute, never served
    """

    annotations: Mapping[str, Iterable[Mapping[str, Any]]]
    quality_control: dict[str, Any]
    metadata: dict[str, Any]
    downloads: list[NewDownload]
    results_dir: str = field(default="")


def import_results(
    *, analysis_id: int, result: ImportedResult, actor: object, cluster_job_id: UUID | str | None = None
) -> None:
    """Replace what the analysis holds by a result, and move it to imported.

    1. Outside any transaction of ours: read and check every record.
    2. Lock the analysis.  3. Replace annotation sets, downloads, quality control and owned metadata, writing only
    what differs.  4. Move: completed or check_failed → imported; published → published, if something differs, which
    needs downloads that are verified already; imported stays.

    :raises ResultRefused: records or aliases are wrong
    :raises IllegalMove: the analysis is in no state that takes results
    :raises PreconditionFailed: the renewal of a published analysis brings files that nobody has verified
    """
    rows = _check_annotations(result.annotations)
    _check_aliases(result.downloads)
    with transaction.atomic():
        analysis = Analysis.objects.select_for_update(no_key=True).get(pk=analysis_id)
        changed = _replace_annotations(analysis, rows)
        changed |= _replace_downloads(analysis, result.downloads)
        changed |= _replace_columns(analysis, result, touch=changed)
        evidence = {"sources": {row.source: row.record_count for row in rows}, "changed": changed}
        told: Told = {"actor": actor, "evidence": evidence, "cluster_job_id": cluster_job_id}
        if analysis.state == AnalysisState.PUBLISHED:
            if changed:
                evidence["required_sources"] = _last_required_sources(analysis)
                move_analysis(analysis_id=analysis_id, to=AnalysisState.PUBLISHED, **told)
        elif analysis.state != AnalysisState.IMPORTED:  # locked, so that it moves or the move is refused
            move_analyses(ids=[analysis_id], frm=analysis.state, to=AnalysisState.IMPORTED, **told)


def _check_annotations(annotations: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[AnnotationSet]:
    """Rows of the sources that are in order, or all faults of the others."""
    rows, faults = [], []
    for source, records in annotations.items():
        try:
            checked = RECORDS.validate_python(list(records))
        except ValidationError as error:
            faults += [
                f"annotations.{source}[{'.'.join(map(str, fault['loc']))}]: {fault['msg']}, got {fault['input']!r}"
                for fault in error.errors()[:FAULTS_SHOWN]
            ]
            continue
        # One reading of the values decides both what is stored and what is compared.
        text = RECORDS.dump_json(checked, exclude_none=True)
        rows.append(
            AnnotationSet(
                source=source,
                records=RECORDS.dump_python(checked, exclude_none=True),
                record_count=len(checked),
                count_total=sum(record.count or 0 for record in checked),
                checksum=hashlib.sha256(text).hexdigest(),
            )
        )
    if faults:
        raise ResultRefused(faults)
    return rows


def _check_aliases(downloads: list[NewDownload]) -> None:
    """:raises ResultRefused: several files claim one alias; all of them are named"""
    times = Counter(download.alias for download in downloads)
    faults = [
        f"alias {alias!r} is claimed by {', '.join(d.path for d in downloads if d.alias == alias)}"
        for alias, n in times.items()
        if n > 1
    ]
    if faults:
        raise ResultRefused(faults)


def _replace_annotations(analysis: Analysis, rows: list[AnnotationSet]) -> bool:
    """The stored checksums decide what is written; "there is a set" is never taken as "it was imported"."""
    stored = dict(analysis.annotation_sets.values_list("source", "checksum"))
    gone = set(stored) - {row.source for row in rows}
    differing = [row for row in rows if stored.get(row.source) != row.checksum]
    for row in differing:
        row.analysis = analysis
    analysis.annotation_sets.filter(source__in=gone | {row.source for row in differing}).delete()
    AnnotationSet.objects.bulk_create(differing)
    return bool(gone or differing)


def _replace_downloads(analysis: Analysis, downloads: list[NewDownload]) -> bool:
    """Offer these files, in this order. One that is the same keeps its id and digests, whatever else is said of it."""
    stored = {row.alias: row for row in analysis.downloads.filter(superseded_by=None)}
    new = {d.alias: d.model_dump(mode="json") | {"position": n} for n, d in enumerate(downloads, start=1)}
    kept = {alias for alias, row in stored.items() if alias in new and _says(row, new[alias], "path", "size_bytes")}
    gone = [row.pk for alias, row in stored.items() if alias not in kept]
    added = [Download(analysis=analysis, **columns) for alias, columns in new.items() if alias not in kept]
    retold = [alias for alias in kept if not _says(stored[alias], new[alias], *new[alias])]
    analysis.downloads.filter(pk__in=gone).delete()
    for alias in retold:
        Download.objects.filter(pk=stored[alias].pk).update(**new[alias])
    Download.objects.bulk_create(added)
    return bool(gone or added or retold)


def _says(row: Download, columns: dict[str, Any], *names: str) -> bool:
    return all(getattr(row, name) == columns[name] for name in names)


def _replace_columns(analysis: Analysis, result: ImportedResult, *, touch: bool) -> bool:
    """:param touch: write even if these columns are equal, so that ``updated_at`` tells of the sets and files"""
    metadata = {key: value for key, value in (analysis.metadata | result.metadata).items() if value is not None}
    new = {"quality_control": result.quality_control, "metadata": metadata, "results_dir": result.results_dir or None}
    differs = any(getattr(analysis, column) != value for column, value in new.items())
    if differs or touch:
        Analysis.objects.filter(pk=analysis.pk).update(**new)
    return differs


def _last_required_sources(analysis: Analysis) -> list[str] | None:
    """What its pipeline asked for when it was published."""
    events = AnalysisEvent.objects.filter(analysis=analysis, to_state=AnalysisState.PUBLISHED)
    return events.order_by("-pk").values_list("evidence__required_sources", flat=True).first()
