"""The tables of a study: functions of its published analyses and nothing else (``spec/pipelines.md`` §1.7)."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from analyses.models import Analysis, AnalysisState, AnnotationSet, Study
from workflows.batches.places import NotReachable, area_of, root_of
from workflows.pipelines import registry
from workflows.pipelines.declaration import DarwinCore, Summary
from workflows.pipelines.tables import count_of, sound_rows
from workflows.pipelines.tree import Tree, find, read_tree

Key = tuple[str, ...]
Cells = dict[Key, dict[str, int | float]]


def tables_of(study: Study, slug: str) -> dict[str, tuple[Summary, str]]:
    """Summary and text by file name, of those that have a row; none of a suppressed study.

    An analysis that is kept more closely than its study, as one of a suppressed run, is not in them.

    :raises NotReachable: a published folder is not there
    :raises ValueError: a published file is not what it was
    """
    summaries = registry.get(slug).summaries
    if not summaries or area_of(study.visibility) is None:
        return {}
    analyses = published(study, slug)
    columns = [accession for accession, _ in analyses]
    found: dict[str, tuple[Summary, Cells]] = {}
    for summary in summaries:
        for accession, label, key, value in _cells(summary, slug, analyses):
            _, cells = found.setdefault(file_name(study, summary, label), (summary, defaultdict(dict)))
            cells[key][accession] = cells[key].get(accession, 0) + value
    return {name: (summary, _as_text(summary, columns, cells)) for name, (summary, cells) in found.items()}


def table_of(study: Study, slug: str, name: str) -> Summary | DarwinCore | None:
    """The declaration that a file name is of, if it is one of this pipeline."""
    for table in registry.get(slug).tables:
        pattern = re.escape(file_name(study, table, table.label)).replace(re.escape("{region}"), r"[\w-]+")
        if re.fullmatch(pattern, name):
            return table
    return None


def file_name(study: Study, table: Summary | DarwinCore, label: str) -> str:
    return f"{study.first_accession}_{label}{table.ending}"


def published(study: Study, slug: str) -> list[tuple[str, Analysis]]:
    """By accession of the run or assembly, in its order."""
    analyses: QuerySet = Analysis.objects.filter(
        study=study,
        state=AnalysisState.PUBLISHED,
        metadata__pipeline__slug=slug,
        superseded_by=None,
        visibility__lte=study.visibility,
    ).annotate(subject=Coalesce("run__first_accession", "assembly__first_accession"))
    wanted = analyses.only("results_area", "external_results_dir").order_by("subject")
    return [(analysis.subject, analysis) for analysis in wanted]


def _cells(
    summary: Summary, slug: str, analyses: list[tuple[str, Analysis]]
) -> Iterator[tuple[str, str, Key, int | float]]:
    """(accession, label, key, value) of each record of an annotation source, or of each row of a published file."""
    rows = _records(summary, analyses) if summary.source else _lines(summary, slug, analyses)
    for accession, label, row in rows:
        key = tuple(str(row[place]) for place in summary.keys)
        yield accession, label, key, _number(row[summary.value])


def _records(summary: Summary, analyses: list[tuple[str, Analysis]]) -> Iterator[tuple[str, str, Any]]:
    accessions = {analysis.pk: accession for accession, analysis in analyses}
    sets = AnnotationSet.objects.filter(analysis__in=accessions, source=summary.source).order_by("pk")
    for analysis_id, records in sets.values_list("analysis_id", "records").iterator(chunk_size=50):
        yield from ((accessions[analysis_id], summary.label, record) for record in records)


def _lines(summary: Summary, slug: str, analyses: list[tuple[str, Analysis]]) -> Iterator[tuple[str, str, Any]]:
    node = next(node for node in registry.get(slug).nodes if node.name == summary.node)
    read: Any = node.check
    for accession, analysis in analyses:
        for match in find(published_tree(analysis, accession, slug), node):
            label = summary.label.format(**match.keys)
            yield from ((accession, label, row) for row in sound_rows(match, read))


def published_tree(analysis: Analysis, accession: str, slug: str) -> Tree:
    """:raises NotReachable: it is not there"""
    folder = root_of(analysis.results_area) / str(analysis.external_results_dir) / registry.get(slug).pipeline.below
    if not folder.is_dir():
        raise NotReachable(f"{folder} is not there: is its disk mounted?")
    return read_tree(folder, subject=accession, word="", inside=[folder])


def _number(value: str | float) -> int | float:
    whole = count_of(value) if isinstance(value, str) else value
    return float(value) if whole is None else whole


def _as_text(summary: Summary, columns: list[str], cells: Cells) -> str:
    """Rows by key, columns by accession, missing = 0: equal analyses give equal bytes."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow([*summary.index, *columns])
    for key in sorted(cells):
        writer.writerow([*key, *_shown(cells[key].get(accession, 0) for accession in columns)])
    return text.getvalue()


def _shown(values: Iterable[int | float]) -> Iterator[str]:
    return (str(value) if isinstance(value, int) else f"{value:.6g}" for value in values)
