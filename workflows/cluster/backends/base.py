"""What the job layer asks of a scheduler: seven calls, and the plain values they answer with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol


class BackendUnavailable(Exception):
    """No healthy answer: nothing is known, which is not the same as nothing being there."""


class ReplyKind(Enum):
    ID = "id"
    REFUSED = "refused"
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reply:
    """What a submit call answered (``spec/cluster-jobs.md`` §2.4). ``text`` is the scheduler's own word."""

    kind: ReplyKind
    job_id: str | None = None
    text: str = ""


@dataclass(frozen=True)
class SubmitRequest:
    """One attempt as the scheduler needs it. ``directory`` is the job directory; all limits are of this attempt."""

    token: str
    label: str
    directory: Path
    working_dir: Path
    cpus: int
    memory_mib: int
    time_limit_seconds: int
    cancel_grace_seconds: int
    partition: str = ""
    account: str = ""
    qos: str = ""
    warn_before_end: bool = False


@dataclass(frozen=True)
class Sighting:
    """One line of the scheduler's listing. ``name`` is a token, or ``<token>.<rest>`` for a child of that head."""

    job_id: str
    word: str
    reason: str
    submit_time: int | None
    name: str
    started_at: int | None = None


@dataclass(frozen=True)
class Accounting:
    """What accounting says of one job. Times are epoch seconds by the scheduler's clock."""

    job_id: str
    word: str
    name: str
    submit_time: int | None
    exit_code: int | None = None
    signal: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    cpu_seconds: float | None = None
    peak_rss_mib: int | None = None
    node: str = ""


@dataclass(frozen=True)
class Limits:
    """The most that one job may ask; None where there is no limit, or none is known."""

    seconds: int | None = None
    memory_mib: int | None = None


@dataclass(frozen=True)
class Slots:
    """Room for live attempts; ``memory_mib`` None is no limit of ours."""

    jobs: int
    memory_mib: int | None


class Backend(Protocol):
    name: str
    cluster: str

    def submit_held(self, request: SubmitRequest) -> Reply:
        """Bring a job in that cannot start before it is released and its fence file is written."""

    def release(self, job_ids: Sequence[str]) -> None:
        """Let held jobs go. Safe to repeat. :raises BackendUnavailable:"""

    def cancel(self, job_ids: Sequence[str], *, gentle: bool) -> None:
        """End jobs; ``gentle`` asks the batch shell only. Unknown ids are no error. :raises BackendUnavailable:"""

    def sweep(self, job_ids: Sequence[str]) -> None:
        """End the children of a dead head so that they have no time for a last word: what a task writes of its own end
        the next head would take for a result. :raises BackendUnavailable: also if an id is over; the others are done
        """

    def observe(self) -> list[Sighting]:
        """All our jobs and their children that the scheduler remembers. :raises BackendUnavailable:"""

    def account(self, job_ids: Iterable[str]) -> list[Accounting]:
        """Accounting records, several for an id given twice. :raises BackendUnavailable:"""

    def find(self, token: str) -> list[Sighting]:
        """The jobs of that name in a listing begun now. :raises BackendUnavailable:"""

    def limits(self, partition: str) -> Limits:
        """Of a partition, the default one if empty."""

    def capacity(self) -> Slots:
        """How many live attempts admission may let in, and how much memory they may ask together."""
