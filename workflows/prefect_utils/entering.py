"""A body enters: find or make its row, and own it (``spec/cluster-jobs.md`` §5.1, §5.4)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from workflows.cluster.states import LostRace, record_event, transition
from workflows.models import FlowRun
from workflows.selectors.flow_runs import live_runs
from workflows.services.flow_runs import close_flow_run

TAG = "run:"
COMPLETED_WITH_FAILURES = "CompletedWithFailures"  # Prefect's name of the state
LOOK_AGAIN = timedelta(seconds=60)  # of the waker at a run that gives it no other reason
WORD_OF = {"COMPLETED": FlowRun.State.COMPLETED, "FAILED": FlowRun.State.FAILED, "CANCELLED": FlowRun.State.CANCELLED}


class AlreadyRunning(Exception):
    """Another live run has this live key."""


def enter_run(met: FlowRun, *, tags: list[str], ended_before: list[str]) -> FlowRun:
    """Take over the run's row: running, one execution more. A row that is final is returned as it is.

    :param met: what the body knows of itself, saved only where there is no row yet
    :param ended_before: how Prefect says this run ended before it was started again by a person, oldest first
    :raises AlreadyRunning: the row would be new, and another live run has its live key
    """
    while True:
        row = _find(met, tags)
        try:
            if row is None:
                row = _make(met, ended_before)
            if row.ended_at is not None:
                return row
            return _own(row, met.prefect_id)
        except LostRace:
            continue


def _find(met: FlowRun, tags: list[str]) -> FlowRun | None:
    known = FlowRun.objects.filter(prefect_id=met.prefect_id, generation=met.generation).first()
    if known or met.generation > 1:
        return known
    asked = [tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)]
    return FlowRun.objects.filter(pk__in=asked, prefect_id__isnull=True).first()


def _make(met: FlowRun, ended_before: list[str]) -> FlowRun:
    """A run nobody asked us for, or a further life of one."""
    actor = f"flow:{met.prefect_id}"
    for earlier in live_runs().filter(prefect_id=met.prefect_id, generation__lt=met.generation):
        close_flow_run(run=earlier, to=WORD_OF[ended_before[earlier.generation - 1]], actor=actor)
    met.state, met.source, met.run_key = FlowRun.State.RUNNING, "dashboard", str(met.prefect_id)
    if former := FlowRun.objects.filter(prefect_id=met.prefect_id).order_by("-generation").first():
        met.source, met.run_key = former.source, former.run_key
        met.study, met.requested_by = former.study, former.requested_by
    met.number = FlowRun.objects.filter(source=met.source, run_key=met.run_key).count() + 1
    try:
        with transaction.atomic():
            met.save(force_insert=True)
            record_event(row=met, actor=actor, kind="met", to_state=met.state)
    except IntegrityError:
        other = live_runs().filter(live_key=met.live_key).exclude(prefect_id=met.prefect_id).first()
        if met.live_key and other:
            raise AlreadyRunning(f"{met.live_key} is live already: flow run {other.prefect_id or other.pk}") from None
        raise LostRace(f"{met.source}/{met.run_key} was just made by somebody else") from None
    return met


@transaction.atomic
def _own(row: FlowRun, prefect_id: UUID | None) -> FlowRun:
    actor = f"flow:{row.pk}"
    columns: dict[str, Any] = {
        "prefect_id": prefect_id,
        "execution": F("execution") + 1,
        "beat_at": Now(),
        "next_try_at": Now() + LOOK_AGAIN,
        "error": "",
    }
    if row.state == FlowRun.State.REQUESTED:  # the launcher heard no answer, and yet Prefect has the run
        transition(row=row, to=FlowRun.State.LAUNCHING, actor=actor, kind="launched_unheard")
    if row.state == FlowRun.State.RUNNING:
        unmoved = FlowRun.objects.filter(pk=row.pk, state=row.state, execution=row.execution)
        if not unmoved.update(**columns):
            raise LostRace(f"{row.pk} moved")
        record_event(row=row, actor=actor, kind="entered")
    else:
        transition(row=row, to=FlowRun.State.RUNNING, actor=actor, kind="entered", **columns)
    row.refresh_from_db()
    return row
