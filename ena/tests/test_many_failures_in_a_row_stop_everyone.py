import pytest
from django.db.models.functions import Now

from ena import errors, questions
from ena.models import Throttle

pytestmark = pytest.mark.django_db


def ask():
    return questions.record_status("PRJEB99900001")


def test_many_failures_in_a_row_stop_everyone_for_a_minute(standin, configure):
    configure(ena={"max_attempts": 1})
    assert ask() == "public"
    standin.set_faults([{"match": {"path_contains": "/xml/"}, "times": 10, "action": "status", "status": 503}])
    for _ in range(10):
        with pytest.raises(errors.EnaUnavailable, match="status 503"):
            ask()
    with pytest.raises(errors.EnaUnavailable, match="10 requests in a row failed: none is sent for"):
        ask()
    assert len(standin.requests()) == 11
    Throttle.objects.update(open_until=Now())
    assert ask() == "public"
    assert Throttle.objects.get(key="portal").failures == 0
