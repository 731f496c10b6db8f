import os
import sys
import time
from subprocess import PIPE, Popen

import pytest
from django.db import connection

from ena import questions
from ena.models import Throttle

pytestmark = pytest.mark.django_db(transaction=True)
ASK_EIGHT_TIMES = """
import sys, django
django.setup()
from ena import questions
print("ready", flush=True)
sys.stdin.readline()
for _ in range(8):
    questions.record_status("PRJEB99900001")
"""


@pytest.fixture
def asking(standin):
    """Two processes of their own that begin at a word, at the pace that a new installation has."""
    ours = {"DJANGO_SETTINGS_MODULE": "emgapiv2.settings", "EMG_DATABASE__NAME": connection.settings_dict["NAME"]}
    environment = os.environ | ours | {"EMG_ENA__STANDIN_URL": standin.url}
    command = [sys.executable, "-c", ASK_EIGHT_TIMES]
    processes = [Popen(command, stdin=PIPE, stdout=PIPE, env=environment, text=True) for _ in range(2)]
    assert [one.stdout.readline() for one in processes] == ["ready\n"] * 2
    yield processes
    for one in processes:
        one.kill()
        one.communicate()


def begin(processes):
    for one in processes:
        one.stdin.write("go\n")
        one.stdin.flush()


def test_ten_requests_a_second_over_two_processes(standin, asking):
    begin(asking)
    assert [one.wait(30) for one in asking] == [0, 0]
    times = [seen["time"] for seen in standin.requests()]
    assert len(times) == 16
    assert times[-1] - times[0] > 1.4


def test_retry_after_pauses_everyone(standin, asking):
    rule = {"match": {"path_contains": "/xml/"}, "times": 1, "action": "status", "status": 503}
    standin.set_faults([rule | {"headers": {"Retry-After": "2"}}])
    begin(asking[:1])
    while not standin.requests():
        time.sleep(0.01)
    time.sleep(0.2)  # until it has read its answer
    assert questions.record_status("PRJEB99900001") == "public"
    first, *others = (seen["time"] for seen in standin.requests())
    assert min(others) - first > 1.9
    assert Throttle.objects.get().key == "portal"
