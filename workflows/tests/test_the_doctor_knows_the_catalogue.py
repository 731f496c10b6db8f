import pytest
from django.db import connection

from analyses.models import AnnotationSet, Assembly, Run, Sample
from analyses.tests.factories import (
    make_analysis,
    make_annotations,
    make_assembly,
    make_download,
    make_run,
    make_sample,
    make_study,
)
from workflows.cluster.doctor import invariants

pytestmark = pytest.mark.django_db


def found():
    with connection.cursor() as cursor:
        for code, _, query in invariants():
            if code.startswith("C"):
                cursor.execute(query)
                yield from (code for _ in cursor.fetchall())


@pytest.fixture
def analysis():
    """All sound: a published analysis with a file and annotations, a private study, an assembly, a lonely sample."""
    run = make_run(make_study())
    make_assembly(run, make_run(make_study(level=1)))
    make_sample()
    analysis = make_analysis(run, "published")
    make_download(analysis)
    make_annotations(analysis)
    assert list(found()) == []
    connection.check_constraints()
    with connection.cursor() as cursor:  # what the database itself would refuse
        cursor.execute("ALTER TABLE analyses_assembly DISABLE TRIGGER USER")
    return analysis


@pytest.mark.parametrize(
    ("breach", "code"),
    [
        (lambda _: Sample.objects.filter(study_links=None).update(studies_visibility=0), "C1"),
        (lambda _: Assembly.objects.update(runs_visibility=0), "C1"),
        (lambda _: Assembly.objects.update(state="planned", origin="ena"), "C2"),
        (lambda one: Run.objects.filter(pk=one.run_id).update(ena_accessions=[one.run, "ERR1"]), "C3"),
        (lambda one: one.downloads.all().delete(), "C4"),
        (lambda one: one.downloads.update(sha256=None), "C4"),
        (lambda _: AnnotationSet.objects.update(record_count=7), "C5"),
    ],
)
def test_each_breach_is_found(analysis, breach, code):
    breach(analysis)
    assert list(found()) == [code]
