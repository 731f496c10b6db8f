import pytest
from pydantic import SecretStr

from ena.errors import EnaUnavailable
from ena.tests.conftest import PASSWORD
from ena.webin import Refused, Signed, authenticate_webin_account, get_webin_contacts

pytestmark = pytest.mark.django_db
OWNER, RIGHT, WRONG = "Webin-99900001", SecretStr(PASSWORD), SecretStr("wrong")
OUTAGES = {
    "a server error": {"action": "status", "status": 500},
    "busy": {"action": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "a page of a proxy": {"action": "status", "status": 200, "body": "<html>maintenance</html>"},
    "nothing": {"action": "status", "status": 200, "body": ""},
    "a move": {"action": "status", "status": 302, "headers": {"Location": "/elsewhere"}},
    "an unknown path": {"action": "status", "status": 404},
    "a reset": {"action": "reset"},
    "silence": {"action": "hang", "hang_seconds": 30},
}


def test_the_right_password_is_a_yes_and_a_wrong_one_a_no(standin):
    assert authenticate_webin_account(OWNER, RIGHT) == Signed(OWNER)
    assert authenticate_webin_account(OWNER, WRONG) == Refused()
    assert authenticate_webin_account("Webin-99900009", RIGHT) == Refused()


def test_a_cut_token_is_not_a_login(standin, fail):
    fail("/auth/token", action="truncate", keep_bytes=40)
    with pytest.raises(EnaUnavailable):
        authenticate_webin_account(OWNER, RIGHT)


@pytest.mark.parametrize("status", [401, 403])
def test_both_refusals_are_a_no_at_once(standin, fail, status):
    fail("/auth/token", action="status", status=status)
    assert authenticate_webin_account(OWNER, RIGHT) == Refused()
    assert len(standin.requests()) == 1


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES)
@pytest.mark.parametrize("password", [RIGHT, WRONG], ids=["right", "wrong"])
def test_an_outage_is_not_a_login_and_not_a_refusal(standin, fail, configure, outage, password):
    configure(ena={"read_seconds": 0.3})
    fail("/auth/token", **outage)
    with pytest.raises(EnaUnavailable):
        authenticate_webin_account(OWNER, password)


def test_a_lost_connection_is_tried_once_more(standin):
    standin.set_faults([{"match": {"path": "/auth/token"}, "times": 1, "action": "reset"}])
    assert authenticate_webin_account(OWNER, RIGHT) == Signed(OWNER)


def test_contacts_come_main_one_first_and_unknown_keys_do_not_matter(standin, fail):
    main, assistant = get_webin_contacts(OWNER, RIGHT)
    assert (main.email_address, main.main_contact, main.consortium) == ("owner@example.org", True, "Standing In")
    assert (assistant.main_contact, assistant.surname) == (False, None)
    assert get_webin_contacts(OWNER, WRONG) == Refused()
    fail("/submission-account", action="status", status=200, body='{"submissionContacts": [{}]}')
    with pytest.raises(EnaUnavailable):
        get_webin_contacts(OWNER, RIGHT)
