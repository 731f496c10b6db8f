import pytest

from analyses.models import Analysis, AnalysisEvent, AnalysisState, AnnotationSet, Download
from analyses.selectors import analyses
from analyses.tests.factories import make_analysis, make_annotations, make_download, make_run, make_study
from analyses.visibility import Actor, visible_to

pytestmark = pytest.mark.django_db
UNREADY = [state for state in AnalysisState.values if state != "published"]


@pytest.mark.parametrize("actor", [Actor.anonymous(), Actor.owner("Webin-1")], ids=str)
@pytest.mark.parametrize("state", UNREADY)
def test_nothing_of_an_unready_one_is_seen(state, actor):
    analysis = make_analysis(make_run(make_study(owner="Webin-1")), state)
    make_annotations(analysis)
    make_download(analysis)
    seen = [noun for noun in (Analysis, AnalysisEvent, AnnotationSet, Download) if visible_to(noun, actor).exists()]
    assert seen == []
    assert analyses.detail(accession=analysis.accession, seen_by=actor) is None
    assert not analyses.list_of(run=analysis.run, seen_by=actor).exists()


def test_the_published_one_is_served_with_all_it_has():
    analysis = make_analysis(make_run(make_study()), "published")
    for source in ("taxonomies.ssu", "functional_annotation.pfam.read_count", "pfams"):
        make_annotations(analysis, source, [{"count": 2, "organism": source}])
    make_download(analysis)
    served = analyses.detail(accession=analysis.accession, seen_by=Actor.anonymous())
    assert [download.alias for download in served.downloads.all()] == ["ssu.tsv"]
    assert analyses.annotations_of(analysis=served) == {
        "taxonomies": {"ssu": [{"count": 2, "organism": "taxonomies.ssu"}]},
        "functional_annotation": {
            "pfam.read_count": [{"count": 2, "organism": "functional_annotation.pfam.read_count"}]
        },
        "pfams": [{"count": 2, "organism": "pfams"}],
        "interpros": [],
    }


def test_a_page_of_annotations_keeps_their_order():
    analysis = make_analysis(make_run(make_study()), "published")
    make_annotations(analysis, records=[{"count": n} for n in range(5)])
    page = analyses.annotation_page(analysis=analysis, source="taxonomies.ssu", limit=2, offset=2)
    assert page == (5, [{"count": 2}, {"count": 3}])
    assert analyses.annotation_page(analysis=analysis, source="taxonomies.lsu", limit=2) == (0, [])


def test_its_sample_may_be_hidden_where_it_is_not():
    """An analysis keeps no level of its sample, which may have moved on since."""
    analysis = make_analysis(make_run(make_study()), "published")
    assert analyses.detail(accession=analysis.accession, seen_by=Actor.anonymous()).sample_is_seen
    other = make_run(make_study(level=1)).sample
    Analysis.objects.filter(pk=analysis.pk).update(sample=other)
    assert not analyses.detail(accession=analysis.accession, seen_by=Actor.anonymous()).sample_is_seen
