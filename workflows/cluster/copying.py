"""The server's side of the copier: plan, job and report (``spec/cluster-jobs.md`` §6.3)."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from workflows.cluster import node
from workflows.cluster.failpoints import failpoint
from workflows.cluster.node.supervisor import write_file
from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import Caller, JobRequest, record_intent
from workflows.cluster.submission import submit_job
from workflows.models import ClusterJob

COPIER = Path(__file__).parent / "node" / "copier.py"
SUMS = "checksums.sha256"
MEMORY_MIB, TIME_LIMIT_SECONDS = 1024, 3600


@dataclass(frozen=True)
class PlanLine:
    """One file: ``path`` lies below ``target``, a folder that is put in place whole. Sizes in bytes."""

    source: str
    target: str
    path: str
    bytes: int | None
    sha256: str | None = None


class PathRefused(ValueError):
    """A source or target that is not where it may be."""


def check_ends(source: Path, target: Path, *, sources: Iterable[Path], targets: Iterable[Path]) -> None:
    """Refuse a copy out of or into anything but the configured roots, and one into itself.

    :raises PathRefused: with both real paths
    """
    real_source, real_target = (Path(os.path.realpath(path)) for path in (source, target))
    for real, roots in ((real_source, sources), (real_target, targets)):
        if not any(real.is_relative_to(os.path.realpath(root)) for root in roots):
            raise PathRefused(f"{real} is not under {', '.join(str(root) for root in roots)}")
    if real_source.is_relative_to(real_target) or real_target.is_relative_to(real_source):
        raise PathRefused(f"{real_source} and {real_target}: one lies in the other")


def write_plan(folder: Path, lines: Iterable[PlanLine]) -> Path:
    """Write a plan under a name made of its content, so that equal plans are one file.

    :return: its path; the report will lie beside it, see :func:`report_of`
    """
    text = "".join(json.dumps(asdict(line), sort_keys=True) + "\n" for line in lines)
    plan = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.plan.jsonl"
    folder.mkdir(mode=0o770, parents=True, exist_ok=True)
    write_file(plan, text)
    return plan


def report_of(plan: Path) -> Path:
    return plan.with_name(plan.name.replace(".plan.", ".report."))


def plan_of(job: ClusterJob) -> Path:
    """The plan that a COPY job carries out."""
    return Path(next(path for path in job.spec["inputs"] if path.endswith(".plan.jsonl")))


def copy_request(*, name: str, plan: Path, logical_key: str, arguments: Iterable[str] = (), **more: Any) -> JobRequest:
    """The COPY job of a plan; ``arguments`` are the copier's own, e.g. ``--move``."""
    asked: dict[str, Any] = {"memory_mib": MEMORY_MIB, "time_limit_seconds": TIME_LIMIT_SECONDS}
    asked["partition"] = settings.EMG_CONFIG.slurm.datamover_partition
    return JobRequest(
        name=name,
        kind="COPY",
        working_dir=str(plan.parent),
        argv=["python3", str(node.install("copier.py")), str(plan), str(report_of(plan)), *arguments],
        inputs={str(plan): hashlib.sha256(plan.read_bytes()).hexdigest()},
        logical_key=logical_key,
        **asked | more,
    )


def start_copy(*, request: JobRequest, actor: str, caller: Caller | None) -> ClusterJob:
    """Record a copy and submit it. Rows have told that it is needed: a former one with its key is no reason against it.

    :param caller: each plan that it asks for is another call of it
    """
    caller = caller and replace(caller, call_key=f"{caller.call_key}:{request.logical_key}")
    with transaction.atomic():
        policy = POLICIES["ResubmitAlwaysPolicy"]
        job = record_intent(request=request, policy=policy, actor=actor, caller=caller).job
    failpoint("copy_intended")
    submit_job(job)
    return job


def read_report(plan: Path) -> tuple[dict[str, list[dict[str, Any]]], dict[str, str]]:
    """What the copier says it did, believed only where every line of the plan has its match.

    :return: by target folder the lines of files that were copied and verified; by target folder why it was not
    """
    wanted: dict[str, dict[str, Mapping[str, Any]]] = {}
    for text in plan.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        wanted.setdefault(line["target"], {})[line["path"]] = line
    report = report_of(plan)
    if not report.is_file():
        return {}, dict.fromkeys(wanted, f"no report at {report}")
    *lines, total = report.read_text(encoding="utf-8").splitlines()
    if json.loads(total).get("sha256") != hashlib.sha256("\n".join(lines).encode()).hexdigest():
        return {}, dict.fromkeys(wanted, f"{report}: its sum does not fit its lines")
    entries = [json.loads(line) for line in lines]
    verified, refused = {}, {}
    for target, files in wanted.items():
        mine = [entry for entry in entries if entry["target"] == target]
        if faults := list(_faults(files, mine)):
            refused[target] = "; ".join(faults)
        else:
            verified[target] = mine
    return verified, refused


def _faults(wanted: Mapping[str, Mapping[str, Any]], entries: list[dict[str, Any]]) -> Iterable[str]:
    for entry in entries:
        if "error" in entry:
            yield f"{entry['path']} ({entry['bytes']} bytes): {entry['error']}"
    told = {entry["path"]: entry for entry in entries if "error" not in entry}
    if any("error" in entry for entry in entries):
        return
    yield from (f"{path}: not in the report" for path in sorted(set(wanted) - set(told)))
    yield from (f"{path}: not in the plan" for path in sorted(set(told) - set(wanted)))
    for path in sorted(set(wanted) & set(told)):
        planned, found = wanted[path], told[path]
        if planned["bytes"] not in (None, found["bytes"]) or planned["sha256"] not in (None, found["sha256"]):
            yield f"{path}: {found['bytes']} bytes {found['sha256']}, planned {planned['bytes']} {planned['sha256']}"
