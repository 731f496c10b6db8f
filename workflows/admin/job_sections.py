"""The parts of a job's page."""

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.template.defaultfilters import filesizeformat

from ena.readonly_admin import Section, badge, bar
from workflows.models import ClusterJob, ClusterJobAttempt, PipelineTask, WorkEvent
from workflows.selectors.tasks import count_by_process, worst_first

TASKS_SHOWN, EVENTS_SHOWN = 200, 200
TASKS = ("task", "status", "exit", "process", "tag", "time", "peak memory", "native id", "work folder")
PROCESSES = ("process", "tasks", "", "done", "cached", "failed", "time: p50, p95, max", "memory: p50, p95, max")
ATTEMPTS = ("#", "state", "class", "scheduler id", "node", "asked", "peak MiB", "CPU s", "exit", "children")
TIMES = ("released", "started", "ended", "evidence")


def attempts_section(attempts: Iterable[ClusterJobAttempt]) -> Section:
    return Section("Attempts, newest first", (*ATTEMPTS, *TIMES), [_attempt_row(one) for one in attempts])


def _attempt_row(one: ClusterJobAttempt) -> tuple[Any, ...]:
    asked = f"{one.cpus} × CPU, {one.memory_mib} MiB, {one.time_limit_seconds} s"
    cpu_seconds = None if one.cpu_seconds is None else round(one.cpu_seconds, 1)
    used = (one.peak_rss_mib, cpu_seconds, one.exit_code, one.children_live)
    times = (one.released_at, one.started_at, one.ended_at, one.evidence)
    return (one.number, badge(one.state), one.outcome_class, one.backend_job_id, one.node, asked, *used, *times)


def log_sections(attempts: Iterable[ClusterJobAttempt]) -> list[Section]:
    return [Section(f"End of the log of attempt {one.number}", text=one.log_tail) for one in attempts if one.log_tail]


def task_sections(job: ClusterJob, tasks_of: Q) -> list[Section]:
    """What Nextflow's trace tells, a line a process and a line a task; failed tasks first."""
    if job.kind != ClusterJob.Kind.NEXTFLOW:
        return []
    tasks = PipelineTask.objects.filter(tasks_of)
    return [
        Section(
            "Nextflow processes of the newest attempt", PROCESSES, [_process_row(p) for p in count_by_process(tasks)]
        ),
        Section(
            f"Nextflow tasks, failed ones first, at most {TASKS_SHOWN}",
            TASKS,
            [_task_row(one) for one in worst_first(tasks)[:TASKS_SHOWN]],
        ),
    ]


def _process_row(counted: dict[str, Any]) -> tuple[Any, ...]:
    numbers = (counted["done"], counted["cached"], counted["broken"])
    parts = dict(zip(("good", "kept", "bad"), numbers, strict=True)) | {"": counted["n"] - sum(numbers)}
    told = f"{counted['broken']} of {counted['n']} failed"
    time, memory = (
        ", ".join(shown(counted[f"{what}_{of}"]) for of in ("p50", "p95", "max"))
        for what, shown in (("time", seconds), ("memory", size))
    )
    return (counted["process"], counted["n"], bar(parts, told), *numbers, time, memory)


def _task_row(task: PipelineTask) -> tuple[Any, ...]:
    figures = (seconds(task.realtime), size(task.peak_rss), task.native_id, task.workdir)
    return (task.task_id, badge(task.status), task.exit, task.process, task.tag, *figures)


def events_section(events_of: Q) -> Section:
    events = WorkEvent.objects.filter(events_of).order_by("-pk")[:EVENTS_SHOWN]
    rows = [
        (one.at, one.kind, badge(one.from_state), badge(one.to_state), one.actor, in_words(one.detail))
        for one in events
    ]
    return Section("What happened, newest first", ("when", "what", "from", "to", "who", "detail"), rows)


def in_words(detail: dict[str, Any]) -> str:
    """A small JSON object on one line."""
    return ", ".join(
        f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in detail.items()
    )


def seconds(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds / 1000:.1f} s"


def size(count: float | None) -> str:
    return "" if count is None else filesizeformat(count)
