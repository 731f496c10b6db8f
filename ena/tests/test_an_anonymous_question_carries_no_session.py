import pytest

from ena import portal, questions
from ena.credentials import hub_credentials
from ena.errors import ServerFailed


def test_an_anonymous_question_carries_no_session(db, fail, configure):
    """A server may open a session for a hub account: with its cookie every question would be the hub's."""
    configure(ena={"max_attempts": 1})
    fail("/count", action="status", status=503, headers={"Set-Cookie": "JSESSIONID=of-the-hub; Path=/"})
    with pytest.raises(ServerFailed):
        questions.count(result="study", query="", portal="metagenome", credentials=hub_credentials())
    assert not list(portal._session().cookies)
