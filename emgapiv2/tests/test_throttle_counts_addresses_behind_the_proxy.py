import json

import pytest
from django.test import RequestFactory

from emgapiv2.api.addresses import address_of
from emgapiv2.config import Api, Rate, RateLimits
from emgapiv2.tests.operations import PREFIX
from emgapiv2.tests.test_errors_are_json import refusal

pytestmark = pytest.mark.django_db
PROXY = "10.0.0.1"


@pytest.fixture
def configure(settings):
    def with_api(**fields):
        settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"api": Api(**fields)})

    return with_api


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        (PROXY, "1.1.1.1", "1.1.1.1"),
        (PROXY, "6.6.6.6, 1.1.1.1", "1.1.1.1"),  # the left one was made up by the caller
        (PROXY, "1.1.1.1, 10.0.0.2", "1.1.1.1"),  # two of our proxies
        ("2.2.2.2", "1.1.1.1", "2.2.2.2"),  # nobody we know says so
        (PROXY, "nonsense", PROXY),
        (PROXY, "", PROXY),
        (PROXY, "2001:db8::1", "2001:db8::1"),
        (f"::ffff:{PROXY}", "1.1.1.1", "1.1.1.1"),  # as a socket for both versions tells it
    ],
)
def test_forwarded_headers_count_only_from_our_proxies(configure, peer, forwarded, address):
    configure(trusted_proxies=["10.0.0.0/8"])
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})
    assert str(address_of(request)) == address


def test_one_call_too_many_waits_and_others_do_not(configure, client):
    configure(rate_limits=RateLimits(search=Rate(calls=2)), trusted_proxies=[f"{PROXY}/32"])

    def search(caller, url=f"{PREFIX}/studies/?search=sea"):
        return client.get(url, REMOTE_ADDR=PROXY, headers={"X-Forwarded-For": caller})

    assert [search("1.1.1.1").status_code for _ in range(3)] == [200, 200, 429]
    answer = search("1.1.1.1")
    assert refusal(answer, 429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert search("2.2.2.2").status_code == 200
    assert search("1.1.1.1", f"{PREFIX}/studies/").status_code == 200, "reading has no limit unless configured"
    assert [search(f"2001:db8::{number}").status_code for number in range(3)] == [200, 200, 429], "of one network"
    by_title = [search("3.3.3.3", f"{PREFIX}/publications/?title=sea").status_code for _ in range(3)]
    assert by_title == [200, 200, 429]
    configure(rate_limits=RateLimits(read=Rate(calls=1)))
    assert [client.get(f"{PREFIX}/biomes/").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    "path", ["exports/studies", "studies/x/annotations/", "studies/x/files", "studies/x/analyses/table"]
)
def test_every_table_is_counted_as_one(configure, client, path):
    configure(rate_limits=RateLimits(export=Rate(calls=1)))
    first, second = (client.get(f"{PREFIX}/{path}") for _ in range(2))
    assert first.status_code in {200, 404}
    refusal(second, 429, "throttled")
    assert client.get(f"{PREFIX}/analyses/x/annotations").status_code == 404, "which is no table"


def test_a_body_that_is_too_large_is_not_read(client):
    url = f"{PREFIX}/flow-runs/"
    body = json.dumps({"note": "x" * 1024 * 1024})
    assert "1048576" in refusal(client.post(url, body, "application/json"), 413, "too_large")


def test_a_body_of_another_kind_is_told(bearer):
    answer = bearer("launch").post(f"{PREFIX}/flow-runs/", {"deployment": "x"}, headers={"Idempotency-Key": "1"})
    refusal(answer, 415, "unsupported_media_type")
