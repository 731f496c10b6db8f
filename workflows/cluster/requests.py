"""What a caller asks of the job layer, as plain values that fit in a row (``spec/cluster-jobs.md`` §1.1, §5.2)."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import PurePath
from typing import Any

from workflows.cluster import identity
from workflows.cluster.policies import Policy
from workflows.cluster.secrets import refuse_plain_secrets, resolve_reference
from workflows.models import ClusterJob

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Kind = ClusterJob.Kind
CANCEL_GRACE_SECONDS = {Kind.COMMAND: 20, Kind.COPY: 20, Kind.NEXTFLOW: 120}
SPEC_FIELDS = {"argv", "nextflow", "working_dir", "environment", "secrets", "account", "qos", "inputs"}
SPEC_FIELDS |= {"cancel_grace_seconds", "max_attempts"}


class WrongRequest(ValueError):
    """A request that cannot become a job; the text names every fault."""


@dataclass(frozen=True)
class NextflowCall:
    """One head: what is run, with what, where. Paths are absolute text; ``main`` is relative to ``project_dir``."""

    project_dir: str
    main: str
    params_file: str
    work_dir: str
    launch_dir: str
    session_id: str
    profile: str = ""
    site_config: str = ""
    batch_id: str | None = None
    round: int = 1
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class JobRequest:
    """One piece of work: ``argv``, or for kind NEXTFLOW ``nextflow``.

    :param secrets: variable → reference (a file under ``EMG_CLUSTER__SECRETS_ROOT``)
    :param inputs: path → digest of what the work depends on
    :param priority: smaller goes first
    :param logical_key: what makes it the same work; None computes it
    :param max_attempts: lowers the layer's own limit of 6; 0 makes every end final
    """

    name: str
    kind: str
    working_dir: str
    memory_mib: int
    time_limit_seconds: int
    argv: list[str] | None = None
    nextflow: NextflowCall | None = None
    environment: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    cpus: int = 1
    partition: str = ""
    account: str = ""
    qos: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    cancel_grace_seconds: int | None = None
    study_id: int | None = None
    priority: int = 0
    logical_key: str | None = None
    max_attempts: int | None = None


@dataclass(frozen=True)
class Caller:
    """Which call of which flow run asks; the policy is asked once for each."""

    flow_run_id: uuid.UUID
    call_key: str


def check_request(request: JobRequest) -> None:
    """:raises WrongRequest: with all faults :raises PlainSecret: see :mod:`workflows.cluster.secrets`"""
    faults = list(_faults(request))
    if faults:
        raise WrongRequest("; ".join(faults))
    environment = request.environment | (request.nextflow.environment if request.nextflow else {})
    refuse_plain_secrets(argv=request.argv or [], environment=environment)
    for reference in request.secrets.values():
        resolve_reference(reference)


def key_of(request: JobRequest, policy: Policy) -> str:
    """The logical key the request has under that policy."""
    if request.logical_key is not None:
        return request.logical_key
    return identity.logical_key(
        kind=request.kind,
        working_dir=request.working_dir,
        call=asdict(request.nextflow) if request.nextflow else request.argv or [],
        environment=request.environment,
        secret_names=list(request.secrets),
        inputs=request.inputs if policy.inputs_in_key else {},
    )


def spec_of(request: JobRequest) -> dict[str, Any]:
    """The ``spec`` column: what every attempt of the job has in common."""
    spec = {name: value for name, value in asdict(request).items() if name in SPEC_FIELDS}
    if request.cancel_grace_seconds is None:
        spec["cancel_grace_seconds"] = CANCEL_GRACE_SECONDS[request.kind]
    return spec


def clean_name(name: str) -> str:
    """For people and for listings, where ``|`` separates."""
    return name.replace("|", "-")[:200]


def _faults(request: JobRequest) -> Iterator[str]:
    if not request.name.strip() or any(not sign.isprintable() for sign in request.name):
        yield f"name: {request.name!r} is empty or holds control characters"
    if request.kind not in Kind.values:
        yield f"kind: {request.kind!r} is none of {', '.join(Kind.values)}"
    is_head = request.kind == Kind.NEXTFLOW
    if is_head != (request.nextflow is not None) or is_head == bool(request.argv):
        yield "argv, nextflow: a NEXTFLOW job has a call, any other an argv that is not empty"
    if not PurePath(request.working_dir).is_absolute():
        yield f"working_dir: {request.working_dir!r} is not an absolute path"
    for name in ("memory_mib", "time_limit_seconds", "cpus"):
        if getattr(request, name) < 1:
            yield f"{name}: {getattr(request, name)} is less than 1"
    for group in ("environment", "secrets"):
        for name in getattr(request, group):
            if not VARIABLE.fullmatch(name):
                yield f"{group}: {name!r} cannot name a variable"
    texts = [*(request.argv or []), *request.environment.values(), *request.secrets.values(), request.working_dir]
    if any("\0" in text for text in texts):
        yield "argv, environment, secrets, working_dir: NUL cannot be passed to a command"
    if request.logical_key is not None and not 0 < len(request.logical_key) <= 200:
        yield f"logical_key: expected 1 to 200 characters, got {len(request.logical_key)}"
