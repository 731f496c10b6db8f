"""Reads of flow runs that more than one place asks for."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from workflows.models import ClusterJob, Decision, FlowCall, FlowRun
from workflows.models.flow_run import FINAL
from workflows.selectors.jobs import word_of

LIVE = ~Q(state__in=FINAL)
OPEN_CALL = Q(job__state=ClusterJob.State.OPEN) | Q(child__isnull=False, child__ended_at__isnull=True)

# A call the run waits for is not final, or a question it asked is not answered.
SOMETHING_OPEN = Q(waiting=True) & (
    Exists(FlowCall.objects.filter(OPEN_CALL, flow_run=OuterRef("pk"), awaited=True))
    | Exists(Decision.objects.filter(flow_run=OuterRef("pk"), answer__isnull=True))
)


def live_runs() -> QuerySet[FlowRun]:
    return FlowRun.objects.filter(LIVE)


def all_final(*, jobs: Iterable[UUID], runs: Iterable[UUID]) -> bool:
    return not (
        ClusterJob.objects.filter(pk__in=list(jobs), state=ClusterJob.State.OPEN).exists()
        or live_runs().filter(pk__in=list(runs)).exists()
    )


def calls_of_this_run_alone(run: FlowRun) -> QuerySet[FlowCall]:
    """Its open calls that no other live run calls too."""
    others = FlowCall.objects.filter(~Q(flow_run=run), ~Q(flow_run__state__in=FINAL))
    return run.calls.filter(
        OPEN_CALL, ~Exists(others.filter(job=OuterRef("job"))), ~Exists(others.filter(child=OuterRef("child")))
    ).select_related("job", "child")


def what_it_waits_for(run: FlowRun) -> list[dict[str, str]]:
    """The open jobs and runs that a sleeping run waits for, each with its kind, name and state in words.

    A run it waits for that sleeps itself is told by what that one waits for.
    """
    if not run.waiting:
        return []
    told: list[dict[str, str]] = []
    for call in run.calls.filter(OPEN_CALL, awaited=True).select_related("job", "child").order_by("id"):
        if call.job:
            told.append({"kind": "job", "name": call.job.name, "state": word_of(call.job)})
        elif call.child:
            itself = {"kind": "flow run", "name": call.child.deployment, "state": call.child.state}
            told += what_it_waits_for(call.child) or [itself]
    return told
