import pytest
from django.db import DatabaseError, connection

from analyses.models import Assembly, AssemblyEvent, AssemblyRun, Run, Sample, SampleStudy
from analyses.services.refresh_study import RefreshStopped, refresh_study
from ena.models import SyncRun

pytestmark = pytest.mark.django_db(transaction=True)


def refresh():
    return refresh_study(accession="PRJEB99900001", actor="test")


@pytest.fixture
def broken_at():
    """The database itself refuses one write, so that a load dies at that step."""
    tables = []

    def break_at(table):
        tables.append(table)
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'killed here'; END $$;"
                f"CREATE TRIGGER die BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION die()"
            )

    def mend():
        while tables:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TRIGGER die ON {tables.pop()}")

    yield break_at, mend
    mend()


STEPS = ["ena_study", "ena_accession", "analyses_study", "ena_sample", "analyses_sample", "analyses_samplestudy"]
STEPS += ["analyses_run", "analyses_accession"]


@pytest.mark.parametrize("table", STEPS)
def test_killed_anywhere_and_run_again(standin, broken_at, table):
    break_at, mend = broken_at
    break_at(table)
    with pytest.raises(DatabaseError, match="killed here"):
        refresh()
    assert not Run.objects.exists()
    assert Sample.objects.count() == SampleStudy.objects.values("sample").distinct().count()
    mend()
    study = refresh()
    assert (study.runs.count(), study.samples.count()) == (4, 3)
    assert SyncRun.objects.filter(kind="runs").count() == 1


@pytest.mark.parametrize(
    "table", ["analyses_assembly", "analyses_accession", "analyses_assemblyevent", "analyses_assemblyrun"]
)
def test_assemblies_killed_anywhere_and_run_again(standin, broken_at, table):
    break_at, mend = broken_at
    refresh_study(accession="PRJEB99900003", actor="test", only=["samples"])
    break_at(table)
    with pytest.raises(DatabaseError, match="killed here"):
        refresh_study(accession="PRJEB99900003", actor="test", only=["assemblies"])
    assert not Assembly.objects.exists()
    mend()
    study = refresh_study(accession="PRJEB99900003", actor="test", only=["assemblies"])
    counts = (study.assemblies.count(), AssemblyEvent.objects.count(), AssemblyRun.objects.count())
    assert counts == (6, 6, 6)
    assert SyncRun.objects.filter(kind="assemblies").count() == 1


@pytest.mark.parametrize("result", ["sample", "read_run"])
def test_a_cut_answer_writes_nothing_and_says_how_far_it_came(fail, standin, configure, result):
    configure(ena={"max_attempts": 1})
    fail("/search", result=result, action="truncate", keep_lines=2, content_length="matching")
    with pytest.raises(RefreshStopped, match=r"up to date, (samples|runs) unchanged; try again"):
        refresh()
    assert not Run.objects.exists()
    assert Sample.objects.count() == (3 if result == "read_run" else 0)
    standin.reset()
    assert refresh().runs.count() == 4
