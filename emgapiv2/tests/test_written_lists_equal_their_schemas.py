"""What the database writes of a list is what the schema would have made of the same rows."""

import orjson
import pytest

from analyses.models import Analysis, Download, Run, Sample, Study
from analyses.selectors import analyses, runs, samples, studies
from analyses.tests.factories import make_analysis, make_download, make_run, make_sample, make_study
from analyses.visibility import Actor
from emgapiv2.api import schemas, shapes
from emgapiv2.api.sql_json import as_text

pytestmark = pytest.mark.django_db
ODD = 'é "quoted" \\ back\tslash\n漢字 😀 </script> %s %% 100%'
ANYBODY = Actor.anonymous()


@pytest.fixture
def study():
    """A study with two runs of one sample, with odd words everywhere; beside it a private one, and the least of all."""
    study = make_study()
    sample, bare = make_sample(study), make_sample(study)
    private = make_study(level=1)
    Study.objects.filter(pk=make_study().pk).update(biome=None)
    private.samples.add(sample, through_defaults={"study_visibility": 1})
    for one in (make_run(study, sample), make_run(study, bare), make_run(private, make_sample(private))):
        make_download(make_analysis(one, state="published"), alias=f"{ODD}.tsv".replace("\n", "").replace("\t", ""))
    make_analysis(make_run(study, bare), state="published")  # without files
    records = {"text": ODD, "null": None, "deep": [{"er": [1.5, None, True]}], "study_accession": "PRJEB1"}
    type(study.ena_study).objects.filter(pk=study.ena_study_id).update(metadata=records)
    type(sample.ena_sample).objects.filter(pk=sample.ena_sample_id).update(metadata=records)
    Study.objects.filter(pk=study.pk).update(title=ODD)
    Sample.objects.filter(pk=sample.pk).update(sample_title=ODD)
    Sample.objects.filter(pk=bare.pk).update(sample_title=None, biome=None)
    Run.objects.filter(sample=sample).update(instrument_model=ODD, instrument_platform=None)
    first = Analysis.objects.order_by("pk")[0]
    Analysis.objects.filter(pk=first.pk).update(
        results_area="public", external_results_dir="ERP1/a b/ü", quality_control=records, metadata=records
    )
    index = [{"index_type": "fai", "path": "x y.fai"}, {"index_type": "gzi", "path": "z.gzi"}]
    Download.objects.filter(analysis=first).update(path="taxonomy/100%/ñ?.tsv", index_files=index, size_bytes=2**40)
    return study


def lists(study):
    """name → (rows, what the database writes, what the schema is)."""
    of_study = {"study": study, "seen_by": ANYBODY}
    return {
        "studies": (studies.list_public(), shapes.STUDY, schemas.MGnifyStudy),
        "samples": (samples.list_public(), shapes.SAMPLE, schemas.MGnifySample),
        "runs": (runs.list_public(), shapes.RUN, schemas.AnalysedRun),
        "analyses": (
            analyses.list_public(),
            shapes.analysis_detail(ANYBODY, in_list=True),
            schemas.MGnifyAnalysisDetail,
        ),
        "study analyses": (analyses.list_of(**of_study), shapes.analysis(ANYBODY), schemas.MGnifyAnalysis),
        "study samples": (
            samples.list_of_study(**of_study),
            shapes.SAMPLE_WITH_METADATA,
            schemas.MGnifySampleWithMetadata,
        ),
    }


def test_written_lists_equal_their_schemas(study, rf):
    request = rf.get("/")
    request.neighbours = {}  # a list
    for name, (rows, shape, schema) in lists(study).items():
        written = rows.prefetch_related(None).annotate(item=as_text(rows, shape)).values_list("item", flat=True)
        made = [schema.model_validate(row, context={"request": request}).model_dump(mode="json") for row in rows]
        assert len(made) > 1, name
        assert [orjson.loads(item) for item in written] == made, name
        assert [list(orjson.loads(item)) for item in written] == [list(schema.model_fields)] * len(made), name
