"""The last ``-c`` of every run: what the platform must decide, whatever the pipeline or the site says.

``spec/cluster-jobs.md`` §7.3. Nothing in here is part of a task's hash, so a changed overlay never hurts a resume.
"""

import json

from workflows.nextflow.site import Site

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


def render_overlay(site: Site, *, token: str, cpus: int, memory_mib: int) -> str:
    """Render the overlay of one attempt; ``cpus`` and ``memory_mib`` are its job's: local tasks run inside it."""
    process, room = "", ""
    if site.queue:
        process += f"    queue = {_quoted(site.queue)}\n"
    if site.longest_minutes:  # a task that asks for more than its partition gives would wait for ever
        process += f"    resourceLimits = [time: '{site.longest_minutes} min']\n"
    if site.executor == "local":
        room = f"    cpus = {cpus}\n    memory = '{memory_mib} MB'\n"
        process += f"    resourceLimits = [cpus: {cpus}, memory: '{memory_mib} MB']\n"
    overlay = TEMPLATE.format(
        executor=_quoted(site.executor),
        prefix=_quoted(f"{token}."),
        room=room,
        process=process,
        traced=str(site.has_ps).lower(),
        fields=_quoted(TRACE_FIELDS),
    )
    return overlay if site.has_ps else overlay + WITHOUT_METRICS


def _quoted(text: str) -> str:
    """A Groovy string: JSON's escapes are Groovy's too, but for the dollar, which would start an expression."""
    return json.dumps(text).replace("$", "\\$")
