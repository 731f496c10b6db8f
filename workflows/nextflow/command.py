"""The one statement of how Nextflow is started: ``spec/cluster-jobs.md`` §7.1 to §7.3. Pure."""

import re
import uuid
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from workflows.nextflow.overlay import render_overlay
from workflows.nextflow.site import Site

if TYPE_CHECKING:
    from workflows.cluster.requests import NextflowCall

MIN_HEAP_MIB = 256
HEAP_SHARE = 0.7
SESSION_COLUMN = 5  # of .nextflow/history: time, duration, run name, status, revision, session id, command
RUN_NAME = re.compile(r"[a-z](?:[a-z\d]|[-_](?=[a-z\d])){0,79}")
PROFILES = re.compile(r"\w[\w-]*(,\w[\w-]*)*")
# Of a person's shell these would change what is run; ours are set below.
RESERVED_VARIABLES = re.compile(r"NXF_\w+|PATH|HOME|USER|JAVA_HOME|SLURM_\w+|SBATCH_\w+")
NO_TRACE = "no trace: `ps` is missing on this machine (package procps)"


class WrongCall(ValueError):
    """A call that cannot become a command; the text names every fault."""


@dataclass(frozen=True)
class Rendered:
    """What the job directory needs. ``progress`` is the first word of the ``PipelineRun``'s progress."""

    argv: list[str]
    environment: dict[str, str]
    files: dict[str, str]
    resumed: bool
    progress: dict[str, str] = field(default_factory=dict)


def render(
    call: "NextflowCall",
    *,
    token: str,
    directory: PurePath | str,
    memory_mib: int,
    history: str | None,
    site: Site,
    cpus: int = 1,
) -> Rendered:
    """Make the command of one attempt; it is started in ``call.launch_dir``.

    The session is ours from the first start on. A history that knows it means resume; one that does not means that
    the former head died before it wrote its line, and resuming an unknown session would abort.

    :param directory: the job directory, as the node sees it
    :param memory_mib: of the whole job; the heap gets 70 %, at least 256 MiB
    :param history: text of ``<launch_dir>/.nextflow/history``, None if there is none
    :raises WrongCall: with all faults at once
    """
    _check(call, token)
    directory = PurePath(directory)
    resumed = _knows(history, call.session_id)
    argv = [site.executable, "-log", str(directory / "nextflow.log")]
    argv += ["run", str(PurePath(call.project_dir) / call.main), "-name", token, "-params-file", call.params_file]
    argv += ["-profile", call.profile] if call.profile else []
    argv += ["-c", call.site_config] if call.site_config else []
    argv += ["-c", str(directory / "overlay.config"), "-work-dir", call.work_dir]
    argv += ["-with-trace", str(directory / "trace.tsv")] if site.has_ps else []
    argv += ["-ansi-log", "false"]
    argv += ["-resume", call.session_id] if resumed else []
    overlay = render_overlay(site, token=token, cpus=cpus, memory_mib=memory_mib)
    environment = _environment(site, memory_mib, call.environment)
    if not resumed:
        environment["NXF_UUID"] = call.session_id
    return Rendered(argv, environment, {"overlay.config": overlay}, resumed, {} if site.has_ps else {"trace": NO_TRACE})


def _environment(site: Site, memory_mib: int, of_the_call: dict[str, str]) -> dict[str, str]:
    heap_mib = max(MIN_HEAP_MIB, int(memory_mib * HEAP_SHARE))
    chosen = {
        "JAVA_HOME": site.java_home,
        "NXF_VER": site.version,
        "NXF_HOME": site.home,
        "NXF_PLUGINS_DIR": site.plugins_dir,
        "NXF_OFFLINE": "true" if site.offline else "",
        "NXF_DISABLE_CHECK_LATEST": "true",
        "NXF_ANSI_LOG": "false",
        "NXF_OPTS": f"-Xmx{heap_mib}m",
    }
    return of_the_call | site.environment | {name: value for name, value in chosen.items() if value}


def _knows(history: str | None, session_id: str) -> bool:
    rows = (line.split("\t") for line in (history or "").splitlines())
    return any(len(row) > SESSION_COLUMN and row[SESSION_COLUMN] == session_id for row in rows)


def _check(call: "NextflowCall", token: str) -> None:
    """Refuse what Nextflow could read as an option or as another project than the one folder we fetched."""
    faults = []
    if not RUN_NAME.fullmatch(token):
        faults.append(f"token: {token!r} cannot name a run")
    for name in ("project_dir", "params_file", "work_dir", "launch_dir", "site_config"):
        path = getattr(call, name)
        if (path or name != "site_config") and not PurePath(path or "").is_absolute():
            faults.append(f"{name}: {path!r} is not an absolute path")
    if PurePath(call.main).is_absolute() or ".." in PurePath(call.main).parts or call.main.startswith("-"):
        faults.append(f"main: {call.main!r} is not a script inside the project")
    if call.profile and not PROFILES.fullmatch(call.profile):
        faults.append(f"profile: {call.profile!r} is not a list of profile names")
    try:
        canonical = str(uuid.UUID(call.session_id))
    except ValueError:
        canonical = ""
    if canonical != call.session_id:
        faults.append(f"session_id: {call.session_id!r} is not a UUID")
    faults += [f"environment: {name} is ours to set" for name in call.environment if RESERVED_VARIABLES.fullmatch(name)]
    if faults:
        raise WrongCall("; ".join(faults))
