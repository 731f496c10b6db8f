"""What Prefect says of a run, and the step that follows: the table of ``spec/cluster-jobs.md`` §5.4."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

from workflows.prefect_utils.entering import WORD_OF
from workflows.prefect_utils.sleep import ASK_KEY, JOBS_KEY

from workflows.models import FlowRun

GONE = "GONE"  # no word of Prefect's: it has no such run
ENDS = WORD_OF | {GONE: FlowRun.State.FAILED}


@dataclass(frozen=True)
class Seen:
    """A run as Prefect sees it; the age of its state in seconds of Prefect's own clock."""

    id: UUID
    type: str
    name: str
    message: str
    age: float
    pause_key: str

    @property
    def asks(self) -> bool:
        return self.pause_key.startswith(f"{ASK_KEY}-")

    @property
    def ours(self) -> bool:
        return self.asks or self.pause_key.startswith(f"{JOBS_KEY}-")

    @property
    def decision_id(self) -> str:
        """Of the question it asks; two runs may wait for one answer."""
        return self.pause_key.removeprefix(f"{ASK_KEY}-").rpartition("-")[0]


def seen_from(answer: dict[str, Any], now: datetime) -> Seen:
    """:param answer: a flow run as the API gives it; :param now: by Prefect's clock"""
    state = answer["state"]
    return Seen(
        id=UUID(answer["id"]),
        type=state["type"],
        name=state["name"],
        message=state["message"] or "",
        age=(now - datetime.fromisoformat(state["timestamp"])).total_seconds(),
        pause_key=(state["state_details"] or {}).get("pause_key") or "",
    )


def not_seen(prefect_id: UUID) -> Seen:
    return Seen(prefect_id, GONE, "Gone", "Prefect does not know the run any more", 0, "")


class Step(Enum):
    LEAVE = auto()
    WAKE = auto()
    ASK_ANEW = auto()
    RESCHEDULE = auto()
    DECLARE_CRASHED = auto()
    REVIVE = auto()
    ASK_CANCEL = auto()
    CLOSE = auto()


def next_step(seen: Seen, *, cancel: bool, ready: bool, alive: bool, settle: float) -> Step:
    """Pure.

    :param ready: nothing it waits for is open, or it waits for nothing
    :param alive: its body gave a sign of life, or nobody was there to see it
    :param settle: seconds after which the process that suspended is surely gone
    """
    if seen.type in ENDS:
        return Step.CLOSE
    if cancel and seen.type != "CANCELLING":
        return Step.CLOSE if seen.type == "CRASHED" else Step.ASK_CANCEL
    step = Step.LEAVE
    match seen.type:
        case "PAUSED" if seen.ours and seen.age >= settle:
            unanswered = Step.ASK_ANEW if seen.asks else Step.LEAVE
            step = Step.WAKE if ready else unanswered
        case "PENDING" if not alive:  # its worker died before a process was started
            step = Step.RESCHEDULE
        case "RUNNING" if not alive:
            step = Step.DECLARE_CRASHED
        case "CRASHED":
            step = Step.REVIVE
    return step
