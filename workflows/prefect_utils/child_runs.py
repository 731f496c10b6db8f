"""Runs of other deployments, asked for and waited for by a flow's body (``spec/cluster-jobs.md`` §5.1, §5.2)."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Literal
from uuid import uuid4

from django.db import transaction

from workflows.prefect_utils.django_flow import actor, this_run
from workflows.prefect_utils.sleep import sleep_until_final

from workflows.models import FlowCall, FlowRun
from workflows.services.flow_runs import ask_for_run


class FlowRunFailed(RuntimeError):
    """A run that was waited for ended otherwise than completed. ``flow_run`` is its row."""

    def __init__(self, flow_run: FlowRun) -> None:
        self.flow_run = flow_run
        why = flow_run.error or "no reason given"
        super().__init__(f"{flow_run.deployment} {flow_run.pk} is {flow_run.state}: {why}")


def start_run(deployment: str, *, key: str | None = None, because: str = "", **parameters: Any) -> FlowRun:
    """Ask for a run of another deployment; returns at once. Asked once a call and life of this run.

    :raises UnknownDeployment, ParametersRefused: nothing was asked
    """
    execution = this_run()
    ask = partial(
        ask_for_run, deployment=deployment, parameters=parameters, source="flow", actor=actor(), because=because
    )
    if execution is None:
        run, _ = ask(run_key=str(uuid4()))
        return run
    parent = execution.flow_run
    call_key = key or execution.counted(f"{deployment}:{sorted(parameters.items())}"[:250])
    execution.check()
    with transaction.atomic():
        if called := FlowRun.objects.filter(callers__flow_run=parent, callers__call_key=call_key).first():
            return called
        run, created = ask(run_key=f"{parent.pk}:{call_key}"[:300], study=parent.study)
        decision = FlowCall.Decided.SUBMITTED if created else FlowCall.Decided.ADOPTED
        FlowCall.objects.create(flow_run=parent, call_key=call_key, child=run, decision=decision)
    return run


def wait_for_runs(runs: Iterable[FlowRun], *, on_failure: Literal["raise", "return"] = "raise") -> list[FlowRun]:
    """One sleep until all are final.

    :raises FlowRunFailed: one of them did not complete, unless ``on_failure`` is ``return``
    """
    wanted = [run.pk for run in runs]
    sleep_until_final(runs=wanted)
    found = FlowRun.objects.in_bulk(wanted)
    ended = [found[run_id] for run_id in wanted]
    for run in ended:
        if on_failure == "raise" and run.state != FlowRun.State.COMPLETED:
            raise FlowRunFailed(run)
    return ended
