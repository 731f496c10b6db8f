"""Reads of Nextflow's tasks (``spec/cluster-jobs.md`` §7.4)."""

from django.db.models import Aggregate, BooleanField, Count, ExpressionWrapper, FloatField, Max, Min, Q, QuerySet

from workflows.models import PipelineTask

DONE = Q(status="COMPLETED")
CACHED = Q(status="CACHED")
BROKEN = Q(status__in=["FAILED", "ABORTED"])


class Percentile(Aggregate):
    """The value below which ``fraction`` of the rows lie."""

    template = "percentile_cont(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def count_by_process(tasks: QuerySet[PipelineTask]) -> QuerySet:
    """One dict a process, in order of its first task: ``process, n, done, cached, broken`` and the spread of time (ms)
    and memory (bytes): ``<time|memory>_<p50|p95|max>``.
    """
    spread = {
        f"{short}_{name}": aggregate
        for short, column in (("time", "realtime"), ("memory", "peak_rss"))
        for name, aggregate in (
            ("p50", Percentile(column, fraction=0.5)),
            ("p95", Percentile(column, fraction=0.95)),
            ("max", Max(column)),
        )
    }
    counts = {
        "n": Count("pk"),
        "done": Count("pk", filter=DONE),
        "cached": Count("pk", filter=CACHED),
        "broken": Count("pk", filter=BROKEN),
    }
    return tasks.values("process").annotate(first=Min("task_id")).order_by("first").annotate(**counts, **spread)


def worst_first(tasks: QuerySet[PipelineTask]) -> QuerySet[PipelineTask]:
    """Those that failed, then the newest."""
    return tasks.order_by(ExpressionWrapper(BROKEN, BooleanField()).desc(), "-pk")
