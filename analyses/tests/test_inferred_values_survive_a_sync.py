import pytest
from django.db import connection

from analyses.experiment_type import SourcePolicy, StrategyPolicy
from analyses.models import Analysis, Run
from analyses.services.plan_analyses import plan_analyses
from analyses.services.refresh_study import refresh_study

pytestmark = pytest.mark.django_db
POLICIES = {"strategy_policy": StrategyPolicy.OTHER_TOO, "source_policy": SourcePolicy.BY_NAME, "expected": "AMPLI"}


def refresh(accession="PRJEB99900001"):
    study = refresh_study(accession=accession, actor="test")
    connection.check_constraints()
    return study


def the_run():
    return Run.objects.get(first_accession="ERR999000002")


@pytest.fixture
def record(standin):
    """ENA's record of a run whose type a curator's policies have given."""
    record = standin.server.dataset.find("ERR999000002")[1]
    record["library_strategy"] = "OTHER"
    study = refresh()
    plan_analyses(study=study, pipeline_version="V6", experiment_types=["AMPLI"], actor="anna", **POLICIES)
    Run.objects.update(inferred_metadata=the_run().inferred_metadata | {"note": "a curator's"})
    return record


def test_a_run_described_anew_is_judged_by_the_same_policies(record):
    record["library_strategy"] = "WGS"
    refresh()
    assert the_run().experiment_type == "METAG"
    record["library_strategy"] = "OTHER"
    refresh()
    assert the_run().experiment_type == "AMPLI"
    assert the_run().inferred_metadata["note"] == "a curator's"


def test_a_known_type_is_never_lowered(record):
    record["library_strategy"] = "Bisulfite-Seq"
    refresh()
    assert (the_run().library_strategy, the_run().experiment_type) == ("Bisulfite-Seq", "AMPLI")


def test_an_analysis_goes_where_its_run_goes(record, standin):
    other = refresh("PRJEB99900002")
    sample = other.samples.order_by("pk").first()
    there = standin.server.dataset.find(other.runs.filter(sample=sample).first().first_accession)[1]
    record |= {name: there[name] for name in there if name.endswith(("study_accession", "sample_accession"))}
    refresh("PRJEB99900002")
    assert (the_run().study, the_run().sample) == (other, sample)
    analysis = Analysis.objects.get(run=the_run())
    assert (analysis.study, analysis.sample) == (other, sample)
