"""A flow's author learns at once what is wrong, and in which form it works."""

from datetime import timedelta

import pytest
from django.db import transaction
from prefect import task

from workflows.prefect_utils.job_results import wait_for_cluster_jobs
from workflows.prefect_utils.polling import NoService, poll
from workflows.prefect_utils.sleep import CannotSleepHere
from workflows.prefect_utils.slurm_flow import start_cluster_job

from workflows.models import ClusterJob

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"command": "echo hello"}, r"command=\['echo', 'hello'\]"),
        ({"environment": "ALL"}, "dict"),
        ({"memory": "lots"}, '"10G"'),
        ({"working_dir": "relative"}, "absolute path under"),
        ({"working_dir": "/etc"}, "absolute path under"),
    ],
)
def test_a_wrong_call_starts_nothing(db, settings, wrong, says):
    good = {"name": "x", "command": ["true"], "expected_time": HOUR, "memory": 64}
    good["working_dir"] = settings.EMG_CONFIG.slurm.default_workdir
    with pytest.raises((TypeError, ValueError), match=says):
        start_cluster_job(**good | wrong)
    assert ClusterJob.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_no_sleep_inside_a_transaction():
    with transaction.atomic(), pytest.raises(CannotSleepHere, match="commit first"):
        wait_for_cluster_jobs([])


@pytest.mark.prefect
def test_no_sleep_inside_a_task(prefect_server, transactional_db):
    with pytest.raises(CannotSleepHere, match="flow's body"):
        task(wait_for_cluster_jobs)([])


@pytest.mark.django_db(transaction=True)
def test_without_the_service_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr("workflows.prefect_utils.polling.NO_SERVICE_SECONDS", 1)
    with pytest.raises(NoService, match=r"manage.py reconcile"):
        poll(lambda: False, needs_duty="scheduler")
