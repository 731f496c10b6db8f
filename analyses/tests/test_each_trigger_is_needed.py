"""Drop a trigger, do what it forbids or forget what it does, and see the invariant break."""

import pytest
from django.db import connection

from analyses.models import Analysis, AnalysisEvent, Sample, Study
from analyses.tests.factories import make_analysis, make_run, make_study

pytestmark = pytest.mark.django_db


def drop(trigger, table):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"DROP TRIGGER {trigger} ON {table}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def an_analysis():
    return make_analysis(make_run(make_study()))


def test_without_the_fold_a_sample_outlives_its_study():
    an_analysis()
    drop("fold_update", "analyses_samplestudy")
    Study.objects.update(own_visibility=1)
    assert Sample.objects.get().visibility == 0


def test_without_the_known_moves_a_state_jumps():
    an_analysis()
    drop("known_move", "analyses_analysis")
    assert Analysis.objects.update(state="published") == 1
    AnalysisEvent.objects.create(analysis=Analysis.objects.get(), to_state="published", actor="test")
    connection.check_constraints()


def test_without_the_last_event_a_state_tells_nothing():
    an_analysis()
    drop("state_is_last_event", "analyses_analysis")
    Analysis.objects.update(state="running")
    connection.check_constraints()


def test_without_append_only_history_is_rewritten():
    an_analysis()
    drop("append_only", "analyses_analysisevent")
    assert AnalysisEvent.objects.update(actor="somebody else") == 1
