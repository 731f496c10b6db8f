"""The tie between a flow's body and its row: ``@django_flow`` (``spec/cluster-jobs.md`` §5.4)."""

import functools
import inspect
import logging
import threading
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, close_old_connections, connection
from django.db.models.functions import Now
from prefect import Flow, State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun as PrefectRun
from prefect.context import FlowRunContext
from prefect.exceptions import Abort
from prefect.states import Cancelled, Completed
from pydantic_core import to_jsonable_python

from workflows.prefect_utils.entering import COMPLETED_WITH_FAILURES, AlreadyRunning, enter_run

from workflows.cluster.requests import Caller
from workflows.cluster.states import record_event
from workflows.launchable import Launchable, get_launchable
from workflows.models import FlowRun, WorkEvent
from workflows.services.flow_runs import look_at_run_now, subject_of

logger = logging.getLogger(__name__)


@dataclass
class Execution:
    """One execution of a body. The newest one owns the run; an older one leaves at its next step."""

    flow_run: FlowRun
    prefect_id: UUID
    number: int
    last_pause_key: str | None
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def actor(self) -> str:
        return f"flow:{self.flow_run.pk}"

    def check(self) -> None:
        """:raises Abort: another execution has taken over; the process ends without a word to Prefect"""
        if not FlowRun.objects.filter(pk=self.flow_run.pk, execution=self.number).exists():
            raise Abort(f"execution {self.number} of {self.flow_run.pk} is superseded")

    def caller(self, call_key: str) -> Caller:
        """Who calls, for :func:`record_intent`.

        :param call_key: the call's name in this run, the same at each execution
        """
        self.check()
        return Caller(flow_run_id=self.flow_run.pk, call_key=call_key)

    def counted(self, key: str) -> str:
        """``key``, told apart from earlier calls of this execution that had the same."""
        self.calls[key] += 1
        return f"{key}#{self.calls[key]}"


_execution: ContextVar[Execution | None] = ContextVar("execution", default=None)


def this_run() -> Execution | None:
    """The execution this code runs in; None without a deployment (plain Python, tests)."""
    return _execution.get()


def completed_with_failures(message: str) -> State:
    """What a flow returns whose work is over and some of it failed for good."""
    return Completed(name=COMPLETED_WITH_FAILURES, message=message)


def actor() -> str:
    """Who a body is in events: ``flow:<id>``."""
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


def publish_artifact(key: str, markdown: str) -> None:
    """Show it on the run's page in the dashboard, where there is one.

    :param key: lower case, digits and dashes; the same key again is a newer version
    """
    if this_run() is not None:
        create_markdown_artifact(key=key, markdown=markdown)


def django_flow(*, flow_run_name: str) -> Callable[[Callable[..., Any]], Flow]:
    """Make a Prefect flow of a body that looks first at every step and may start from the top at any time.

    Its name and live key are those of the registry; while a run with its live key is live, the body does nothing.

    :raises UnknownDeployment: it is not registered
    """

    def decorate(body: Callable[..., Any]) -> Flow:
        offered = get_launchable(f"{body.__name__}_deployment")

        @functools.wraps(body)
        def entered(*args: Any, **kwargs: Any) -> Any:
            context = FlowRunContext.get()
            if context is None or context.flow_run is None or context.flow_run.deployment_id is None:
                return body(*args, **kwargs)
            given = inspect.signature(body).bind(*args, **kwargs)
            given.apply_defaults()
            try:
                return _execute(lambda: body(*args, **kwargs), context.flow_run, offered, given.arguments)
            except (OperationalError, InterfaceError) as error:
                logger.exception("the database is away")
                raise SystemExit(1) from error  # a failed run is over for Prefect, a crashed one is revived

        hooks: list[Any] = [_tell_the_waker]
        return flow(name=offered.title, flow_run_name=flow_run_name, on_completion=hooks, on_failure=hooks)(entered)

    return decorate


def _execute(body: Callable[[], Any], prefect_run: PrefectRun, offered: Launchable, parameters: dict[str, Any]) -> Any:
    close_old_connections()
    with get_client(sync_client=True) as client:
        history = client.read_flow_run_states(prefect_run.id)
    ended_before = [state.type.value for state in history if state.is_final() and not state.is_crashed()]
    live_key, study = subject_of(offered.name, parameters)
    met = FlowRun(
        prefect_id=prefect_run.id,
        generation=1 + len(ended_before),
        deployment=offered.name,
        parameters=to_jsonable_python(parameters),
        live_key=live_key,
        study=study,
    )
    try:
        run = enter_run(met, tags=prefect_run.tags, ended_before=ended_before)
    except AlreadyRunning as other:
        return Completed(name="AlreadyRunning", message=str(other))
    if run.ended_at is not None:  # cancelled or refused before its first line
        return Cancelled(message=f"the run is {run.state} in the database")
    pauses = [state.state_details.pause_key for state in history if state.is_paused()]
    execution = Execution(run, prefect_run.id, run.execution, pauses[-1] if pauses else None)
    stop = threading.Event()
    threading.Thread(target=_beat, args=(execution, stop), daemon=True).start()
    token = _execution.set(execution)
    try:
        return body()
    finally:
        _execution.reset(token)
        stop.set()


def _beat(execution: Execution, stop: threading.Event) -> None:
    """Say each minute that the newest execution is alive; a database that is away only makes the beat late."""
    mine = FlowRun.objects.filter(pk=execution.flow_run.pk, execution=execution.number)
    while not stop.wait(settings.EMG_CONFIG.cluster.times.beat):
        try:
            superseded = not mine.update(beat_at=Now())
        except Error:
            superseded = False
        connection.close()
        if superseded:
            return


def _tell_the_waker(_flow: Flow, flow_run: PrefectRun, _state: State) -> None:
    if flow_run.deployment_id is not None:
        look_at_run_now(prefect_id=flow_run.id)
