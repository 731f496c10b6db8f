"""Tables of what one study found, and of its files (``spec/api-v2.md`` §10)."""

from collections.abc import Callable
from typing import Any

import orjson
from django.db.models import BigIntegerField, Case, Exists, F, Func, OuterRef, Q, QuerySet, TextField, When
from django.db.models.functions import Cast, Coalesce

from analyses.models import Analysis, AnnotationSet, Download, Sample, Study
from analyses.selectors.tables import Kind, Table, table_of
from analyses.visibility import Actor, visible_to

# One row a term, with an object of analysis → count. The inner statement is that of the long table.
WIDE_SQL = """
SELECT source, term, jsonb_object_agg(analysis, count) FROM (
  SELECT source, coalesce(identifier, organism, description) AS term, analysis, sum(count) AS count
  FROM ({long}) long (study, analysis, run, assembly, sample, source, identifier, organism, description, count)
  GROUP BY 1, 2, 3) t
WHERE term IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""


def annotation_sets(analyses: QuerySet[Analysis], *, sources: list[str]) -> QuerySet[AnnotationSet]:
    """:param sources: none for every taxonomy"""
    wanted = Q(source__in=sources) if sources else Q(source__startswith="taxonomies.")
    return AnnotationSet.objects.filter(wanted, analysis__in=analyses.order_by().values("pk"))


def long_table(sets: QuerySet[AnnotationSet], *, seen_by: Actor) -> Table:
    """One row a record, in the order of the file it came from."""
    is_seen = Exists(visible_to(Sample, seen_by).filter(pk=OuterRef("analysis__sample_id")))
    columns: dict[str, tuple[Any, Kind]] = {
        "study": ("analysis__study__accession", "text"),
        "analysis": ("analysis__accession", "text"),
        "run": ("analysis__run__first_accession", "text"),
        "assembly": ("analysis__assembly__first_accession", "text"),
        "sample": (Case(When(is_seen, then=F("analysis__sample__first_accession"))), "text"),
        "source": ("source", "text"),
        "identifier": (_of_record("identifier"), "text"),
        "organism": (_of_record("organism"), "text"),
        "description": (_of_record("description"), "text"),
        "count": (Cast(_of_record("count"), BigIntegerField()), "integer"),
    }
    return table_of(sets.order_by("analysis_id", "source"), columns)


def wide_table(sets: QuerySet[AnnotationSet], *, seen_by: Actor) -> Table:
    """One row a term, one column an analysis; a term that an analysis lacks counts 0 there."""
    long = long_table(sets, seen_by=seen_by)
    found = sets.order_by("analysis_id").values_list("analysis__accession", flat=True).distinct()
    analyses = list(found)

    def cells(row: tuple) -> tuple:
        counts = orjson.loads(row[2])
        return (row[0], row[1], *(counts.get(analysis, 0) for analysis in analyses))

    columns: dict[str, Kind] = {"source": "text", "term": "text", **dict.fromkeys(analyses, "integer")}
    return Table(columns, WIDE_SQL.format(long=long.sql), long.parameters, cells)


def files_table(study: Study, *, seen_by: Actor, permanent_url: Callable[[str, str], str]) -> Table:
    """Every live file of a study and of its ready analyses.

    :param permanent_url: the address of a file, from its parent's accession and its alias
    """
    ready = Q(analysis__study=study, analysis__is_ready=True)
    rows = visible_to(Download, seen_by).filter(Q(study=study) | ready, superseded_by=None)
    columns: dict[str, tuple[Any, Kind]] = {
        "accession": (Coalesce("analysis__accession", "study__accession"), "text"),
        "alias": ("alias", "text"),
        "group": ("download_group", "text"),
        "type": ("download_type", "text"),
        "file_type": ("file_type", "text"),
        "size": ("size_bytes", "integer"),
        "sha256": ("sha256", "text"),
    }
    table = table_of(rows.order_by(F("analysis_id").asc(nulls_first=True), "position", "id"), columns)

    def cells(row: tuple) -> tuple:
        return (*row, permanent_url(row[0], row[1]))

    return Table({**table.columns, "permanent_url": "text"}, table.sql, table.parameters, cells)


def _of_record(key: str) -> Func:
    """A column with a row for each record; all such columns of a statement advance together."""
    return Func(
        F("records"),
        template=f"jsonb_array_elements(%(expressions)s) ->> '{key}'",
        output_field=TextField(),
        set_returning=True,
    )
