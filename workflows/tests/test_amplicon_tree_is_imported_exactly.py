import pytest

from analyses.services.import_results import import_results
from analyses.tests.factories import make_analysis, make_run, make_study
from workflows.batches.surveying import result_of
from workflows.pipelines import registry
from workflows.pipelines.tree import read_tree, survey_tree
from workflows.tests.example_trees import REGION, RUN, example_tree


@pytest.fixture
def survey(tmp_path):
    root = example_tree(tmp_path)
    tree = read_tree(root, subject=RUN, word="all_results", inside=[tmp_path])
    return survey_tree(tree, registry.get("mini_amplicon"))


def test_the_completed_example_has_no_fault(survey):
    assert survey.faults == ()


def test_counts_sums_and_taxonomies(survey):
    result = result_of(survey, registry.get("mini_amplicon"), pipeline={})
    counts = {
        source: (len(list(records)), sum(r["count"] for r in records)) for source, records in result.annotations.items()
    }
    assert counts == {
        "taxonomies.ssu": (8, 11),
        "taxonomies.pr2": (8, 11),
        "taxonomies.unite": (8, 11),
        "taxonomies.dada2_silva": (2, 42),
        "taxonomies.dada2_pr2": (2, 42),
    }
    first = result.annotations["taxonomies.ssu"][0]
    assert first == {"organism": "sk__Bacteria;k__;p__Bacillota;c__Bacilli", "count": 1, "taxid": 91061}
    assert "taxid" not in result.annotations["taxonomies.pr2"][0]
    assert result.annotations["taxonomies.dada2_silva"][0]["organism"] == "sk__Bacteria;k__;p__Bacillota"
    assert result.quality_control["before_filtering"]["total_reads"] == 66124
    assert result.quality_control["after_filtering"]["total_reads"] == 31521


def test_marker_genes_and_regions(survey):
    summary = result_of(survey, registry.get("mini_amplicon"), pipeline={}).metadata["marker_gene_summary"]
    assert summary["closed_reference"]["marker_genes"] == {
        "SSU": {
            "Archaea": {"read_count": 1, "majority_marker": False},
            "Bacteria": {"read_count": 3, "majority_marker": True},
        }
    }
    (region,) = summary["asv"]["amplified_regions"]
    assert (region["marker_gene"], region["amplified_region"], region["asv_count"]) == ("16S", "V3-V4", 7)


def test_downloads_are_relative_unique_and_as_long_as_their_files(survey):
    downloads = result_of(survey, registry.get("mini_amplicon"), pipeline={}).downloads
    aliases = [download.alias for download in downloads]
    assert len(aliases) == len(set(aliases)) == 16
    assert {"SILVA-SSU", f"{RUN}_SILVA-SSU.html", f"{RUN}_{REGION}_DADA2-SILVA.html"} <= set(aliases)
    for download in downloads:
        assert (survey.tree.root / download.path).stat().st_size == download.size_bytes > 0


@pytest.mark.django_db
def test_imported_twice_is_imported_once(survey):
    analysis = make_analysis(make_run(make_study()), state="completed")
    for _ in range(2):
        result = result_of(survey, registry.get("mini_amplicon"), pipeline={"slug": "mini_amplicon"})
        import_results(analysis_id=analysis.pk, result=result, actor="test")
    assert analysis.annotation_sets.count() == 5
    assert analysis.downloads.count() == 16
    assert analysis.events.filter(to_state="imported").count() == 1
