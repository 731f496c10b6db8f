import pytest

from analyses.tests.factories import make_analysis, make_annotations, make_download, make_run, make_study
from emgapiv2.api.schemas import AnnotationType, MGnifyAnalysis
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
ANALYSES = f"{PREFIX}/analyses/"


def test_view_light_has_no_downloads(client):
    study = make_study()
    for _ in range(20):
        analysis = make_analysis(make_run(study), state="published", metadata={"much": "x" * 9000})
        make_download(analysis)
    light = client.get(ANALYSES, {"view": "light"})
    assert set(light.json()["items"][0]) == set(MGnifyAnalysis.model_fields)
    assert len(light.content) * 5 < 150_000, "a page of a hundred"
    for view in ("full", ""):
        assert client.get(ANALYSES, {"view": view}).content == client.get(ANALYSES).content
    assert client.get(ANALYSES, {"view": "other"}).status_code == 422


@pytest.mark.parametrize("kind", AnnotationType.__args__)
def test_motus_interpro_and_functional_annotations_are_served(client, kind):
    analysis = make_analysis(make_run(make_study()), state="published")
    url = f"{ANALYSES}{analysis.accession}/annotations/{kind}"
    assert client.get(url).json()["items"] == []
    make_annotations(analysis, source=kind.replace("__", "."), records=[{"identifier": "PF1", "value": 0.5}])
    assert client.get(url).json()["items"][0]["value"] == 0.5
    assert client.get(f"{url}x").status_code == 422
