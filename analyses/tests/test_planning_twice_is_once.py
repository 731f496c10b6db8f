import pytest

from analyses.models import Analysis, AnalysisEvent, Run, Study
from analyses.services.infer_experiment_types import preview_selection
from analyses.services.plan_analyses import StudyNotAnalysable, plan_analyses
from analyses.states import move_analysis
from analyses.tests.factories import make_run, make_study

pytestmark = pytest.mark.django_db
POLICIES = {"strategy_policy": "assume_other_also_matches", "source_policy": "only_if_metagenomic_in_ena"}


def plan(study, **changes):
    values = {"pipeline_version": "V6", "experiment_types": {"AMPLI"}, "expected": "AMPLI", "actor": "test", **POLICIES}
    return plan_analyses(study=study, **(values | changes))


def unknown(study, **library):
    return make_run(study, experiment_type="UNKNO", **library)


def test_wanted_runs_get_one_analysis():
    study = make_study()
    amplicon, other = unknown(study), unknown(study, library_strategy="OTHER")
    shotgun = unknown(study, library_strategy="WGS")
    hidden = unknown(study, own_visibility=2)
    first = plan(study)
    again = plan(study)
    analyses = Analysis.objects.order_by("pk")
    assert [analysis.run for analysis in analyses] == [amplicon, other]
    assert {analysis.experiment_type for analysis in analyses} == {"AMPLI"}
    assert first.created == again.existing == [analysis.pk for analysis in analyses]
    assert again.created == first.existing == []
    assert first.excluded == [
        (shotgun.first_accession, "experiment type METAG is not AMPLI"),
        (hidden.first_accession, "suppressed"),
    ]
    assert AnalysisEvent.objects.filter(to_state="planned").count() == 2


def test_types_are_stored_with_their_evidence_and_idle_plans_write_nothing():
    study = make_study()
    run = unknown(study, library_strategy="OTHER", inferred_metadata={"mine": 1})
    plan(study)
    run.refresh_from_db()
    evidence = run.inferred_metadata["experiment_type_evidence"]
    assert (run.experiment_type, run.inferred_metadata["mine"]) == ("AMPLI", 1)
    assert (evidence["strategy"], evidence["policies"]["strategy_policy"]) == ("OTHER", POLICIES["strategy_policy"])
    plan(study)
    assert Run.objects.get().updated_at == run.updated_at
    plan(study, strategy_policy="only_if_correct_in_ena")
    assert Run.objects.get().experiment_type == "AMPLI"  # a known type is never lowered


def test_refused_files_block_with_their_reason():
    study = make_study()
    unknown(study, fastq_files=[], inferred_metadata={"fastq_refusal": "mate_missing"})
    unknown(study, fastq_files=[])
    planned = plan(study)
    assert planned.blocked == planned.created
    assert set(Analysis.objects.values_list("state", flat=True)) == {"blocked"}
    reasons = AnalysisEvent.objects.filter(to_state="blocked").order_by("analysis_id")
    assert list(reasons.values_list("reason_code", flat=True)) == ["mate_missing", "no_fastq"]
    move_analysis(analysis_id=planned.created[0], to="planned", actor="user:anna")
    assert plan(study).blocked == [planned.created[0]]


def test_a_private_study_without_an_owner_is_refused_by_name():
    study, owned = make_study(level=1), make_study(level=1, owner="Webin-1")
    with pytest.raises(StudyNotAnalysable, match=study.accession):
        plan(study)
    assert plan(owned).created == []
    Study.objects.filter(pk=owned.pk).update(own_visibility=2)
    with pytest.raises(StudyNotAnalysable, match="suppressed"):
        plan(owned)


def test_a_preview_counts_and_writes_nothing():
    study = make_study()
    unknown(study)
    unknown(study)
    unknown(study, library_strategy="OTHER")
    rows = preview_selection(study=study, expected="AMPLI", **POLICIES)
    assert rows == [("AMPLICON", "METAGENOMIC", "AMPLI", 2), ("OTHER", "METAGENOMIC", "AMPLI", 1)]
    assert set(Run.objects.values_list("experiment_type", flat=True)) == {"UNKNO"}


def test_thirty_runs_cost_as_many_queries_as_one(django_assert_max_num_queries):
    study = make_study()
    for _ in range(30):
        unknown(study)
    with django_assert_max_num_queries(12):
        assert len(plan(study).created) == 30
