import itertools

import pytest
from django.db import connection, transaction

from analyses.models import Analysis, AnalysisEvent, AnnotationSet, Download
from analyses.schemas import NewDownload
from analyses.services.import_results import ImportedResult, ResultRefused, import_results
from analyses.states import IllegalMove, PreconditionFailed, move_analysis
from analyses.tests.factories import make_analysis, make_download, make_run, make_study

pytestmark = pytest.mark.django_db


def a_file(alias, path=None):
    return NewDownload(
        path=path or f"taxonomy/{alias}",
        alias=alias,
        file_type="tsv",
        download_type="Taxonomic analysis",
        download_group="taxonomies.closed_reference.ssu",
        size_bytes=10,
    )


def a_result(count=3, **changes):
    values = {
        "annotations": {
            "taxonomies.ssu": iter(
                [{"count": count, "organism": "sk__Bacteria"}, {"count": 1, "organism": "sk__Archaea"}]
            ),
            "taxonomies.lsu": [],
        },
        "quality_control": {"reads": 10},
        "metadata": {"pipeline": {"slug": "mini"}},
        "downloads": [a_file("ssu.tsv"), a_file("lsu.tsv")],
        "results_dir": "/work/mini",
    }
    return ImportedResult(**(values | changes))


def everything():
    """All that an import writes, but for the times."""
    return (
        list(Analysis.objects.values("state", "quality_control", "metadata", "results_dir")),
        list(AnnotationSet.objects.order_by("source").values("pk", "source", "records", "checksum", "count_total")),
        list(Download.objects.order_by("position").values("pk", "alias", "path", "sha256")),
        AnalysisEvent.objects.count(),
    )


def test_all_arrives_and_twice_is_once():
    analysis = make_analysis(make_run(make_study()), "completed", metadata={"note": "a curator's", "old": 1})
    import_results(analysis_id=analysis.pk, result=a_result(metadata={"pipeline": 1, "old": None}), actor="test")
    once = everything()
    import_results(analysis_id=analysis.pk, result=a_result(metadata={"pipeline": 1, "old": None}), actor="test")
    assert everything() == once
    columns, sets, downloads, events = once
    assert columns[0]["metadata"] == {"note": "a curator's", "pipeline": 1}
    assert [(row["source"], row["count_total"]) for row in sets] == [("taxonomies.lsu", 0), ("taxonomies.ssu", 4)]
    assert [row["alias"] for row in downloads] == ["ssu.tsv", "lsu.tsv"]
    assert (columns[0]["state"], events) == ("imported", 2)


def test_a_second_result_replaces_the_first():
    analysis = make_analysis(make_run(make_study()), "completed")
    import_results(analysis_id=analysis.pk, result=a_result(), actor="test")
    kept = Download.objects.get(alias="ssu.tsv").pk
    newer = a_result(annotations={"taxonomies.ssu": [{"count": 9}]}, downloads=[a_file("ssu.tsv"), a_file("new.tsv")])
    import_results(analysis_id=analysis.pk, result=newer, actor="test")
    assert AnnotationSet.objects.get().records == [{"count": 9}]
    assert set(Download.objects.values_list("alias", flat=True)) == {"ssu.tsv", "new.tsv"}
    assert Download.objects.get(alias="ssu.tsv").pk == kept


def test_broken_off_at_any_statement_it_leaves_nothing():
    analysis = make_analysis(make_run(make_study()), "completed")
    before = everything()
    for allowed in itertools.count():
        seen = itertools.count()

        def break_off(execute, *call, seen=seen, allowed=allowed):
            if next(seen) == allowed:
                raise KeyboardInterrupt
            return execute(*call)

        try:
            with transaction.atomic(), connection.execute_wrapper(break_off):
                import_results(analysis_id=analysis.pk, result=a_result(), actor="test")
        except KeyboardInterrupt:
            assert everything() == before
        else:
            break
    assert allowed > 8
    assert AnnotationSet.objects.count() == Download.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"annotations": {"pfams": [{"count": "3"}]}}, r"annotations.pfams\[0.count\].*'3'"),
        ({"annotations": {"pfams": [{"value": float("nan")}]}}, r"annotations.pfams\[0.value\].*finite"),
        ({"annotations": {"pfams": [{"counts": 3}]}}, r"annotations.pfams\[0.counts\]"),
        ({"downloads": [a_file("a", "one"), a_file("a", "two")]}, "alias 'a' is claimed by one, two"),
    ],
)
def test_a_wrong_result_is_refused_with_its_faults(changes, fault):
    analysis = make_analysis(make_run(make_study()), "completed")
    before = everything()
    with pytest.raises(ResultRefused, match=fault):
        import_results(analysis_id=analysis.pk, result=a_result(**changes), actor="test")
    assert everything() == before


def test_only_states_that_take_results_take_them():
    analysis = make_analysis(make_run(make_study()), "running")
    before = everything()
    with pytest.raises(IllegalMove):
        import_results(analysis_id=analysis.pk, result=a_result(), actor="test")
    assert everything() == before


def test_a_published_one_is_renewed_in_one_piece():
    analysis = make_analysis(make_run(make_study()), "imported")
    kept = make_download(analysis, short_description="", long_description="", position=1)
    Analysis.objects.update(results_area="public", external_results_dir="x")
    move_analysis(analysis_id=analysis.pk, to="published", actor="test", evidence={"required_sources": []})
    renewed = a_result(downloads=[a_file("ssu.tsv")])
    import_results(analysis_id=analysis.pk, result=renewed, actor="test")
    assert Analysis.objects.get(pk=analysis.pk).state == "published"
    assert AnalysisEvent.objects.filter(from_state="published", to_state="published").count() == 1
    assert AnnotationSet.objects.count() == 2
    retold = renewed.downloads[0].model_copy(update={"short_description": "Of the small subunit"})
    import_results(analysis_id=analysis.pk, result=a_result(downloads=[retold]), actor="test")
    assert Download.objects.values_list("pk", "short_description").get() == (kept.pk, "Of the small subunit")
    with pytest.raises(PreconditionFailed, match="download lsu"):
        import_results(analysis_id=analysis.pk, result=a_result(), actor="test")
