"""The one statement of how Nextflow is started: ``spec/cluster-jobs.md`` §7.1 to §7.3. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from workflows.nextflow.overlay import Tasks, render_overlay

if TYPE_CHECKING:
    from emgapiv2.config import Nextflow
    from workflows.cluster.requests import NextflowCall

MIN_HEAP_MIB = 256
HEAP_SHARE = 0.7
SESSION_COLUMN = 5  # of .nextflow/history: time, duration, run name, status, revision, session id, command


@dataclass(frozen=True)
class Rendered:
    """What the job directory needs."""

    argv: list[str]
    environment: dict[str, str]
    files: dict[str, str]
    resumed: bool


def render(
    call: "NextflowCall",
    *,
    token: str,
    directory: PurePath | str,
    history: str | None,
    site: "Nextflow",
    environment: Mapping[str, str],
    tasks: Tasks,
) -> Rendered:
    """Make the command of one attempt; it is started in ``call.launch_dir``.

    The session is ours from the first start on. A history that knows it means resume; one that does not means that
    the former head died before it wrote its line, and resuming an unknown session would abort.

    :param directory: the job directory, as the node sees it
    :param history: text of ``<launch_dir>/.nextflow/history``, None if there is none
    :param environment: what every command gets
    :param tasks: its memory is the whole job's; the heap gets 70 %, at least 256 MiB
    """
    directory = PurePath(directory)
    resumed = _knows(history, call.session_id)
    argv = [site.executable, "-log", str(directory / "nextflow.log")]
    argv += ["run", str(PurePath(call.project_dir) / call.main), "-name", token, "-params-file", call.params_file]
    argv += ["-profile", call.profile] if call.profile else []
    argv += ["-c", call.site_config] if call.site_config else []
    argv += ["-c", str(directory / "overlay.config"), "-work-dir", call.work_dir]
    argv += ["-with-trace", str(directory / "trace.tsv"), "-ansi-log", "false"]
    argv += ["-resume", call.session_id] if resumed else []
    heap_mib = max(MIN_HEAP_MIB, int(tasks.memory_mib * HEAP_SHARE))
    chosen = {
        "JAVA_HOME": site.java_home,
        "NXF_VER": site.version,
        "NXF_HOME": str(site.home),
        "NXF_PLUGINS_DIR": str(site.plugins_dir or ""),
        "NXF_OFFLINE": "true" if site.offline else "",
        "NXF_DISABLE_CHECK_LATEST": "true",
        "NXF_ANSI_LOG": "false",
        "NXF_OPTS": f"-Xmx{heap_mib}m",
        "NXF_UUID": "" if resumed else call.session_id,
    }
    ours = {name: value for name, value in chosen.items() if value}
    return Rendered(argv, {**environment, **ours}, {"overlay.config": render_overlay(tasks, token=token)}, resumed)


def _knows(history: str | None, session_id: str) -> bool:
    rows = (line.split("\t") for line in (history or "").splitlines())
    return any(len(row) > SESSION_COLUMN and row[SESSION_COLUMN] == session_id for row in rows)
