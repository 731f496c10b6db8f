"""Jobs that go through while whatever takes part in it dies, and what must hold afterwards."""

import logging
import os
import signal
import time
from functools import partial
from random import Random

from django.conf import settings
from django.db import connection

from workflows.cluster.cancellation import request_cancel
from workflows.cluster.classify import OURS_TO_REPEAT
from workflows.cluster.doctor import examine
from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import record_intent
from workflows.cluster.submission import submit_job
from workflows.duties import DutySpec, Service
from workflows.models import ClusterJob, ClusterJobAttempt
from workflows.tests.chaos.mortal import Mortal
from workflows.tests.cluster import SUBMIT_FAILPOINTS, fake_command
from workflows.tests.test_unclear_submit_replies import LIES

logger = logging.getLogger(__name__)

ONCE = POLICIES["NeverResubmitPolicy"]
PASS_FAILPOINTS = (*SUBMIT_FAILPOINTS, "pass_step_5", "pass_step_6", "pass_step_7", "pass_step_8", "pass_step_9")
HONEST = 'exec $REAL "$@"'
SUBMIT_TIMEOUT, LEASE = 2, 12  # the shortest lease that a start allows for this time-out
PASS_SECONDS = 0.3


class Arena:
    """A cluster, a Postgres to be crashed, and processes to be killed: one service and some submitters."""

    def __init__(self, cluster, postgres, monkeypatch):
        self.cluster, self.postgres, self.monkeypatch = cluster, postgres, monkeypatch
        times = {"submit_timeout": SUBMIT_TIMEOUT, "lease": LEASE}
        config = settings.EMG_CONFIG
        changed = {"times": config.cluster.times.model_copy(update=times), "local_max_jobs": 100}
        settings.EMG_CONFIG = config.model_copy(update={"cluster": config.cluster.model_copy(update=changed)})
        self.sbatch(HONEST)
        self.mortals, self.crashes = [], 0

    def sbatch(self, script):
        fake_command(self.cluster.root / "fakes", "sbatch", script, self.monkeypatch)

    def populate(self, requests, *, dice, submitters):
        """All submitters want all the jobs, each in an order of its own."""
        orders = [dice.sample(requests, len(requests)) for _ in range(submitters)]
        works = [(serve, PASS_FAILPOINTS), *((partial(submit_all, order), SUBMIT_FAILPOINTS) for order in orders)]
        for number, (work, failpoints) in enumerate(works):
            own = Random(dice.random())
            log = self.cluster.root / f"mortal-{number}.log"
            self.mortals.append(Mortal(work, dice=own, log=log, failpoints=failpoints))

    def tend(self):
        for mortal in self.mortals:
            mortal.tend()

    def wreak(self, dice, *, blows):
        """Blow after blow, at random intervals. The plan is drawn first: it does not depend on what comes of it."""
        kinds = [self.kill_service, self.kill_submitter, self.crash_postgres, self.let_sbatch_lie, self.cancel_a_job]
        often = [4, 6, 2, 3 if self.cluster.backend_name == "slurm" else 0, 1]
        plan = [(dice.uniform(0.05, 1), blow, dice.random()) for blow in dice.choices(kinds, often, k=blows)]
        self.tend()
        for seconds, blow, chance in plan:
            time.sleep(seconds)
            logger.warning("%s %.2f", blow.__name__, chance)
            blow(chance)
            self.tend()

    def kill_service(self, _chance):
        self.mortals[0].kill()

    def kill_submitter(self, chance):
        others = self.mortals[1:]
        others[int(chance * len(others))].kill()

    def crash_postgres(self, chance):
        """As ``pg_ctl stop -m immediate``: no connection is told, what was not committed is gone."""
        postmaster = self.postgres.directory / "postmaster.pid"
        os.kill(int(postmaster.read_text().split()[0]), signal.SIGQUIT)
        time.sleep(chance)
        self.postgres.start()
        connection.close()
        self.crashes += 1

    def let_sbatch_lie(self, chance):
        lies = [*LIES.values(), HONEST, HONEST]
        self.sbatch(lies[int(chance * len(lies))])

    def cancel_a_job(self, chance):
        self.mortals.append(Mortal(partial(cancel_one, chance), dice=Random(chance), log=self.mortals[0].log))

    def settle(self, *, seconds=150):
        """No more blows: all get their work done, and every job ends."""
        self.sbatch(HONEST)
        for mortal in self.mortals:
            mortal.failpoints = ()
        began = time.monotonic()
        while not self.is_quiet():
            assert time.monotonic() < began + seconds, f"open: {[str(a) for a in ClusterJobAttempt.objects.all()]}"
            time.sleep(0.3)
            self.tend()
        self.mortals[0].bury()
        deaths = sum(mortal.deaths for mortal in self.mortals)
        logger.warning("%s deaths; all is done %.0f s after the last blow", deaths, time.monotonic() - began)
        assert deaths or self.crashes

    def is_quiet(self):
        if not all(mortal.is_done for mortal in self.mortals[1:]):
            return False
        return not ClusterJob.objects.filter(state="OPEN").exists() and self.cluster.in_scheduler() == []

    def close(self):
        for mortal in self.mortals:
            mortal.bury()
        self.cluster.close()


def serve():
    """The service with the duty ``scheduler``, turning fast."""
    service = Service([DutySpec("scheduler", "workflows.cluster.reconciler:run_pass", PASS_SECONDS)])
    for thread in service.start():
        thread.join()


def submit_all(requests):
    for request in requests:
        submit_job(record_intent(request=request, policy=ONCE, actor="test").job)


def cancel_one(chance):
    jobs = list(ClusterJob.objects.order_by("logical_key"))
    if jobs:
        request_cancel(job_id=jobs[int(chance * len(jobs))].pk, actor="test", reason="chaos")


def assert_nothing_was_lost_or_doubled(cluster, requests):
    """The invariants of ``spec/cluster-jobs.md`` §10, P1, P3, P10, and the doctor's."""
    assert sorted(job.logical_key for job in ClusterJob.objects.all()) == sorted(r.logical_key for r in requests)
    runs, attempts = cluster.runs(), list(ClusterJobAttempt.objects.select_related("job").order_by("job", "number"))
    assert set(runs) <= {attempt.token for attempt in attempts}
    for attempt in attempts:
        may_not_have_run = attempt.outcome_class in {*OURS_TO_REPEAT, "CANCELLED"}
        assert runs[attempt.token] in ({0, 1} if may_not_have_run else {1}), attempt
        assert attempt.outcome_class in OURS_TO_REPEAT or attempt.job.attempts.latest("number") == attempt
        cancelled = {"CANCELLED"} if attempt.job.cancel_requested_at else set()
        assert attempt.outcome_class in {*OURS_TO_REPEAT, *cancelled, expected(attempt.job)}, attempt
    for row in [*attempts, *ClusterJob.objects.all()]:
        moves = [(event.from_state, event.to_state) for event in row.events.order_by("id") if event.to_state]
        assert moves[-1][1] == row.state
        assert [before for before, _ in moves[1:]] == [to for _, to in moves[:-1]]
    assert examine() == []


def expected(job):
    return "EXIT" if "exit" in job.spec["argv"][-1] else None
