import pytest

from analyses.tests.factories import make_study
from workflows.services.flow_runs import ask_for_run

pytestmark = pytest.mark.django_db


def test_two_names_of_a_study_are_one_live_run_of_that_study():
    study = make_study()
    runs = [
        ask_for_run(
            deployment="realistic_example_deployment",
            parameters={"accession": name},
            source="test",
            run_key=name,
            actor="user:test",
        )[0]
        for name in (study.accession, study.first_accession)
    ]
    assert runs[0] == runs[1]
    assert runs[0].study == study
