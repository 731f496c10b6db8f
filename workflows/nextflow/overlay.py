"""The last ``-c`` of every run: what the platform must decide, whatever the pipeline or the site says.

``spec/cluster-jobs.md`` §7.3. Nothing in here is part of a task's hash, so a changed overlay never hurts a resume.
"""

import json
from dataclasses import dataclass

# All known to Nextflow since 22.10; an unknown field aborts a run. Neither `script` nor `env`: they hold secrets
# and line breaks.
TRACE_FIELDS = (
    "task_id,hash,native_id,process,tag,name,status,exit,submit,start,complete,duration,realtime,%cpu,"
    "peak_rss,peak_vmem,rchar,wchar,attempt,workdir,cpus,memory,time"
)

# The closure must be total: one that throws makes Nextflow fall back to its own name, and the child of a dead head
# could not be found any more.
TEMPLATE = """\
executor {{
    name = {executor}
    queueSize = 100
    submitRateLimit = '10/1sec'
    exitReadTimeout = '5 min'
    jobName = {{ ({prefix} + task.hash).take(256) }}
    $slurm {{
        pollInterval = '3 sec'
        queueStatInterval = '10 sec'
        jobName = {{ ({prefix} + task.hash).take(256) }}
    }}
{room}}}
process {{
    executor = {executor}
{process}}}
trace {{
    enabled = {traced}
    fields = {fields}
    raw = true
    sep = '\\t'
}}
"""
# Reports and timelines need `ps` on the node as the trace does; a pipeline may have switched them on.
WITHOUT_METRICS = "report.enabled = false\ntimeline.enabled = false\n"


@dataclass(frozen=True)
class Room:
    """What all tasks of a local head may use together: the head's own job."""

    cpus: int
    memory_mib: int


def render_overlay(
    *,
    token: str,
    executor: str,
    queue: str = "",
    longest_minutes: int | None = None,
    room: Room | None = None,
    traced: bool = True,
) -> str:
    """Render the overlay of one attempt.

    :param executor: Nextflow's name of it, ``slurm`` or ``local``
    :param queue: default partition of the tasks; empty leaves the choice to the site's configuration
    :param longest_minutes: cap of a task's time: one that asks for more than its partition gives would wait for ever
    :param room: the cap for tasks that run inside the head's job
    :param traced: false where there is no ``ps``: Nextflow's metrics would fail every task
    """
    process, limits = "", ""
    if queue:
        process += f"    queue = {_quoted(queue)}\n"
    if longest_minutes:
        process += f"    resourceLimits = [time: '{longest_minutes} min']\n"
    if room is not None:
        limits = f"    cpus = {room.cpus}\n    memory = '{room.memory_mib} MB'\n"
        process += f"    resourceLimits = [cpus: {room.cpus}, memory: '{room.memory_mib} MB']\n"
    overlay = TEMPLATE.format(
        executor=_quoted(executor),
        prefix=_quoted(f"{token}."),
        room=limits,
        process=process,
        traced=str(traced).lower(),
        fields=_quoted(TRACE_FIELDS),
    )
    return overlay if traced else overlay + WITHOUT_METRICS


def _quoted(text: str) -> str:
    """A Groovy string: JSON's escapes are Groovy's too, but for the dollar, which would start an expression."""
    return json.dumps(text).replace("$", "\\$")
