import pytest
from django.db import IntegrityError, transaction
from pydantic import ValidationError

from analyses.models import AnalysisEvent, Download, Study
from analyses.schemas import NewDownload
from analyses.services.publish_analysis import LevelChanged, publish_analysis
from analyses.states import PreconditionFailed
from analyses.tests.factories import make_analysis, make_annotations, make_download, make_run, make_study

pytestmark = pytest.mark.django_db
COPY = {"taxonomy/ssu.tsv": (10, "a" * 64, "b" * 32)}


def imported(**study):
    analysis = make_analysis(make_run(make_study(**study)), "imported")
    make_annotations(analysis)
    make_download(analysis, verified=False, size_bytes=10)
    return analysis


def publish(analysis, **changes):
    values = {
        "area": "public",
        "external_results_dir": "MGYS00000/MGYS00000001/ERR9995/ERR999500001/V6/amplicon",
        "verified": COPY,
        "required_sources": ["taxonomies.ssu"],
        "actor": "test",
    }
    return publish_analysis(analysis_id=analysis.pk, **(values | changes))


def test_a_file_that_goes_takes_its_predecessors_with_it():
    analysis = imported()
    old = analysis.downloads.get()
    with transaction.atomic():
        new = make_download(analysis, alias="new.tsv")
        Download.objects.filter(pk=old.pk).update(superseded_by=new)
    new.delete()
    assert not Download.objects.exists()


def test_publishing_fills_them_once():
    analysis = imported()
    for _ in range(2):
        published = publish(analysis)
    download = published.downloads.get()
    assert (published.state, published.results_area) == ("published", "public")
    assert (download.size_bytes, download.sha256, download.md5) == COPY["taxonomy/ssu.tsv"]
    assert download.verified_at is not None
    assert AnalysisEvent.objects.filter(to_state="published").count() == 1


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"verified": {}}, "download ssu.tsv: no verified copy of taxonomy/ssu.tsv"),
        (
            {"verified": {"taxonomy/ssu.tsv": (11, "a", "b")}},
            "download ssu.tsv: 10 bytes at its import, 11 in the copy",
        ),
        ({"required_sources": ["pfams"]}, "no annotations from pfams"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_changed(changes, missing):
    analysis = imported()
    with pytest.raises(PreconditionFailed) as refused:
        publish(analysis, **changes)
    assert refused.value.failures == [missing]
    analysis.refresh_from_db()
    assert (analysis.state, analysis.results_area, analysis.downloads.get().sha256) == ("imported", "none", None)


def test_a_study_without_a_biome_is_not_published():
    analysis = imported()
    Study.objects.update(biome=None)
    with pytest.raises(PreconditionFailed, match="has no biome"):
        publish(analysis)


def test_files_copied_before_a_flip_are_not_published():
    analysis = imported()
    Study.objects.update(own_visibility=1)
    with pytest.raises(LevelChanged):
        publish(analysis)
    assert publish(analysis, area="private").results_area == "private"


def test_alias_is_unique():
    analysis = imported()
    with pytest.raises(IntegrityError):
        make_download(analysis)


@pytest.mark.parametrize("path", ["/etc/passwd", "../other", "a/../b", "a//b", "a\nb"])
def test_paths_stay_inside(path):
    described = {"alias": "x", "file_type": "tsv", "download_type": "Other", "download_group": "all"}
    with pytest.raises(ValidationError, match="path"):
        NewDownload(path=path, **described)
    imported()
    with pytest.raises(IntegrityError):
        Download.objects.update(path=path)


def test_an_unknown_group_is_refused_by_name():
    described = {"path": "x", "alias": "x", "file_type": "tsv", "download_type": "Other"}
    with pytest.raises(ValidationError, match="'taxonomy_of_mine'"):
        NewDownload(download_group="taxonomy_of_mine", **described)
