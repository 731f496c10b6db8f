"""Who a flow's body is for the services it calls, with a deployment or without one."""

from collections.abc import Callable
from uuid import UUID

from workflows.prefect_utils.django_flow import this_run

from workflows.cluster.requests import Caller
from workflows.cluster.states import record_event
from workflows.models import WorkEvent


def actor() -> str:
    """For events: ``flow:<id>``."""
    execution = this_run()
    return execution.actor if execution else "flow:without-deployment"


def caller(call_key: str) -> Caller | None:
    """For jobs: which call of which run; None without a deployment."""
    execution = this_run()
    return execution.caller(call_key) if execution else None


def flow_run_id() -> UUID | None:
    execution = this_run()
    return execution.flow_run.pk if execution else None


def once(name: str, step: Callable[[], object]) -> None:
    """Do a step that rows do not tell the end of, once in the life of a run: a wake does not ask ENA again.

    A step that was killed is done again, so it must bear that.
    """
    execution = this_run()
    if execution is None:
        step()
        return
    execution.check()
    kind = f"step:{name}"
    if not WorkEvent.objects.filter(flow_run=execution.flow_run, kind=kind).exists():
        step()
        record_event(row=execution.flow_run, actor=execution.actor, kind=kind)
