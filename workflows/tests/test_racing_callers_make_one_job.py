import uuid

from django.db import transaction

from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import Caller, record_intent
from workflows.cluster.states import record_event
from workflows.cluster.submission import submit_job
from workflows.models import ClusterJob, ClusterJobAttempt, FlowCall, FlowRun
from workflows.tests.cluster import is_final, race, run_passes_until

ROUNDS = 6


def test_one_job_and_one_run(cluster):
    request = cluster.request("true")

    def call(_number):
        intent = record_intent(request=request, policy=POLICIES["NeverResubmitPolicy"], actor="test")
        submit_job(intent.job)

    race(call)
    job = ClusterJob.objects.get()
    run_passes_until(is_final(job))
    assert cluster.runs() == {job.attempts.get().token: 1}


def test_whatever_their_policies(cluster):
    policies = list(POLICIES.values())
    for number in range(ROUNDS):
        request = cluster.request("true", logical_key=f"test:{number}")
        race(lambda who, request=request: record_intent(request=request, policy=policies[who % 6], actor="test"))
        assert ClusterJob.objects.filter(logical_key=f"test:{number}").count() == 1
    assert ClusterJobAttempt.objects.count() == ROUNDS


def test_a_call_of_a_flow_is_answered_once(cluster):
    run = FlowRun(deployment="d", source="test", run_key=uuid.uuid4().hex)
    with transaction.atomic():
        run.save()
        record_event(row=run, actor="test", kind="made", to_state=run.state)
    caller = Caller(run.pk, "align")

    def call(number):
        # Even if its inputs changed between two executions of the body.
        request = cluster.request("true", inputs={"/a": f"digest {number % 2}"})
        record_intent(request=request, policy=POLICIES["ResubmitAlwaysPolicy"], actor="test", caller=caller)

    race(call)
    call(0)
    assert FlowCall.objects.count() == ClusterJob.objects.count() == 1
