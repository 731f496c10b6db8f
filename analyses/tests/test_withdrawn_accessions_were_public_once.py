import pytest
from django.db import connection

from analyses.models import Analysis, AnalysisEvent, Assembly, Run, Withdrawal
from analyses.tests.factories import make_analysis, make_assembly, make_run, make_sample, make_study
from analyses.tests.test_concurrent_changes_leave_the_true_level import hide
from ena.models import Study as EnaStudy

pytestmark = pytest.mark.django_db


def told():
    return sorted(Withdrawal.objects.values_list("kind", "accession", "cause"))


def test_withdrawn_accessions_were_public_once():
    second = make_study()
    assembly = make_assembly(make_run(make_study()), make_run(second), assembly_study=make_study())
    analysis = make_analysis(assembly, "published")
    make_assembly(make_run(make_study(level=1)))
    hide(second)
    run = assembly.run_links.get(position=2).run
    assert told() == sorted(
        [
            ("study", second.accession, "made_private"),
            ("sample", run.sample.first_accession, "made_private"),
            ("run", run.first_accession, "made_private"),
            ("assembly", assembly.first_accession, "made_private"),
            ("analysis", analysis.accession, "made_private"),
        ]
    )


def test_each_once_however_often_its_row_is_written():
    """In one statement the reads' study is hidden and the other shown: between the two the assembly looked public."""
    reads, kept_in = make_study(), make_study(level=1)
    assembly = make_assembly(make_run(reads), assembly_study=kept_in)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ena_study SET visibility = 1 - visibility")
    assert Assembly.objects.get().visibility == 1
    assert ("assembly", assembly.first_accession, "made_private") not in told()
    EnaStudy.objects.update(visibility=0)
    EnaStudy.objects.update(visibility=1)
    assert told().count(("assembly", assembly.first_accession, "made_private")) == 1


def test_what_is_reset_or_deleted_is_told_too():
    run = make_run(make_study())
    make_analysis(run, "planned", "V5")
    analysis = make_analysis(run, "published")
    Analysis.objects.filter(pk=analysis.pk).update(state="published")
    assert told() == []
    Analysis.objects.filter(pk=analysis.pk).update(state="planned")
    AnalysisEvent.objects.create(analysis=analysis, from_state="published", to_state="planned", actor="test")
    assert told() == [("analysis", analysis.accession, "reset")]
    other = make_run(make_study())
    Run.objects.filter(pk=other.pk).delete()
    make_sample(make_study(level=1)).delete()
    assert told()[1:] == [("run", other.first_accession, "suppressed")]
