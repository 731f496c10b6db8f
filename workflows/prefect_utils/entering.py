"""A body enters: find or make its row, and own it (``spec/cluster-jobs.md`` §5.1, §5.4)."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Met:
    """What the body knows of itself.

    :param ended_before: how Prefect says this run ended before it was started again by a person, oldest first
    """

    prefect_id: UUID
    tags: list[str]
    deployment: str
    parameters: dict[str, Any]
    live_key: str | None
    ended_before: list[str]

    @property
    def generation(self) -> int:
        return 1 + len(self.ended_before)

    @property
    def actor(self) -> str:
        return f"flow:{self.prefect_id}"


def enter_run(met: Met) -> FlowRun:
    """Take over the run's row: running, one execution more. A row that is final is returned as it is.

    :raises AlreadyRunning: the row would be new, and another live run has its live key
    """
    while True:
        row = _find(met)
        try:
            if row is None:
                row = _make(met)
            if row.ended_at is not None:
                return row
            return _own(row, met)
        except LostRace:
            continue


def _find(met: Met) -> FlowRun | None:
    known = FlowRun.objects.filter(prefect_id=met.prefect_id, generation=met.generation).first()
    if known or met.generation > 1:
        return known
    asked = [tag.removeprefix(TAG) for tag in met.tags if tag.startswith(TAG)]
    return FlowRun.objects.filter(pk__in=asked, prefect_id__isnull=True).first()


def _make(met: Met) -> FlowRun:
    """A run nobody asked us for, or a further life of one."""
    former = FlowRun.objects.filter(prefect_id=met.prefect_id).order_by("-generation").first()
    for earlier in live_runs().filter(prefect_id=met.prefect_id, generation__lt=met.generation):
        close_flow_run(run=earlier, to=WORD_OF[met.ended_before[earlier.generation - 1]], actor=met.actor)
    row = FlowRun(
        prefect_id=met.prefect_id,
        generation=met.generation,
        deployment=met.deployment,
        parameters=met.parameters,
        source=former.source if former else "dashboard",
        run_key=former.run_key if former else str(met.prefect_id),
        live_key=met.live_key,
        study=former.study if former else None,
        requested_by=former.requested_by if former else "",
        state=FlowRun.State.RUNNING,
    )
    row.number = FlowRun.objects.filter(source=row.source, run_key=row.run_key).count() + 1
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            record_event(row=row, actor=met.actor, kind="met", to_state=row.state)
    except IntegrityError:
        other = live_runs().filter(live_key=met.live_key).exclude(prefect_id=met.prefect_id).first()
        if met.live_key and other:
            raise AlreadyRunning(f"{met.live_key} is live already: flow run {other.prefect_id or other.pk}") from None
        raise LostRace(f"{row.source}/{row.run_key} was just made by somebody else") from None
    return row


@transaction.atomic
def _own(row: FlowRun, met: Met) -> FlowRun:
    actor = f"flow:{row.pk}"
    columns: dict[str, Any] = {
        "prefect_id": met.prefect_id,
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
