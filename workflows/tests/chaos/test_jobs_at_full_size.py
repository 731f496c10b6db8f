"""P3, P4 at their full size: hundreds of races for a job, hundreds of jobs while Postgres is crashed."""

import logging
import time

import pytest

from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import record_intent
from workflows.cluster.submission import submit_job
from workflows.models import ClusterJob, Duty
from workflows.tests.chaos.arena import ONCE, assert_nothing_was_lost_or_doubled
from workflows.tests.cluster import is_final, race, run_passes_until
from workflows.tests.jobs_by_hand import wait_until

logger = logging.getLogger(__name__)
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]
RACES, JOBS, SUBMITTERS = 200, 200, 2
NO_BLOW_AFTER_SECONDS = 900


def test_each_race_makes_one_job(arena, dice):
    """Half of them under one policy, half under all."""
    policies = list(POLICIES.values())
    requests = [arena.cluster.request("true", logical_key=f"race {number}") for number in range(RACES)]
    for request in requests:
        mixed = dice.random() < 0.5

        def call(who, request=request, mixed=mixed):
            policy = policies[who % len(policies)] if mixed else ONCE
            submit_job(record_intent(request=request, policy=policy, actor="test").job)

        race(call)
    run_passes_until(is_final(*ClusterJob.objects.all()), seconds=600)
    assert_nothing_was_lost_or_doubled(arena.cluster, requests)


def test_each_job_outlives_its_database(arena, dice):
    scripts = [f"sleep {dice.uniform(0, 60):.1f}" for _ in range(JOBS)]
    requests = [arena.cluster.request(script, logical_key=f"job {n}") for n, script in enumerate(scripts)]
    arena.populate(requests, dice=dice, submitters=SUBMITTERS)
    for mortal in arena.mortals:
        mortal.failpoints = ()
    arena.tend()
    began, recoveries = time.monotonic(), []
    while not arena.is_quiet() and time.monotonic() - began < NO_BLOW_AFTER_SECONDS:
        again = time.monotonic() + (dice.uniform(5, 40) if recoveries else dice.uniform(0.5, 3))
        while time.monotonic() < again:
            time.sleep(0.3)
            arena.tend()
        arena.crash_postgres(dice.random())
        recoveries.append(seconds_until_a_good_pass(arena))
    logger.warning("%s crashes; a good pass after %s s", len(recoveries), [f"{s:.1f}" for s in recoveries])
    arena.settle(seconds=600)
    assert_nothing_was_lost_or_doubled(arena.cluster, requests)


def seconds_until_a_good_pass(arena):
    """From now, when the database is there again."""
    before, began = good_pass(), time.monotonic()

    def another():
        arena.tend()
        return good_pass() not in (None, before)

    wait_until(another, seconds=120)
    return time.monotonic() - began


def good_pass():
    return Duty.objects.filter(name="scheduler", failures=0).values_list("finished_at", flat=True).first()
