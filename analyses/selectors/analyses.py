import json

from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from analyses.models import Analysis, AnnotationSet, Assembly, AssemblyRun, Run, Sample, Study
from analyses.selectors import runs
from analyses.selectors.studies import LIVE_DOWNLOADS
from analyses.visibility import Actor, visible_to

RECORDS_SQL = """
SELECT record FROM analyses_annotationset s, jsonb_array_elements(s.records) WITH ORDINALITY e (record, place)
WHERE s.analysis_id = %s AND s.source = %s ORDER BY place LIMIT %s OFFSET %s
"""

# Wide columns that no list shows, of an analysis and of what it is joined with.
WIDE = ("quality_control", "metadata")
WIDE_OF_PARENTS = (
    *(f"run__{name}" for name in runs.WIDE),
    *(f"assembly__{name}" for name in ("metadata", "inferred_metadata")),
    *(f"{joined}__{name}" for joined in ("study", "sample", "run__study", "run__sample") for name in runs.UNSHOWN),
)
WIDE_OF_RUNS = tuple(f"run__{name}" for name in runs.WIDE)
RUNS_OF_ASSEMBLY = Prefetch(
    "assembly__run_links",
    AssemblyRun.objects.select_related("run__sample", "run__study").defer(*WIDE_OF_RUNS).order_by("position"),
)


def list_public(*, pipeline_version: str | None = None, experiment_type: str | None = None) -> QuerySet[Analysis]:
    """Published public analyses, with live downloads and the runs of assemblies (two queries more, however many)."""
    analyses = _listed(visible_to(Analysis, Actor.anonymous()), Actor.anonymous())
    analyses = analyses.prefetch_related(LIVE_DOWNLOADS, RUNS_OF_ASSEMBLY)
    if pipeline_version:
        analyses = analyses.filter(pipeline_version=pipeline_version)
    if experiment_type:
        analyses = analyses.filter(experiment_type=experiment_type)
    return analyses


def list_of(*, seen_by: Actor, **parent: Study | Run | Assembly | int) -> QuerySet[Analysis]:
    """Published analyses of a ``study``, a ``run`` or an ``assembly``."""
    found = visible_to(Analysis, seen_by).filter(is_ready=True, **parent)
    return _listed(found, seen_by).defer(*WIDE)


def seen(*, accession: str, seen_by: Actor) -> Analysis | None:
    """One analysis by its MGYA, if the actor sees it."""
    return with_accession(accession=accession.upper(), seen_by=seen_by).first()


def detail(*, accession: str, seen_by: Actor) -> Analysis | None:
    """The same with all that it shows, live downloads too."""
    found = _listed(with_accession(accession=accession.upper(), seen_by=seen_by), seen_by)
    return found.prefetch_related(LIVE_DOWNLOADS, RUNS_OF_ASSEMBLY).first()


def with_accession(*, accession: str, seen_by: Actor) -> QuerySet[Analysis]:
    """:param accession: MGYA, in capitals; one row has it, or none"""
    return visible_to(Analysis, seen_by).filter(accession=accession)


def annotations_of(*, analysis: Analysis) -> dict[str, list | dict[str, list]]:
    """``{"taxonomies": {"ssu": [record, …]}, "pfams": [record, …], …}``: sources split at the first dot only.

    The three that every client reads are always there.
    """
    annotations: dict = {"taxonomies": {}, "pfams": [], "interpros": []}
    for source, records in analysis.annotation_sets.order_by("source").values_list("source", "records"):
        family, _, member = source.partition(".")
        if member:
            annotations.setdefault(family, {})[member] = records
        else:
            annotations[family] = records
    return annotations


def annotation_page(*, analysis: Analysis, source: str, limit: int, offset: int = 0) -> tuple[int, list[dict]]:
    """How many records a source has, and one page of them, cut inside the database; (0, []) without the source."""
    counted = AnnotationSet.objects.filter(analysis=analysis, source=source)
    count = counted.values_list("record_count", flat=True).first() or 0
    if offset >= count:
        return count, []
    with connection.cursor() as cursor:
        cursor.execute(RECORDS_SQL, [analysis.pk, source, limit, offset])
        # Django hands jsonb of raw queries over as text.
        return count, [json.loads(row[0]) for row in cursor.fetchall()]


def _listed(analyses: QuerySet[Analysis], seen_by: Actor) -> QuerySet[Analysis]:
    """With ``study``, ``run`` or ``assembly``, and ``sample``; serve the sample only where ``sample_is_seen``.

    Whoever sees an analysis sees its study, run or assembly, whose levels it copies; of its sample it holds no level.
    """
    sample_is_seen = Exists(visible_to(Sample, seen_by).filter(pk=OuterRef("sample_id")))
    joined = analyses.select_related("study", "sample__biome", "run__sample", "run__study", "assembly")
    return joined.defer(*WIDE_OF_PARENTS).annotate(sample_is_seen=sample_is_seen).order_by("pk")
