import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analyses.models import Run
from analyses.services.adopt_runs import adopt_runs
from analyses.services.refresh_study import RefreshStopped, refresh_study
from ena.errors import StudyNotAvailable
from ena.models import SyncRun

pytestmark = pytest.mark.django_db


def test_rows_only_in_one_portal_arrive(standin, configure):
    configure(ena={"data_portals": ["metagenome", "ena"]})
    assert refresh_study(accession="PRJEB99900007", actor="test").runs.count() == 14
    assert SyncRun.objects.filter(kind="runs").last().outcome == "complete"


@pytest.mark.parametrize(
    ("result", "field"),
    [("read_run", "fastq_ftp"), ("read_run", "study_accession"), ("sample", "secondary_sample_accession")],
)
def test_what_one_portal_leaves_empty_another_fills(standin, configure, result, field):
    configure(ena={"data_portals": ["ena", "metagenome"]})
    for row in standin.server.dataset.tables["read_run"]:
        row |= {"secondary_study_accession": "", "secondary_sample_accession": ""}
    match = {"path": "/search", "result": result}
    standin.set_faults([{"match": match, "times": 1, "action": "blank_field", "field": field}])
    study = refresh_study(accession="PRJEB99900001", actor="test")
    assert study.runs.exclude(fastq_files=[]).exclude(inferred_metadata__has_key="fastq_refusal").count() == 4
    assert study.samples.get(first_accession="SAMEA999000001").ena_accessions == ["SAMEA999000001", "ERS99900001"]


def test_a_portal_that_is_missing_empties_nothing(standin, configure):
    configure(ena={"data_portals": ["metagenome", "ena"], "max_attempts": 1})
    study = refresh_study(accession="PRJEB99900001", actor="test")
    before = list(study.runs.order_by("pk").values("metadata", "instrument_model"))
    match = {"path": "/search", "result": "read_run"}
    blank = {"match": match, "times": 1, "action": "blank_field", "field": "instrument_model"}
    standin.set_faults([blank, {"match": match, "times": None, "action": "status", "status": 503}])
    assert adopt_runs(study=study, actor="test").outcome == "partial"
    assert list(study.runs.order_by("pk").values("metadata", "instrument_model")) == before


def test_a_portal_that_fails_makes_the_answer_partial(standin, configure):
    configure(ena={"data_portals": ["ena", "metagenome"], "max_attempts": 1})
    study = refresh_study(accession="PRJEB99900001", actor="test", only={"study"})
    rule = {
        "match": {"path": "/search", "result": "read_run"},
        "after": 1,
        "times": 1,
        "action": "status",
        "status": 503,
    }
    standin.set_faults([rule])
    assert adopt_runs(study=study, actor="test").outcome == "partial"
    assert study.runs.count() == 4


def test_a_partial_answer_is_no_refreshed_study(standin, configure):
    """Whoever plans upon it would take what is missing for what there is not."""
    configure(ena={"data_portals": ["ena", "metagenome"], "max_attempts": 1})
    match = {"path": "/search", "result": "sample"}
    standin.set_faults([{"match": match, "after": 1, "times": 1, "action": "status", "status": 503}])
    with pytest.raises(RefreshStopped, match="study up to date, samples in part: a portal did not answer; try again"):
        refresh_study(accession="PRJEB99900001", actor="test")


def test_private_studies_are_asked_for_with_credentials_only(standin):
    study = refresh_study(accession="PRJEB99900004", actor="test")
    assert (study.visibility, study.runs.count(), study.runs.filter(visibility=0).count()) == (1, 2, 0)
    children = [seen for seen in standin.requests() if seen["parameters"].get("result") in ("sample", "read_run")]
    assert {seen["account"] for seen in children if seen["path"].endswith("search")} == {"dcc_metagenome"}


def test_an_empty_study_and_an_unknown_one(standin):
    assert refresh_study(accession="PRJEB99900010", actor="test").runs.count() == 0
    with pytest.raises(StudyNotAvailable):
        refresh_study(accession="PRJEB1", actor="test")


def test_a_load_takes_the_same_statements_whatever_its_size(standin):
    refresh_study(accession="PRJEB99900010", actor="test")  # asks for the lists of columns, once a day
    counts = {}
    for accession in ("PRJEB99900001", "PRJEB99910000"):
        study = refresh_study(accession=accession, actor="test", only={"study"})
        with CaptureQueriesContext(connection) as queries:
            report = adopt_runs(study=study, actor="test")
        counts[report.rows_seen] = len(queries)
    assert set(counts) == {4, 1000}
    assert len(set(counts.values())) == 1
    assert max(counts.values()) <= 40
    assert Run.objects.count() == 1004
