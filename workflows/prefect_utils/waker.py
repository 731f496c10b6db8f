"""The duty ``waker``: what Prefect says of our runs, and what follows (``spec/cluster-jobs.md`` §5.4)."""

import logging
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import AwaitingRetry, Cancelling, Crashed, Scheduled

from workflows.prefect_utils.ask import read_form
from workflows.prefect_utils.entering import COMPLETED_WITH_FAILURES, LOOK_AGAIN
from workflows.prefect_utils.waker_table import ENDS, Seen, Step, next_step, not_seen, seen_from

from workflows.cluster.failpoints import failpoint
from workflows.cluster.states import transition
from workflows.models import Decision, Duty, FlowRun
from workflows.selectors.flow_runs import SOMETHING_OPEN, live_runs
from workflows.services.attention import raise_attention
from workflows.services.decisions import WAITS_FOR_AN_ANSWER
from workflows.services.flow_runs import REVIVED_TOO_OFTEN, close_flow_run

logger = logging.getLogger(__name__)

ACTOR = "waker"
READ_AT_ONCE = 200  # what Prefect gives in one answer
PREFECTS_PREFIX = "Flow run encountered an exception: "
SOON = timedelta(seconds=5)
LONGEST_BACKOFF_BEATS = 30

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class Due(TypedDict):
        """What the database's clock says of a row: a fresh beat, its turn of the minute; ready without its turn."""

        something_open: bool
        beat_fresh: bool
        due: bool

    DueRun = WithAnnotations[FlowRun, Due]


def wake() -> bool:
    """Look at every run that is ready to wake, and each minute at all that are live."""
    _remind_of_questions()
    times, done, wakes = settings.EMG_CONFIG.cluster.times, False, settings.EMG_CONFIG.cluster.max_wakes
    runs = list(_due(timedelta(seconds=times.dead_after)))
    watching = _unbroken_for(times.dead_after)
    for start in range(0, len(runs), READ_AT_ONCE):
        chunk = runs[start : start + READ_AT_ONCE]
        with get_client(sync_client=True) as client:
            seen = _read(client, chunk)
            for run in chunk:
                step = _look_after(client, run, seen[run.prefect_id], watching=watching, may_wake=wakes > 0)
                wakes -= step is Step.WAKE
                done |= step is not Step.LEAVE
    return done


def _due(dead_after: timedelta) -> "QuerySet[DueRun]":
    ready = Q(waiting=True, something_open=False)
    fresh, due = Q(beat_at__gt=Now() - dead_after), Q(next_try_at__lte=Now())
    runs = live_runs().annotate(something_open=SOMETHING_OPEN, beat_fresh=fresh, due=due)
    return runs.filter(Q(due=True) | ready, prefect_id__isnull=False).order_by("beat_at")


def _unbroken_for(seconds: float) -> bool:
    """Only who has watched all the time may call a silent run dead."""
    return Duty.objects.filter(name=ACTOR, ok_since__lt=Now() - timedelta(seconds=seconds)).exists()


def _read(client: SyncPrefectClient, runs: "list[DueRun]") -> dict[UUID | None, Seen]:
    wanted = [str(run.prefect_id) for run in runs]
    asked = {"flow_runs": {"id": {"any_": wanted}}, "limit": READ_AT_ONCE}
    answer = client.request("POST", "/flow_runs/filter", json=asked)
    now = parsedate_to_datetime(answer.headers["Date"])
    seen = {found["id"]: seen_from(found, now) for found in answer.json() if found["state"]}
    return {run.prefect_id: seen.get(str(run.prefect_id)) or not_seen(run.prefect_id) for run in runs if run.prefect_id}


def _is_ready(run: "DueRun", seen: Seen) -> bool:
    question = _question_of(seen)
    return question.answer is not None if question else not run.something_open


def _question_of(seen: Seen) -> Decision | None:
    return Decision.objects.filter(pk=seen.decision_id).first() if seen.asks else None


def _look_after(client: SyncPrefectClient, run: "DueRun", seen: Seen, *, watching: bool, may_wake: bool) -> Step:
    """The step that was done for one run, and when to look again unless the step itself has said so."""
    done, planned = Step.LEAVE, run.next_try_at
    try:
        step = _step_of(run, seen, watching=watching)
        if (may_wake or step is not Step.WAKE) and _do(client, run, seen, step):
            done = step
    except Exception:  # one run's trouble is its own: an answer that makes no sense must not keep the others asleep
        logger.exception("%s, which Prefect calls %s", run.pk, seen.name)
    if run.due or done is not Step.LEAVE:
        pause = LOOK_AGAIN if done is Step.LEAVE else SOON
        live_runs().filter(pk=run.pk, next_try_at=planned).update(next_try_at=Now() + pause)
    return done


def _step_of(run: "DueRun", seen: Seen, *, watching: bool) -> Step:
    times = settings.EMG_CONFIG.cluster.times
    alive = run.beat_fresh or not watching or seen.age < times.dead_after
    cancel = run.cancel_requested_at is not None
    return next_step(seen, cancel=cancel, ready=_is_ready(run, seen), alive=alive, settle=times.settle)


def _do(client: SyncPrefectClient, run: "DueRun", seen: Seen, step: Step) -> bool:
    match step:
        case Step.LEAVE:
            return False
        case Step.WAKE:
            _resume(client, seen)
        case Step.ASK_ANEW:
            if read_form(client, seen.id, seen.pause_key, "schema") is not None:
                return False
            client.set_flow_run_state(seen.id, Scheduled(name="Resuming"))
        case Step.RESCHEDULE:
            client.set_flow_run_state(seen.id, Scheduled(name="Rescheduled"))
        case Step.DECLARE_CRASHED:
            message = "no sign of life from its process"
            client.set_flow_run_state(seen.id, Crashed(message=message), force=True)
            if run.state != FlowRun.State.CRASHED:  # else it was revived, and died before it entered
                _note_crash(run, message)
        case Step.REVIVE:
            return _revive(client, run, seen)
        case Step.ASK_CANCEL:
            client.set_flow_run_state(seen.id, Cancelling())
        case Step.CLOSE:
            _close(run, seen)
    return True


def _resume(client: SyncPrefectClient, seen: Seen) -> None:
    question = _question_of(seen)
    result = client.resume_flow_run(seen.id, question.answer if question else None)
    if result.status == SetStateStatus.REJECT:  # a form that was never stored, or no longer fits the answer
        client.set_flow_run_state(seen.id, Scheduled(name="Resuming"))
    failpoint("resume_sent")


def _revive(client: SyncPrefectClient, run: "DueRun", seen: Seen) -> bool:
    """First the row says crashed, then, after a back-off, Prefect is asked to start the body again."""
    if run.state != FlowRun.State.CRASHED:
        _note_crash(run, seen.message)
        return False
    if not run.due:
        return False
    if run.revivals >= settings.EMG_CONFIG.cluster.max_revivals:
        text = f"{run.deployment} crashed {run.revivals} times: {seen.message}"
        raise_attention(code=REVIVED_TOO_OFTEN, subject_kind="flow_run", subject_id=run.pk, study=run.study, text=text)
        return False
    FlowRun.objects.filter(pk=run.pk).update(revivals=F("revivals") + 1, next_try_at=Now() + _back_off(run))
    client.set_flow_run_state(seen.id, AwaitingRetry())
    return True


def _back_off(run: FlowRun) -> timedelta:
    return settings.EMG_CONFIG.cluster.times.beat * timedelta(seconds=min(2**run.revivals, LONGEST_BACKOFF_BEATS))


def _note_crash(run: FlowRun, message: str) -> None:
    transition(
        row=run,
        to=FlowRun.State.CRASHED,
        actor=ACTOR,
        kind="crashed",
        detail={"message": message[:500]},
        next_try_at=Now() + _back_off(run),
        error=message[:1000],
    )


def _close(run: FlowRun, seen: Seen) -> None:
    to = ENDS.get(seen.type, FlowRun.State.CANCELLED)
    has_failures = to == FlowRun.State.FAILED or seen.name == COMPLETED_WITH_FAILURES
    error = seen.message.removeprefix(PREFECTS_PREFIX) if has_failures else ""
    detail = {"prefect": seen.name, "message": seen.message[:500]}
    close_flow_run(run=run, to=to, actor=ACTOR, detail=detail, error=error)


def _remind_of_questions() -> None:
    limit = timedelta(seconds=settings.EMG_CONFIG.slurm.default_flow_suspend_awaiting_input_timeout_secs)
    for question in Decision.objects.filter(answer__isnull=True, asked_at__lt=Now() - limit):
        raise_attention(
            code=WAITS_FOR_AN_ANSWER,
            subject_kind="decision",
            subject_id=question.pk,
            text=f"waiting for an answer since {question.asked_at:%Y-%m-%d %H:%M}: {question}",
        )
