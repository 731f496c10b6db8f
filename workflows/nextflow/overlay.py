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
    enabled = true
    fields = {fields}
    raw = true
    sep = '\\t'
}}
"""


@dataclass(frozen=True)
class Tasks:
    """Where the tasks of a head run: where it runs itself. ``cpus`` and ``memory_mib`` are the head's own job's.

    :param executor: the backend's name, ``slurm`` or ``local``
    :param longest_minutes: what the partition ``queue`` admits
    """

    executor: str
    cpus: int
    memory_mib: int
    queue: str = ""
    longest_minutes: int | None = None


def render_overlay(tasks: Tasks, *, token: str) -> str:
    """Render the overlay of one attempt; local tasks stay inside its job."""
    process, room = "", ""
    if tasks.executor == "local":
        room = f"    cpus = {tasks.cpus}\n    memory = '{tasks.memory_mib} MB'\n"
        process += f"    resourceLimits = [cpus: {tasks.cpus}, memory: '{tasks.memory_mib} MB']\n"
    elif tasks.queue:
        process += f"    queue = {_quoted(tasks.queue)}\n"
    if tasks.longest_minutes:  # a task that asks for more than its partition gives would wait for ever
        process += f"    resourceLimits = [time: '{tasks.longest_minutes} min']\n"
    return TEMPLATE.format(
        executor=_quoted(tasks.executor),
        prefix=_quoted(f"{token}."),
        room=room,
        process=process,
        fields=_quoted(TRACE_FIELDS),
    )


def _quoted(text: str) -> str:
    """A Groovy string: JSON's escapes are Groovy's too, but for the dollar, which would start an expression."""
    return json.dumps(text).replace("$", "\\$")
