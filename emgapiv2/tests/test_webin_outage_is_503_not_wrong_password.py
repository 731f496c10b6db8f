import pytest

from emgapiv2.tests.signing_in import RIGHT, post, sign_in

pytestmark = pytest.mark.django_db
OUTAGES = [
    {"action": "status", "status": 503},
    {"action": "status", "status": 200, "body": "<html>"},
    {"action": "reset"},
    {"action": "hang", "hang_seconds": 30},
]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage["action"])
@pytest.mark.parametrize("password", [RIGHT["password"], "wrong"], ids=["right", "wrong"])
def test_webin_outage_is_503_not_wrong_password(standin, fail, configure, outage, password):
    configure(ena={"read_seconds": 0.3})
    fail("/auth/token", **outage)
    answer = sign_in(password=password)
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream")
    assert int(answer["Retry-After"]) > 0
    assert isinstance(answer.json()["detail"], str)


def test_contacts_that_do_not_come_are_503(standin, fail, configure):
    configure(webin={"account_endpoint_enabled": True})
    fail("/submission-account", action="status", status=200, body="[]")
    assert post("/account", RIGHT).status_code == 503
