import re

import pytest

from emgapiv2.tests.operations import PREFIX, gets

DOCS = f"{PREFIX}/docs"


def test_the_prefix_is_docs_for_people_and_an_index_for_programs(client, settings):
    for accept in ("text/html,application/xhtml+xml,*/*;q=0.8", "*/*"):
        page = client.get(f"{PREFIX}/", headers={"Accept": accept})
        assert page["Content-Type"].startswith("text/html")
        assert page.content == client.get(DOCS).content
    index = client.get(PREFIX, headers={"Accept": "application/json"}).json()
    assert (index["name"], index["version"]) == ("MGnify API", "2.0.0")
    assert index["docs_url"] == settings.EMG_CONFIG.service_urls.site_url.rstrip("/") + DOCS
    assert client.get(index["openapi_url"]).json()["openapi"] == "3.1.0"
    assert index["operations"]["get_mgnify_study"] == f"GET {PREFIX}/studies/{{accession}}"
    assert set(gets()) < set(index["operations"])


def test_the_docs_load_only_files_that_this_service_serves(client):
    files = re.findall(r'(?:src|href)="([^"]+)"', client.get(DOCS).content.decode())
    assert len(files) >= 3
    for file in files:
        assert client.get(file).status_code == 200, file


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", [DOCS, f"{PREFIX}/"])
def test_the_docs_show_and_try_operations_without_the_internet(live_server, page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live_server.url}{address}")
    page.get_by_role("heading", name="MGnify API").wait_for()
    assert page.locator(".opblock").count() >= len(gets())
    operation = page.locator("#operations-Miscellaneous-list_mgnify_biomes")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    operation.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
    assert [url for url in asked if not url.startswith((live_server.url, "data:", "blob:"))] == []
