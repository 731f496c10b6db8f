import pytest
from django.db import connection
from django.db.models.functions import Now

from analyses.services.refresh_study import refresh_study
from analyses.services.sync_studies import sync_studies
from ena.models import Study
from ena.standin.dataset import DATA

pytestmark = pytest.mark.django_db
# Levels, strikes, records, links: all but what tells of the looks themselves.
TABLES = {
    "ena_study": "id, accession, title, metadata, visibility, absent_since, webin_owner",
    "ena_sample": "*",
    "ena_accession": "*",
    "ena_visibilityevent": "*",
    "analyses_study": "*",
    "analyses_sample": "*",
    "analyses_samplestudy": "*",
    "analyses_samplerelation": "*",
    "analyses_run": "*",
    "analyses_assembly": "*",
    "analyses_assemblyrun": "*",
    "analyses_accession": "*",
    "analyses_withdrawal": "*",
}
# No faults, but what ENA does: so is a column that is empty of fewer than five rows.
TRUE_CHANGES = {"study_goes_private", "embargo_ends", "column_blank"}
SCRIPTS = sorted(path.stem for path in (DATA / "faults").glob("*.json"))
# What the ready scripts let pass after a while, for ever.
LASTING = [
    {"action": "empty", "status": 200},
    {"action": "empty", "status": 204},
    {"action": "reset"},
    {"action": "status", "status": 403},
    {"action": "status", "status": 404},
    {"action": "status", "status": 429},
    {"action": "status", "status": 503},
    {"action": "status", "status": 200, "content_type": "text/html", "body": "<html>Down for maintenance</html>"},
    {"action": "status", "status": 200, "content_type": "application/json", "body": "[]"},
    {"action": "truncate", "keep_lines": 1, "content_length": "matching"},
    {"action": "truncate", "keep_bytes": 40, "content_length": "full"},
]


def dump():
    with connection.cursor() as cursor:
        for table, columns in TABLES.items():
            cursor.execute(
                f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT {columns} FROM {table}) t"
            )
            yield table, cursor.fetchone()[0]


@pytest.fixture
def mirrored(standin, configure):
    """A public study with assemblies and the study of their reads, and a private one; all are due."""
    for accession in ("PRJEB99900003", "PRJEB99900002", "PRJEB99900004"):
        refresh_study(accession=accession, actor="test")
    Study.objects.update(next_look_at=Now())
    configure(ena={"max_attempts": 1, "read_seconds": 0.3, "call_seconds": 0.5})
    return dict(dump())


@pytest.mark.parametrize("script", [script for script in SCRIPTS if script not in TRUE_CHANGES])
def test_no_fault_script_changes_what_is_stored(standin, mirrored, script):
    standin.use_fault_script(script)
    sync_studies(actor="test")
    assert dict(dump()) == mirrored


@pytest.mark.parametrize("action", LASTING)
@pytest.mark.parametrize("path", ["/search", "/ena/"])
def test_no_lasting_outage_changes_what_is_stored(standin, mirrored, action, path):
    """Of the searches alone, while ``/count`` and the browser go on, or of all."""
    standin.set_faults([{"match": {"path_contains": path}, "times": None, **action}])
    report = sync_studies(actor="test")
    assert dict(dump()) == mirrored
    assert len(report.failed) == 3
    assert report.through is None
