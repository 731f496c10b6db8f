"""Whole tables for export: their columns and their one statement (``spec/api-v2.md`` §10).

Nothing is read here: a table is streamed by whoever asked for it, in a transaction of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, Func, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from analyses.models import Analysis, Assembly, AssemblyRun, ExperimentType, Run, Sample, Study
from analyses.visibility import Actor, visible_to
from ena.records import STUDY_COLUMNS

Kind = Literal["text", "integer", "time", "list"]
RECORD_KEYS = ("lat", "lon", "collection_date", "country", "depth", "temperature")
LABEL = Case(
    *(When(experiment_type=code, then=Value(label)) for code, label in ExperimentType.choices), output_field=TextField()
)


@dataclass(frozen=True)
class Table:
    """:ivar columns: name → kind, in order
    :ivar sql: gives rows of that order, ready to be written unless ``cells`` makes them so
    """

    columns: dict[str, Kind]
    sql: str
    parameters: tuple[Any, ...]
    cells: Callable[[tuple], tuple] = tuple


def table_of(rows: QuerySet, columns: dict[str, tuple[Any, Kind]]) -> Table:
    """:param columns: name → (path or expression, kind)"""
    paths = [path for path, _ in columns.values()]
    sql, parameters = rows.prefetch_related(None).values_list(*paths).query.sql_with_params()
    return Table({name: kind for name, (_, kind) in columns.items()}, sql, tuple(parameters))


def studies_table(rows: QuerySet[Study]) -> Table:
    columns: dict[str, tuple[Any, Kind]] = {
        "study": ("accession", "text"),
        "first_accession": ("first_accession", "text"),
        "ena_accessions": ("ena_accessions", "list"),
        "title": ("title", "text"),
        "biome_lineage": ("biome__lineage", "text"),
        "updated_at": ("updated_at", "time"),
    }
    return table_of(rows.order_by("pk"), columns)


def samples_table(rows: QuerySet[Sample]) -> Table:
    record: dict[str, tuple[Any, Kind]] = {
        key: (KeyTextTransform(key, "ena_sample__metadata"), "text") for key in RECORD_KEYS
    }
    columns: dict[str, tuple[Any, Kind]] = {
        "sample": ("first_accession", "text"),
        "ena_accessions": ("ena_accessions", "list"),
        "sample_title": ("sample_title", "text"),
        "biome_lineage": ("biome__lineage", "text"),
        **record,
        "updated_at": ("updated_at", "time"),
    }
    return table_of(rows.order_by("first_accession", "pk"), columns)


def runs_table(rows: QuerySet[Run]) -> Table:
    """Whoever sees a run sees its study and its sample."""
    columns: dict[str, tuple[Any, Kind]] = {
        "run": ("first_accession", "text"),
        "study": ("study__accession", "text"),
        "sample": ("sample__first_accession", "text"),
        "experiment_type": (LABEL, "text"),
        **_library(""),
        "updated_at": ("updated_at", "time"),
    }
    return table_of(rows.order_by("first_accession", "pk"), columns)


def assemblies_table(rows: QuerySet[Assembly]) -> Table:
    """Whoever sees an assembly sees its studies and its runs; its sample is sifted."""
    sample = visible_to(Sample, Actor.anonymous()).filter(pk=OuterRef("sample_id")).values("first_accession")
    runs = AssemblyRun.objects.filter(assembly=OuterRef("pk")).order_by("position").values("run__first_accession")
    columns: dict[str, tuple[Any, Kind]] = {
        "assembly": ("first_accession", "text"),
        "ena_accessions": ("ena_accessions", "list"),
        "runs": (ArraySubquery(runs), "list"),
        "sample": (Subquery(sample), "text"),
        "reads_study": ("reads_study__accession", "text"),
        "assembly_study": ("assembly_study__accession", "text"),
        "assembler_name": ("assembler__name", "text"),
        "assembler_version": ("assembler__version", "text"),
        "updated_at": ("updated_at", "time"),
    }
    return table_of(rows.order_by("first_accession", "pk"), columns)


def analyses_table(rows: QuerySet[Analysis], *, seen_by: Actor, sample_keys: list[str] | None = None) -> Table:
    """One row an analysis. The columns of a sample that the actor may not see are empty.

    :param sample_keys: also ``sample.<key>`` of ENA's record for each of these
    """
    is_seen = Exists(visible_to(Sample, seen_by).filter(pk=OuterRef("sample_id")))

    def of_sample(path: Any) -> tuple[Any, Kind]:
        return Case(When(is_seen, then=F(path) if isinstance(path, str) else path)), "text"

    def of_record(key: str) -> tuple[Any, Kind]:
        return of_sample(KeyTextTransform(key, "sample__ena_sample__metadata"))

    columns: dict[str, tuple[Any, Kind]] = {
        "study": ("study__accession", "text"),
        "analysis": ("accession", "text"),
        "pipeline_version": ("pipeline_version", "text"),
        "experiment_type": (LABEL, "text"),
        "run": ("run__first_accession", "text"),
        "assembly": ("assembly__first_accession", "text"),
        "sample": of_sample("sample__first_accession"),
        "sample_title": of_sample("sample__sample_title"),
        "biome_lineage": (Coalesce(of_sample("sample__biome__lineage")[0], "study__biome__lineage"), "text"),
        **_library("run__"),
        **{key: of_record(key) for key in RECORD_KEYS},
        "updated_at": ("updated_at", "time"),
        **{f"sample.{key}": of_record(key) for key in sample_keys or []},
    }
    return table_of(rows.order_by("pk"), columns)


def sample_keys(rows: QuerySet[Analysis], *, seen_by: Actor) -> list[str]:
    """Every key that ENA's record of a sample of these analyses has, but those that name studies: some are private."""
    samples = visible_to(Sample, seen_by).filter(pk__in=rows.order_by().values("sample"))
    key = Func(F("ena_sample__metadata"), function="jsonb_object_keys", output_field=TextField(), set_returning=True)
    return sorted(set(samples.order_by().values_list(key, flat=True).distinct()) - set(STUDY_COLUMNS))


def _library(run: str) -> dict[str, tuple[Any, Kind]]:
    names = ("instrument_platform", "instrument_model", "library_strategy", "library_source", "library_layout")
    return {name: (f"{run}{name}", "text") for name in names}
