"""P1 to P4, P10: submitters, service and Postgres die at random, sbatch lies; each job runs once."""

import pytest

from workflows.tests.chaos.arena import assert_nothing_was_lost_or_doubled

pytestmark = pytest.mark.chaos
ROUNDS_IN_FULL = 100
JOBS, SUBMITTERS, BLOWS = 10, 3, 12


def test_each_job_runs_once(arena, dice):
    scripts = [dice.choice(["true", f"sleep {dice.uniform(0, 2):.1f}", "exit 3"]) for _ in range(JOBS)]
    requests = [arena.cluster.request(script, logical_key=f"job {n}") for n, script in enumerate(scripts)]
    arena.populate(requests, dice=dice, submitters=SUBMITTERS)
    arena.wreak(dice, blows=BLOWS)
    arena.settle()
    assert_nothing_was_lost_or_doubled(arena.cluster, requests)
