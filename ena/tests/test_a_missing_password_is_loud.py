import logging

import pytest
from pydantic import SecretStr

from ena.apps import check_hub_password
from ena.credentials import hub_credentials
from ena.errors import MissingCredentials, StudyNotAvailable
from ena.services import mirror_study

CANARY = "canary-of-a-password"


def test_a_missing_password_is_loud(db, standin, configure, settings):
    configure(webin={"dcc_password": None})
    settings.DEBUG = False
    assert [fault.id for fault in check_hub_password()] == ["ena.E001"]
    with pytest.raises(MissingCredentials, match="EMG_WEBIN__DCC_PASSWORD"):
        hub_credentials()
    with pytest.raises(StudyNotAvailable, match="EMG_WEBIN__DCC_PASSWORD") as refused:
        mirror_study(accession="PRJEB99900004", actor="test")
    assert refused.value.verdict == "unknown"


def test_no_secret_in_any_log_or_error(db, standin, configure, caplog):
    configure(webin={"dcc_password": SecretStr(CANARY)})
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StudyNotAvailable, match="status 401") as refused:
        mirror_study(accession="PRJEB99900004", actor="test")
    assert CANARY not in caplog.text + str(refused.value) + repr(hub_credentials())
    asked = len(standin.requests())
    with pytest.raises(StudyNotAvailable, match="15 minutes"):  # the same credentials are not tried again so soon
        mirror_study(accession="PRJEB99900004", actor="test")
    assert not any(request.get("account") for request in standin.requests()[asked:])
