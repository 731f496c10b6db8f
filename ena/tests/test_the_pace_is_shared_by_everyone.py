import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from ena import portal
from ena.models import Throttle

pytestmark = pytest.mark.django_db(transaction=True)


def ask(_):
    try:
        return portal.record_status("PRJEB99900001")
    finally:
        connections.close_all()


def test_ten_requests_a_second_over_all_connections(standin):
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(12))) == {"public"}
    assert time.monotonic() - started > 1.05
    assert len(standin.requests()) == 12


def test_retry_after_pauses_everyone(standin):
    rule = {"match": {"path_contains": "/xml/"}, "times": 1, "action": "status", "status": 503}
    standin.set_faults([rule | {"headers": {"Retry-After": "1"}}])
    Throttle.objects.all().delete()
    started = time.monotonic()
    assert ask(None) == "public"
    assert 1 <= time.monotonic() - started < 4
    assert Throttle.objects.get().key == "portal"
