import pytest

from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
BIOMES = f"{PREFIX}/biomes/"
OURS, THEIRS = "https://www.example.org", "https://elsewhere.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture(autouse=True)
def one_origin_is_ours(settings):
    api = settings.EMG_CONFIG.api.model_copy(update={"cors_origins": [OURS]})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"api": api})


def test_any_page_may_read_without_credentials(client):
    for headers in ({}, {"Origin": THEIRS}):
        answer = client.get(BIOMES, headers=headers)
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer
        assert {"ETag", "Link", "X-Request-Id"} <= set(answer["Access-Control-Expose-Headers"].split(", "))


def test_a_configured_page_may_send_credentials_and_write(client):
    assert client.get(BIOMES, headers={"Origin": OURS})["Access-Control-Allow-Credentials"] == "true"
    ours = client.options(BIOMES, headers={"Origin": OURS} | PREFLIGHT)
    theirs = client.options(BIOMES, headers={"Origin": THEIRS} | PREFLIGHT)
    assert (ours.status_code, ours["Access-Control-Allow-Origin"]) == (204, OURS)
    assert {"POST", "DELETE"} <= set(ours["Access-Control-Allow-Methods"].split(", "))
    assert theirs["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    for header in ("authorization", "if-none-match", "idempotency-key", "range"):
        assert header in ours["Access-Control-Allow-Headers"]


def test_a_refusal_can_be_read_too(client):
    assert client.get(f"{PREFIX}/studies/none", headers={"Origin": THEIRS})["Access-Control-Allow-Origin"] == "*"
