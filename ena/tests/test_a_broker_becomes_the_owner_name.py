import logging

import pytest
from pydantic import SecretStr

from ena.tests.conftest import PASSWORD
from ena.webin import Refused, Signed, authenticate_webin_account

pytestmark = pytest.mark.django_db
ODD = [
    "",
    "Webin-",
    "webin-1",
    "Webin-1 ",
    "Webin-99900001\n",
    "\nWebin-1",
    "mg-mg-Webin-1",
    "mg-",
    "Webin-१",
    "mgWebin-1",
]


def test_a_broker_becomes_the_owner_name(standin, caplog):
    caplog.set_level(logging.INFO)
    signed = authenticate_webin_account("mg-Webin-99900001", SecretStr(PASSWORD))
    assert signed == Signed("Webin-99900001", as_broker=True)
    assert "Webin-99900001 signed in as broker" in caplog.text
    assert standin.requests()[-1]["account"] == "mg-Webin-99900001"


@pytest.mark.parametrize("name", [*ODD, "Webin-" + "1" * 20, "Webin-1\0", "Webin-1%00", "Webin-1\ud800"])
def test_trailing_newline_account_is_refused(standin, name):
    assert authenticate_webin_account(name, SecretStr(PASSWORD)) == Refused()
    assert standin.requests() == [], "ENA is not asked about what can be no account"


def test_a_made_up_account_is_not_sent_to_ena(db, configure):
    configure(ena={"standin_url": None}, webin={"token_endpoint": "http://127.0.0.1:9/ena/submit/webin/auth/token"})
    assert authenticate_webin_account("mg-Webin-99900001", SecretStr(PASSWORD)) == Refused()
