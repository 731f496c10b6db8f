"""A password or token is in no log, no refusal and no row, whatever happens to a sign-in."""

import logging

import pytest
from django.apps import apps

from emgapiv2.tests.operations import PREFIX
from emgapiv2.tests.signing_in import RIGHT, post, sign_in

pytestmark = pytest.mark.django_db
CANARY = "canary-of-a-password"
FAULTS = {
    "refused": {"action": "status", "status": 403, "body": "no"},
    "away": {"action": "reset"},
    "odd": {"action": "status", "status": 200, "body": "<html>"},
}


def rows():
    return "".join(
        str(list(model.objects.values()))
        for app in ("ena", "analyses")
        for model in apps.get_app_config(app).get_models()
    )


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_password_is_in_any_log_answer_or_row(standin, fail, caplog, fault):
    caplog.set_level(logging.DEBUG)
    fail("/auth/token", **fault)
    answer = sign_in(password=CANARY)
    assert answer.status_code in {401, 503}
    assert CANARY not in caplog.text + answer.content.decode() + str(answer.headers) + rows()


def test_no_token_is_in_any_log_or_row(standin, client, caplog):
    caplog.set_level(logging.DEBUG)
    token = sign_in().json()["token"]
    authorization = {"Authorization": f"Bearer {token}"}
    client.get(f"{PREFIX}/my-data/studies/", headers=authorization)
    client.get(f"{PREFIX}/studies/MGYS99999999", headers=authorization)
    post("/sliding/refresh", {"token": token})
    post("/sliding/revoke", {"token": token})
    refused = client.get(f"{PREFIX}/my-data/studies/", headers=authorization)
    assert refused.status_code == 401
    told = caplog.text + refused.content.decode() + rows()
    for secret in (token, token.split(".")[2], RIGHT["password"], *standin.server.webin._tokens):
        assert secret not in told
