"""The verdict on a member: a table of what the reports, the tree and the job say (``spec/pipelines.md`` §2.4). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workflows.batches.rounds import ODD, UNFINISHED
from workflows.models import BatchMember
from workflows.models.outcome import OutcomeClass
from workflows.pipelines.declaration import Fault, Judgement, Report

V = BatchMember.Verdict
SUCCEEDED = "SUCCEEDED"
WHY = {
    OutcomeClass.EXIT: "pipeline_failed",
    OutcomeClass.OOM: "out_of_memory",
    OutcomeClass.TIMEOUT: "timeout",
    OutcomeClass.DEADLINE: "timeout",
    OutcomeClass.INFRASTRUCTURE: "node_failure",
    OutcomeClass.LOST: "node_failure",
    OutcomeClass.PREEMPTED: "node_failure",
    OutcomeClass.CANCELLED: "cancelled",
    OutcomeClass.CANCELLED_BY_OTHER: "cancelled",
}


@dataclass(frozen=True)
class Words:
    """What the reports say of one member. ``odd``: lines that nobody can act on, for a person to read."""

    passed: str = ""
    failed: str = ""
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ruling:
    """``verdict`` None: it waits for a person, or for another round. ``attention``: what a person must look at."""

    verdict: str | None
    reason_code: str = ""
    word: str = ""
    attention: str = ""
    result: Mapping = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    quality_control: Mapping | None = None  # of a member that failed it, if the numbers got written


def words_of(lines: Sequence[tuple[Report, str]]) -> Words:
    """Fold the lines of one member; the same line twice is one line.

    :param lines: (report, word), from all reports
    """
    known = {(report.role, word) for report, word in lines if report.knows(word)}
    odd = [f"{report.file}: {word!r} is not a known word" for report, word in lines if not report.knows(word)]
    if len(known) > 1:
        odd.append("several verdicts: " + ", ".join(f"{role} {word}" for role, word in sorted(known)))
    by_role = dict(known)
    return Words(by_role.get("pass", ""), by_role.get("fail", ""), tuple(dict.fromkeys(odd)))


def decide(words: Words, faults: Sequence[Fault] | None, *, end: str, again: bool = False) -> Ruling:
    """The verdict of a member whose pipeline reports on it.

    :param faults: of its tree; None where the tree was not looked at
    :param end: ``SUCCEEDED`` or the outcome class of the job
    :param again: whether what a failing pipeline left unfinished may go into another round
    """
    if words.odd:
        return Ruling(None, ODD, attention="; ".join(words.odd))
    if words.failed:
        return Ruling(V.QC_FAILED, words.failed, words.failed)
    if words.passed and not faults:
        return Ruling(V.COMPLETED, "", words.passed)
    if words.passed and end == SUCCEEDED:
        return Ruling(V.CHECK_FAILED, "outputs_invalid", words.passed)
    return _without_result(end, words.passed, again=again)


def decide_by_tree(faults: Sequence[Fault], judgement: Judgement | None, *, end: str, again: bool = False) -> Ruling:
    """The verdict where the tree alone decides. Only a job that succeeded may say that its member failed.

    :param judgement: what the declaration makes of a tree without faults
    """
    if judgement and judgement.verdict is None and end == SUCCEEDED:
        return Ruling(None, ODD, attention=judgement.word)
    if (
        judgement
        and judgement.verdict
        and (end == SUCCEEDED or (judgement.proven and judgement.verdict == V.COMPLETED))
    ):
        reason = "" if judgement.verdict == V.COMPLETED else judgement.word
        return Ruling(judgement.verdict, reason, judgement.word, result=judgement.result)
    if faults and end == SUCCEEDED:
        return Ruling(V.CHECK_FAILED, "outputs_invalid")
    return _without_result(end, again=again)


def _without_result(end: str, word: str = "", *, again: bool) -> Ruling:
    if again and end == OutcomeClass.EXIT:
        return Ruling(None, UNFINISHED)
    if end == SUCCEEDED:
        return Ruling(V.FAILED, "missing_in_report", word)
    if end == OutcomeClass.REFUSED:
        return Ruling(V.SKIPPED, attention="the scheduler refused the job; nothing ran")
    return Ruling(V.FAILED, WHY[OutcomeClass(end)], word)
