"""The duty ``waker``: what Prefect says of our runs, and what follows (``spec/cluster-jobs.md`` §5.4)."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

import httpx
from django.conf import settings
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Now
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import AwaitingRetry, Cancelling, Crashed, Scheduled

from workflows.prefect_utils.entering import COMPLETED_WITH_FAILURES, LOOK_AGAIN, WORD_OF
from workflows.prefect_utils.sleep import ASK_KEY, JOBS_KEY

from workflows.cluster.failpoints import failpoint
from workflows.cluster.states import LostRace, transition
from workflows.models import Decision, Duty, FlowRun
from workflows.selectors.flow_runs import live_runs, with_something_open
from workflows.services.attention import raise_attention
from workflows.services.decisions import WAITS_FOR_AN_ANSWER
from workflows.services.flow_runs import REVIVED_TOO_OFTEN, close_flow_run

logger = logging.getLogger(__name__)

ACTOR = "waker"
READ_AT_ONCE = 200  # what Prefect gives in one answer
PREFECTS_PREFIX = "Flow run encountered an exception: "
PENDING_TOO_LONG_SECONDS = 900
SOON = timedelta(seconds=5)
LONGEST_BACKOFF_BEATS = 30


@dataclass(frozen=True)
class Seen:
    """A run as Prefect sees it; the age of its state in seconds of Prefect's own clock."""

    type: str
    name: str
    message: str
    age: float
    pause_key: str

    @property
    def ours(self) -> bool:
        return self.pause_key.startswith((f"{JOBS_KEY}-", f"{ASK_KEY}-"))


class Step(Enum):
    LEAVE = auto()
    WAKE = auto()
    ASK_ANEW = auto()
    RESCHEDULE = auto()
    DECLARE_CRASHED = auto()
    REVIVE = auto()
    ASK_CANCEL = auto()
    CLOSE = auto()


def wake() -> bool:
    """Look at every run that is ready to wake, and each minute at all that are live.

    :return: whether anything was done
    """
    _remind_of_questions()
    times, done, wakes = settings.EMG_CONFIG.cluster.times, False, settings.EMG_CONFIG.cluster.max_wakes
    runs = list(_due(timedelta(seconds=times.dead_after)))
    watching = _unbroken_for(times.dead_after)
    for start in range(0, len(runs), READ_AT_ONCE):
        chunk = runs[start : start + READ_AT_ONCE]
        with get_client(sync_client=True) as client:
            seen = _read(client, chunk)
            for run in chunk:
                found = seen.get(run.prefect_id)
                alive = run.beat_fresh or not watching or (found is not None and found.age < times.dead_after)
                step = next_step(run, found, ready=_is_ready(run, found), alive=alive, settle=times.settle)
                if step is Step.WAKE:
                    wakes -= 1
                    step = step if wakes >= 0 else Step.LEAVE
                done |= _carry_out(client, run, found, step)
    return done


def next_step(run: FlowRun, seen: Seen | None, *, ready: bool, alive: bool, settle: float) -> Step:
    """The table of §5.4. Pure.

    :param seen: None if Prefect has no such run
    :param ready: nothing it waits for is open, or it waits for nothing
    :param alive: its body gave a sign of life, or nobody was there to see it
    :param settle: seconds after which the process that suspended is surely gone
    """
    if seen is None or seen.type in WORD_OF:
        return Step.CLOSE
    if run.cancel_requested_at and seen.type != "CANCELLING":
        return Step.CLOSE if seen.type == "CRASHED" else Step.ASK_CANCEL
    step = Step.LEAVE
    match seen.type:
        case "PAUSED" if seen.ours and seen.age >= settle:
            unanswered = Step.ASK_ANEW if seen.pause_key.startswith(ASK_KEY) else Step.LEAVE
            step = Step.WAKE if ready else unanswered
        case "PENDING" if seen.age > PENDING_TOO_LONG_SECONDS:
            step = Step.RESCHEDULE
        case "RUNNING" if not alive:
            step = Step.DECLARE_CRASHED
        case "CRASHED":
            step = Step.REVIVE
    return step


def _due(dead_after: timedelta) -> QuerySet[FlowRun]:
    runs = with_something_open(live_runs().filter(prefect_id__isnull=False))
    ready = Q(waiting=True, something_open=False)
    fresh = Case(When(beat_at__gt=Now() - dead_after, then=Value(True)), default=Value(False))
    due = Case(When(next_try_at__lte=Now(), then=Value(True)), default=Value(False))
    return runs.annotate(beat_fresh=fresh, due=due).filter(Q(due=True) | ready).order_by("beat_at")


def _unbroken_for(seconds: float) -> bool:
    """Only who has watched all the time may call a silent run dead."""
    return Duty.objects.filter(name=ACTOR, ok_since__lt=Now() - timedelta(seconds=seconds)).exists()


def _read(client: SyncPrefectClient, runs: list[FlowRun]) -> dict[UUID, Seen]:
    wanted = {"id": {"any_": [str(run.prefect_id) for run in runs]}}
    answer = client.request("POST", "/flow_runs/filter", json={"flow_runs": wanted, "limit": READ_AT_ONCE})
    now = parsedate_to_datetime(answer.headers["Date"])
    return {UUID(found["id"]): _seen(found["state"], now) for found in answer.json() if found["state"]}


def _seen(state: dict[str, Any], now: datetime) -> Seen:
    return Seen(
        type=state["type"],
        name=state["name"],
        message=state["message"] or "",
        age=(now - datetime.fromisoformat(state["timestamp"])).total_seconds(),
        pause_key=(state["state_details"] or {}).get("pause_key") or "",
    )


def _is_ready(run: FlowRun, seen: Seen | None) -> bool:
    """A question is known by its pause key: two runs may wait for one answer."""
    question = _question_of(seen)
    return question.answer is not None if question else not run.something_open


def _question_of(seen: Seen | None) -> Decision | None:
    if seen is None or not seen.pause_key.startswith(f"{ASK_KEY}-"):
        return None
    decision_id = seen.pause_key.removeprefix(f"{ASK_KEY}-").rpartition("-")[0]
    return Decision.objects.filter(pk=decision_id).first()


def _carry_out(client: SyncPrefectClient, run: FlowRun, seen: Seen | None, step: Step) -> bool:
    """One run's trouble is its own: an answer of Prefect that makes no sense must not keep the others asleep."""
    try:
        done = _do(client, run, seen, step)
    except (LostRace, httpx.HTTPStatusError) as error:
        logger.warning("%s: %s did not go through: %s", run.pk, step.name, error)
        done = False
    if run.due or done:
        pause = SOON if done else LOOK_AGAIN
        live_runs().filter(pk=run.pk, next_try_at=run.next_try_at).update(next_try_at=Now() + pause)
    return done


def _do(client: SyncPrefectClient, run: FlowRun, seen: Seen | None, step: Step) -> bool:
    match step:
        case Step.LEAVE:
            return False
        case Step.WAKE:
            _resume(client, run, seen)
        case Step.ASK_ANEW:
            if _form_is_stored(client, run, seen):
                return False
            client.set_flow_run_state(run.prefect_id, Scheduled(name="Resuming"))
        case Step.RESCHEDULE:
            client.set_flow_run_state(run.prefect_id, Scheduled(name="Rescheduled"))
        case Step.DECLARE_CRASHED:
            message = "no sign of life from its process"
            client.set_flow_run_state(run.prefect_id, Crashed(message=message), force=True)
            _note_crash(run, message)
        case Step.REVIVE:
            return _revive(client, run, seen)
        case Step.ASK_CANCEL:
            client.set_flow_run_state(run.prefect_id, Cancelling())
        case Step.CLOSE:
            _close(run, seen)
    return True


def _resume(client: SyncPrefectClient, run: FlowRun, seen: Seen) -> None:
    question = _question_of(seen)
    result = client.request(
        "POST",
        f"/flow_runs/{run.prefect_id}/resume",
        json={"run_input": question.answer if question else None},
    ).json()
    if result["status"] == SetStateStatus.REJECT.value:  # a form that was never stored, or no longer fits the answer
        client.set_flow_run_state(run.prefect_id, Scheduled(name="Resuming"))
    failpoint("resume_sent")


def _form_is_stored(client: SyncPrefectClient, run: FlowRun, seen: Seen) -> bool:
    try:
        client.read_flow_run_input(run.prefect_id, f"suspended-{seen.pause_key}-schema")
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.NOT_FOUND:
            raise
        return False
    return True


def _revive(client: SyncPrefectClient, run: FlowRun, seen: Seen) -> bool:
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
    FlowRun.objects.filter(pk=run.pk).update(revivals=F("revivals") + 1)
    client.set_flow_run_state(run.prefect_id, AwaitingRetry())
    return True


def _note_crash(run: FlowRun, message: str) -> None:
    beats = min(2**run.revivals, LONGEST_BACKOFF_BEATS)
    backoff = timedelta(seconds=beats * settings.EMG_CONFIG.cluster.times.beat)
    transition(
        row=run,
        to=FlowRun.State.CRASHED,
        actor=ACTOR,
        kind="crashed",
        detail={"message": message[:500]},
        next_try_at=Now() + backoff,
        error=message[:1000],
    )


def _close(run: FlowRun, seen: Seen | None) -> None:
    if seen is None:
        close_flow_run(run=run, to=FlowRun.State.FAILED, actor=ACTOR, error="Prefect does not know the run any more")
        return
    to = WORD_OF.get(seen.type, FlowRun.State.CANCELLED)
    has_failures = to == FlowRun.State.FAILED or seen.name == COMPLETED_WITH_FAILURES
    error = seen.message.removeprefix(PREFECTS_PREFIX) if has_failures else ""
    detail = {"prefect": seen.name, "message": seen.message[:500]}
    close_flow_run(run=run, to=to, actor=ACTOR, detail=detail, error=error)


def _remind_of_questions() -> None:
    limit = timedelta(seconds=settings.EMG_CONFIG.slurm.default_flow_suspend_awaiting_input_timeout_secs)
    for question in _unanswered_for(limit):
        raise_attention(
            code=WAITS_FOR_AN_ANSWER,
            subject_kind="decision",
            subject_id=question.pk,
            text=f"waiting for an answer since {question.asked_at:%Y-%m-%d %H:%M}: {question}",
        )


def _unanswered_for(limit: timedelta) -> Iterator[Decision]:
    yield from Decision.objects.filter(answer__isnull=True, asked_at__lt=Now() - limit)
