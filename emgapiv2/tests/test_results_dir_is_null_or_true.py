import pytest

from analyses.models import Analysis
from analyses.tests.factories import make_analysis, make_download, make_run, make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("area", ["none", "private", "public"])
@pytest.mark.parametrize("place", ["MGYS00/a b", None])
def test_results_dir_is_null_or_true(client, settings, area, place):
    """A directory of the private area is never signed."""
    analysis = make_analysis(make_run(make_study()), state="published")
    make_download(analysis)
    Analysis.objects.filter(pk=analysis.pk).update(results_area=area, external_results_dir=place)
    root = settings.EMG_CONFIG.service_urls.transfer_services_url_root.rstrip("/")
    there = f"{root}/MGYS00/a%20b" if area == "public" and place else None
    for path in (f"{PREFIX}/analyses/{analysis.accession}", f"{PREFIX}/analyses/"):
        body = client.get(path).json()
        shown = body["items"][0] if "items" in body else body
        assert shown["results_dir"] == there, path
        assert shown["downloads"][0]["url"] == (there and f"{there}/taxonomy/ssu.tsv"), path
