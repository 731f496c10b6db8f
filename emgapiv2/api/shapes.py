"""What items of the hot lists hold: the schemas of the same names, as Postgres writes them (``spec/api-v2.md`` §11)."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, F, Func, JSONField, OuterRef, Subquery, TextField, Value, When
from django.db.models.functions import Coalesce, Concat
from django.db.models.lookups import Exact, GreaterThan

from analyses.models import Assembly, Biome, Download, ExperimentType, ResultsArea, Run, Sample, Study
from analyses.visibility import Actor, visible_to
from emgapiv2.api.pagination import absolute
from emgapiv2.api.sql_json import Shape, all_of, each_of, item, label_of, one_of, time_of, url_of
from ena.models import Sample as EnaSample
from ena.models import Study as EnaStudy
from ena.records import STUDY_COLUMNS


def _of(model: Any, key: str, field: str) -> Subquery:
    return Subquery(model.objects.filter(pk=OuterRef(key)).values(field))


BIOME = one_of(
    Biome.objects.filter(pk=OuterRef("biome")), Shape({"biome_name": F("biome_name"), "lineage": F("lineage")})
)
STUDY = Shape(
    {
        "accession": F("accession"),
        "ena_accessions": F("ena_accessions"),
        "title": F("title"),
        "biome": BIOME,
        "metadata": Coalesce(_of(EnaStudy, "ena_study", "metadata"), Value({}, JSONField())),
        "updated_at": time_of("updated_at"),
    }
)
SAMPLE = Shape(
    {
        "accession": F("first_accession"),
        "ena_accessions": F("ena_accessions"),
        "sample_title": F("sample_title"),
        "biome": BIOME,
        "updated_at": time_of("updated_at"),
    }
)
RECORD_WITHOUT_STUDIES = Func(
    _of(EnaSample, "ena_sample", "metadata"),
    Value(list(STUDY_COLUMNS), ArrayField(TextField())),
    template="(%(expressions)s)",
    arg_joiner=" - ",
    output_field=JSONField(),
)
SAMPLE_WITH_METADATA = Shape(SAMPLE | {"metadata": RECORD_WITHOUT_STUDIES})
RUN = Shape(
    {
        "accession": F("first_accession"),
        "experiment_type": label_of("experiment_type", ExperimentType),
        "instrument_model": F("instrument_model"),
        "instrument_platform": F("instrument_platform"),
        "sample_accession": _of(Sample, "sample", "first_accession"),
        "study_accession": _of(Study, "study", "accession"),
    }
)
ASSEMBLY = Shape({"accession": F("first_accession"), "updated_at": time_of("updated_at")})


@lru_cache(maxsize=64)
def analysis(seen_by: Actor) -> Shape:
    """Whoever sees an analysis sees its study, run or assembly; of its sample it holds no level."""
    shape = {
        "accession": F("accession"),
        "study_accession": _of(Study, "study", "accession"),
        "experiment_type": label_of("experiment_type", ExperimentType),
        "pipeline_version": F("pipeline_version"),
        "run": one_of(Run.objects.filter(pk=OuterRef("run")), RUN),
        "sample": one_of(visible_to(Sample, seen_by).filter(pk=OuterRef("sample")), SAMPLE),
        "assembly": one_of(Assembly.objects.filter(pk=OuterRef("assembly")), ASSEMBLY),
    }
    return Shape(shape)


@lru_cache(maxsize=64)
def analysis_detail(seen_by: Actor, *, in_list: bool = False) -> Shape:
    """With the live files; and the run, or all runs that the assembly was made of."""
    of_assembly = Run.objects.filter(assembly_links__assembly=OuterRef("assembly")).order_by("assembly_links__position")
    runs = Case(
        When(run__isnull=False, then=all_of(Run.objects.filter(pk=OuterRef("run")), RUN)),
        default=all_of(of_assembly, RUN),
        output_field=JSONField(),
    )
    return Shape(
        analysis(seen_by)
        | {
            "downloads": _downloads_of("analysis", "analyses", in_list=in_list),
            "metadata": F("metadata"),
            "quality_control_summary": F("quality_control"),
            "read_run": runs,
            "results_dir": _address(F, F("external_results_dir"), in_list=True),
        }
    )


def _downloads_of(parent: str, noun: str, *, in_list: bool) -> Func:
    names = ["alias", "file_type", "download_type", "download_group", "short_description", "long_description"]
    prefix = settings.EMG_CONFIG.service_urls.api_prefixes[0].strip("/")
    beside = (OuterRef("external_results_dir"), Value("/"))
    index = {"index_type": item("index_type"), "url": _address(OuterRef, *beside, item("path"), in_list=in_list)}
    file = {name: F(name) for name in names} | {
        "file_size_bytes": F("size_bytes"),
        "sha256": F("sha256"),
        "md5": F("md5"),
        "index_files": each_of("index_files", Shape(index)),
        "url": Coalesce("external_url", _address(OuterRef, *beside, F("path"), in_list=in_list)),
        "permanent_url": url_of(
            absolute(f"/{prefix}/{noun}/"), OuterRef("accession"), Value("/downloads/"), F("alias")
        ),
    }
    files = Download.objects.filter(**{parent: OuterRef("pk")}, superseded_by=None).order_by("position", "pk")
    return all_of(files, Shape(file))


def _address(parent: Callable[[str], Any], *path: Any, in_list: bool) -> Case:
    """The address of a file of the public area. That of a private one is signed for one reader, and lists are kept:
    there it is null, elsewhere its path after a slash.
    """
    root = settings.EMG_CONFIG.service_urls.transfer_services_url_root.rstrip("/") + "/"
    lies_in = {ResultsArea.PUBLIC: url_of(root, *path)}
    if not in_list:
        lies_in[ResultsArea.PRIVATE] = Concat(Value("/"), *path, output_field=TextField())
    is_there = GreaterThan(parent("external_results_dir"), Value(""))
    whens = [
        When(Exact(parent("results_area"), Value(area.value)) & is_there, then=then) for area, then in lies_in.items()
    ]
    return Case(*whens, output_field=TextField())


STUDY_DETAIL = Shape(
    STUDY | {"first_accession": F("first_accession"), "downloads": _downloads_of("study", "studies", in_list=False)}
)
