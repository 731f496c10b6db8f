import logging

import pytest
from pydantic import SecretStr

from ena.errors import EnaUnavailable
from ena.tests.conftest import PASSWORD
from ena.webin import authenticate_webin_account, get_webin_contacts

pytestmark = pytest.mark.django_db
CANARY = "canary-of-a-password"


def held_by(error):
    """All that a reporter of errors can show of one: its causes, and each frame's variables."""
    while error:
        yield repr(error)
        frame = error.__traceback__
        while frame:
            if "/tests/" not in frame.tb_frame.f_code.co_filename:
                yield repr(frame.tb_frame.f_locals)
            frame = frame.tb_next
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "action", [{"action": "status", "status": 500}, {"action": "reset"}, {"action": "hang", "hang_seconds": 9}]
)
@pytest.mark.parametrize("url", ["stand-in", "http://127.0.0.1:9"])
def test_no_secret_in_any_log_or_error(fail, configure, caplog, action, url):
    configure(ena={"read_seconds": 0.3} | ({} if url == "stand-in" else {"standin_url": url}))
    caplog.set_level(logging.DEBUG)
    fail("/auth/token", **action)
    with pytest.raises(EnaUnavailable) as failed:
        authenticate_webin_account("Webin-99900001", SecretStr(CANARY))
    assert CANARY not in caplog.text + "".join(held_by(failed.value))


def test_no_token_of_ena_is_in_any_log_or_error(fail, standin, caplog):
    caplog.set_level(logging.DEBUG)
    fail("/submission-account", action="status", status=500)
    with pytest.raises(EnaUnavailable) as failed:
        get_webin_contacts("Webin-99900001", SecretStr(PASSWORD))
    token = list(standin.server.webin._tokens)[-1]
    told = caplog.text + "".join(held_by(failed.value))
    assert token not in told
    assert PASSWORD not in told


def test_the_stand_in_keeps_no_password(standin):
    authenticate_webin_account("Webin-99900001", SecretStr(CANARY))
    assert CANARY not in repr(standin.requests())
