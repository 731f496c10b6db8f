import pytest

from analyses.tests.factories import (
    make_analysis,
    make_assembly,
    make_publication,
    make_run,
    make_study,
    make_super_study,
)
from emgapiv2.tests.operations import PREFIX, gets

pytestmark = pytest.mark.django_db


@pytest.fixture
def urls(db):
    """Every GET that anybody may call, of things that are there."""
    run = make_run(make_study())
    analysis = make_analysis(run, state="published")
    accessions = {
        f"{PREFIX}/accessions": run.first_accession,
        f"{PREFIX}/studies/insdc": run.study.first_accession,
        f"{PREFIX}/studies": run.study.accession,
        f"{PREFIX}/samples": run.sample.first_accession,
        f"{PREFIX}/runs": run.first_accession,
        f"{PREFIX}/analyses": analysis.accession,
        f"{PREFIX}/assemblies": make_assembly(run).first_accession,
    }
    others = {
        "{annotation_type}": "pfams",
        "{pubmed_id}": str(make_publication(annotations={"sample_processing": [], "other": []}).pk),
        "{slug}": make_super_study().pk,
    }
    paths = [path for path in gets().values() if not path.endswith(("run_id}", "request_id}"))]
    for name, value in others.items():
        paths = [path.replace(name, value) for path in paths]
    known = [(start, path) for path in paths for start in accessions if path.startswith(f"{start}/")]
    filled = {path: path.replace("{accession}", accessions[start]) for start, path in reversed(known)}
    return [filled.get(path, path) for path in paths] + [PREFIX, f"{PREFIX}/docs", f"{PREFIX}/openapi.json"]


def shown(answer):
    moving = {"X-Request-Id", "Content-Length", "X-Updated-Through"}  # the last is the time now, less the horizon
    headers = {name: value for name, value in answer.items() if name not in moving}
    body = answer.content
    return answer.status_code, headers, body.replace(answer.get("X-Request-Id", "?").encode(), b"")


def test_both_forms_answer_alike_without_a_redirect(client, urls):
    for url in urls:
        with_slash, without = client.get(f"{url.rstrip('/')}/"), client.get(url.rstrip("/"))
        assert with_slash.status_code in {200, 401}, url
        assert shown(with_slash) == shown(without), url


def test_links_are_canonical_in_both_forms(client, urls, settings):
    site = settings.EMG_CONFIG.service_urls.site_url.rstrip("/")
    previous = client.get(f"{PREFIX}/studies?page_size=1&page=2").json()["previous"]
    assert previous.startswith(f"{site}{PREFIX}/studies/?")


def test_posts_are_answered_in_both_forms(bearer):
    for url in (f"{PREFIX}/flow-runs", f"{PREFIX}/flow-runs/"):
        answer = bearer("launch").post(
            url, {"deployment": "none"}, "application/json", headers={"Idempotency-Key": "1"}
        )
        assert answer.status_code == 404
        assert "is no deployment" in answer.json()["detail"]


def test_head_answers_like_get_without_a_body(client, urls):
    for url in urls:
        for form in (f"{url.rstrip('/')}/", url.rstrip("/")):
            get, head = client.get(form), client.head(form)
            assert head.content == b"", form
            assert shown(head)[:2] == shown(get)[:2], form
            assert int(head["Content-Length"]) == len(get.content), form


def test_request_ids_are_echoed_or_made(client, db):
    assert client.get(f"{PREFIX}/biomes/", headers={"X-Request-Id": "a.b_C-1"})["X-Request-Id"] == "a.b_C-1"
    made = {
        client.get(f"{PREFIX}/biomes/", headers={"X-Request-Id": bad})["X-Request-Id"] for bad in ["a b", "x" * 65, ""]
    }
    assert len(made) == 3
    assert all(len(one) == 32 for one in made)
