"""Waiting without a process: go to sleep until jobs or runs are final (``spec/cluster-jobs.md`` §5.2, §5.4)."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import httpx
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import Abort, Pause
from prefect.flow_runs import suspend_flow_run
from pydantic import BaseModel

from workflows.prefect_utils.django_flow import Execution, this_run
from workflows.prefect_utils.polling import poll

from workflows.cluster.failpoints import failpoint
from workflows.cluster.states import IllegalMove, LostRace, transition
from workflows.models import FlowCall, FlowRun
from workflows.selectors.flow_runs import all_final

logger = logging.getLogger(__name__)

JOBS_KEY, ASK_KEY = "jobs", "ask"
AWAKE_SECONDS = 60  # how long it polls where it could not be suspended, before it tries again


class CannotSleepHere(RuntimeError):
    """A task, a subflow or an open transaction: the suspension is an exception and would tear it down."""


def sleep_until_final(*, jobs: Iterable[UUID] = (), runs: Iterable[UUID] = ()) -> None:
    """1. All final: clear the wait, return.  2. Linger, a short job costs no wake.  3. Write what it waits for, commit.
    4. Look again.  5. Still the newest execution?  6. Suspend.  7. Refused, or Prefect is away: poll, and to 3.
    """
    jobs, runs, execution = list(jobs), list(runs), this_run()
    refuse_where_no_sleep_is_possible()

    def final() -> bool:
        return all_final(jobs=jobs, runs=runs)

    if execution is None:
        poll(final, needs_duty="scheduler" if jobs else "launcher")
        return
    done = final() or poll(final, seconds=settings.EMG_CONFIG.cluster.times.linger)
    while not done:
        number = arm(execution, jobs=jobs, runs=runs)
        failpoint("armed")
        if final():
            break
        execution.check()
        suspend(f"{JOBS_KEY}-{execution.flow_run.pk}-{number}")
        done = poll(final, seconds=AWAKE_SECONDS)
    clear(execution)


def refuse_where_no_sleep_is_possible() -> None:
    """:raises CannotSleepHere: with the place and what to do"""
    context = FlowRunContext.get()
    if TaskRunContext.get():
        raise CannotSleepHere("waiting inside a task: call it from the flow's body")
    if context and context.flow_run and context.flow_run.parent_task_run_id:
        raise CannotSleepHere("waiting inside a subflow: start the other flow with start_run, or call a function")
    if connection.in_atomic_block:
        raise CannotSleepHere("waiting inside transaction.atomic(): commit first")


def arm(execution: Execution, *, jobs: Iterable[UUID] = (), runs: Iterable[UUID] = ()) -> int:
    """Write that the run waits for these and nothing else. :return: the number of this suspension, never used again"""
    run = execution.flow_run
    with transaction.atomic():
        mark(execution, FlowRun.State.SUSPENDED, waiting=True, suspensions=F("suspensions") + 1)
        # Whatever is waited for has its call, or the waker would not see it.
        calls = [FlowCall(flow_run=run, call_key=f"wait:{pk}", job_id=pk) for pk in jobs]
        calls += [FlowCall(flow_run=run, call_key=f"wait:{pk}", child_id=pk) for pk in runs]
        known = set(run.calls.values_list("job_id", flat=True)) | set(run.calls.values_list("child_id", flat=True))
        missing = [call for call in calls if (call.job_id or call.child_id) not in known]
        for call in missing:
            call.decision = FlowCall.Decided.ADOPTED
        FlowCall.objects.bulk_create(missing, ignore_conflicts=True)
        run.calls.filter(awaited=True).update(awaited=False)
        run.calls.filter(Q(job__in=list(jobs)) | Q(child__in=list(runs))).update(awaited=True)
    run.refresh_from_db(fields=["suspensions"])
    return run.suspensions


def clear(execution: Execution) -> None:
    """Only the body ends its wait."""
    execution.flow_run.refresh_from_db(fields=["waiting", "state"])
    if execution.flow_run.waiting or execution.flow_run.state != FlowRun.State.RUNNING:
        mark(execution, FlowRun.State.RUNNING, waiting=False)


def mark(execution: Execution, to: str, **columns: Any) -> None:
    """Move the run's row as its newest execution.

    :raises Abort: it is not the newest, or the run was ended from outside
    """
    run, newest = execution.flow_run, Q(execution=execution.number)
    run.refresh_from_db(fields=["state"])
    try:
        if run.state != to:
            kind = "waits" if columns["waiting"] else "goes_on"
            transition(row=run, to=to, actor=execution.actor, kind=kind, when=newest, **columns)
        elif not FlowRun.objects.filter(newest, pk=run.pk, state=to).update(**columns):
            raise LostRace(str(run.pk))
    except (LostRace, IllegalMove) as reason:
        raise Abort(f"execution {execution.number} is over: {reason}") from reason


def suspend(key: str, form: type[BaseModel] | None = None) -> None:
    """Give the process back. Returns only if Prefect refused or is away.

    :param key: never used before in this run
    """
    failpoint("before_suspend")
    try:
        suspend_flow_run(key=key, timeout=None, wait_for_input=form)
    except Pause:
        failpoint("after_suspend")
        raise
    except (RuntimeError, httpx.HTTPError) as error:
        logger.warning("not suspended, polling instead: %s", error)
