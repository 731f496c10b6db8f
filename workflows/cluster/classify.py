"""One total function over everything a scheduler can say of a job (``spec/cluster-jobs.md`` §2.7). Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from workflows.cluster.backends.base import Accounting, Sighting
from workflows.cluster.job_files import Marker
from workflows.models import ClusterJobAttempt
from workflows.models.outcome import OutcomeClass as C

A = ClusterJobAttempt.State

LIVE_WORDS = {
    **dict.fromkeys(["PENDING", "CONFIGURING", "POWER_UP_NODE", "EXPEDITING"], A.QUEUED),
    **dict.fromkeys(["REQUEUED", "REQUEUE_FED", "UPDATE_DB"], A.QUEUED),
    **dict.fromkeys(["REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"], A.QUEUED),
    **dict.fromkeys(["RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING"], A.RUNNING),
    **dict.fromkeys(["COMPLETING", "STAGE_OUT"], A.ENDING),
}
FINAL_WORDS = {
    "COMPLETED": None,
    "FAILED": C.EXIT,
    "OUT_OF_MEMORY": C.OOM,
    "TIMEOUT": C.TIMEOUT,
    "DEADLINE": C.DEADLINE,
    "NODE_FAIL": C.INFRASTRUCTURE,
    "BOOT_FAIL": C.INFRASTRUCTURE,
    "PREEMPTED": C.PREEMPTED,
    "LAUNCH_FAILED": C.INFRASTRUCTURE,
    "RECONFIG_FAIL": C.INFRASTRUCTURE,
    "REVOKED": C.INFRASTRUCTURE,
    "CANCELLED": C.CANCELLED_BY_OTHER,
}
BELIEVED_OVER_A_ZERO = {"FAILED", "OUT_OF_MEMORY"}  # of the latter a child may have died, unnoticed by the command
MAY_BE_REQUEUED = {"PREEMPTED", "LAUNCH_FAILED", "RECONFIG_FAIL", "REVOKED"}
HELD_BY_US = ("PENDING", "JobHeldUser")  # the word and the reason
WAITS_FOR_A_PERSON = {"REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
STARTS_NEVER = {"JobHeldAdmin", "JobHoldMaxRequeue", "BadConstraints", "DependencyNeverSatisfied", "InvalidQOS"}
STARTS_NEVER |= {"InvalidAccount", "AccountNotAllowed", "PartitionTimeLimit", "PartitionNodeLimit"}
STARTS_NEVER |= {"PartitionDown", "PartitionInactive"}  # before a person acts (§2.10)
STARTS_NEVER |= {"launch failed requeued held", "launch_failed_requeued_held"}  # to release it again might drain nodes
OURS_TO_REPEAT = {C.INFRASTRUCTURE, C.PREEMPTED, C.LOST}
OOM_IN_LOG = re.compile(r"oom-kill|exceeded memory limit")
REQUEUED, NO_FENCE, SIGKILL = 97, 99, 9

MISSING_PASSES = 5
ALIVE_SECONDS = 300
LONG_WAIT_SECONDS = 24 * 3600  # then a person is told, whatever the reason (§2.10)


@dataclass(frozen=True)
class Facts:
    """All we know of one attempt. ``sighting`` and ``accounting`` are already known to be about this very job.

    :param ending_seconds: since when the scheduler is known to be done with it; None if that is news
    :param released_seconds: since when it may start; None while we hold it
    """

    sighting: Sighting | None = None
    accounting: Accounting | None = None
    marker: Marker | None = None
    released: bool = True
    started: bool = False
    cancel_requested: bool = False
    ending_seconds: float | None = None
    released_seconds: float | None = None
    grace_seconds: float = 120
    log: str = ""


@dataclass(frozen=True)
class Verdict:
    """``state`` None keeps the present one. ``missing``: the missing rule decides. ``attention`` is a code."""

    state: str | None
    outcome_class: str | None = None
    exit_code: int | None = None
    evidence: str = ""
    word: str = ""
    missing: bool = False
    own_word: bool = True  # the scheduler itself said so
    attention: str = ""

    @property
    def is_final(self) -> bool:
        return self.state in (A.SUCCEEDED, A.FAILED, A.CANCELLED)


def base_word(raw: str) -> str:
    """``CANCELLED by 1000`` and ``CANCELLED+`` are CANCELLED."""
    return re.split(r"[+\s]", raw.strip().upper(), maxsplit=1)[0]


def adoptable(sightings: Iterable[Sighting], token: str) -> str | None:
    """The id of a job that a lost submit call left under that token: the lowest, the others are duplicates.

    An ended one is no find: without a recorded id there was no fence, so it cannot have run.
    """
    found = [seen.job_id for seen in sightings if seen.name == token and base_word(seen.word) in LIVE_WORDS]
    return min(found, key=lambda job_id: (len(job_id), job_id), default=None)


def classify(facts: Facts) -> Verdict:
    """What the attempt is now. Total: a word nobody knows ends nothing."""
    seen = base_word(facts.sighting.word) if facts.sighting else ""
    told = base_word(facts.accounting.word) if facts.accounting else ""
    if facts.sighting and seen in LIVE_WORDS:
        return _live(facts, facts.sighting, seen)
    if facts.sighting and seen not in FINAL_WORDS:
        return Verdict(None, word=facts.sighting.word[:64], attention="unknown_word")
    if facts.sighting and seen in MAY_BE_REQUEUED and told not in FINAL_WORDS:
        return Verdict(A.ENDING, word=seen)
    if facts.sighting or told in FINAL_WORDS:
        verdict = _ended(facts, seen or told)
    elif facts.marker and facts.marker.why == "term" and not facts.cancel_requested:
        why = "ended from outside, and the scheduler does not know it any more"
        verdict = Verdict(A.FAILED, C.INFRASTRUCTURE, facts.marker.exit_code, why, own_word=False)
    elif facts.marker:
        verdict = replace(_by_marker(facts, facts.marker), own_word=False)
    else:
        return Verdict(None, missing=True, word=told)
    if facts.cancel_requested and verdict.outcome_class in OURS_TO_REPEAT:
        verdict = replace(verdict, state=A.CANCELLED, outcome_class=C.CANCELLED)
    return replace(verdict, word=seen or told)


def missing_is_lost(*, passes: int, seconds: float, lost_after_seconds: float, alive_age_seconds: float | None) -> bool:
    """The missing rule: long enough, often enough, by both sources, and the job itself is silent too."""
    silent = alive_age_seconds is None or alive_age_seconds > ALIVE_SECONDS
    return passes >= MISSING_PASSES and seconds >= lost_after_seconds and silent


def _live(facts: Facts, sighting: Sighting, word: str) -> Verdict:
    if word == "PENDING" and sighting.reason.startswith("JobHeld") and not facts.released:
        return Verdict(A.HELD, word=word)
    attention = "must_be_released" if word in WAITS_FOR_A_PERSON else ""
    if word == "PENDING" and sighting.reason in STARTS_NEVER:
        attention = "starts_never"
    elif LIVE_WORDS[word] == A.QUEUED and not attention and (facts.released_seconds or 0) > LONG_WAIT_SECONDS:
        attention = "waits_long"
    return Verdict(LIVE_WORDS[word], word=word, attention=attention)


def _ended(facts: Facts, word: str) -> Verdict:
    """The scheduler says it is over; its word and the marker together say how."""
    marker, code = facts.marker, facts.marker.exit_code if facts.marker else None
    if word == "COMPLETED":
        if marker:
            return _by_marker(facts, marker)
        return _after_grace(facts, C.INFRASTRUCTURE, "COMPLETED without an exit marker")
    if word not in BELIEVED_OVER_A_ZERO and marker and marker.exit_code == 0 and marker.why == "-":
        # Cancelled too late; or a controller was killed that had just heard the end, and now waits for a second one.
        return Verdict(A.SUCCEEDED, exit_code=0, evidence=f"it had finished before it was called {word}")
    if word == "CANCELLED":
        by_us = C.CANCELLED if facts.cancel_requested else C.CANCELLED_BY_OTHER
        source = facts.accounting or facts.sighting
        return Verdict(A.CANCELLED, by_us, code, evidence=source.word if source else word)
    if word == "FAILED":
        return _failed(facts)
    return Verdict(A.FAILED, FINAL_WORDS[word], code, evidence=f"the scheduler says {word}")


def _failed(facts: Facts) -> Verdict:
    accounting = facts.accounting if facts.accounting and base_word(facts.accounting.word) in FINAL_WORDS else None
    code, signal = (accounting.exit_code, accounting.signal) if accounting else (None, None)
    its_own = facts.marker is not None and facts.marker.exit_code == REQUEUED
    if (code == REQUEUED and not its_own) or (code == NO_FENCE and not facts.started):
        why = "requeued by the scheduler" if code == REQUEUED else "fence not seen on the node"
        return Verdict(A.FAILED, C.INFRASTRUCTURE, code, why)
    if facts.marker:
        verdict = _by_marker(facts, facts.marker)
        return verdict if verdict.state != A.SUCCEEDED else Verdict(A.FAILED, C.EXIT, 0, "FAILED, though its code is 0")
    if facts.cancel_requested:
        return Verdict(A.CANCELLED, C.CANCELLED, code, "ended while being cancelled")
    if signal == SIGKILL:
        outcome = C.OOM if OOM_IN_LOG.search(facts.log) else C.INFRASTRUCTURE
        evidence = "killed, without an exit marker"
    elif code is None:
        outcome, evidence = C.INFRASTRUCTURE, "FAILED, and neither marker nor accounting says how"
    else:
        outcome, evidence = C.EXIT, f"exit code {code}, without an exit marker"
    return replace(_after_grace(facts, outcome, evidence), exit_code=code)


def _by_marker(facts: Facts, marker: Marker) -> Verdict:
    if marker.why == "time_limit":
        return Verdict(A.FAILED, C.TIMEOUT, marker.exit_code, "ended shortly before its time limit")
    if marker.why == "term" and facts.cancel_requested:
        return Verdict(A.CANCELLED, C.CANCELLED, marker.exit_code, "ended after we asked it to")
    if marker.exit_code == 0:
        return Verdict(A.SUCCEEDED, exit_code=0)
    return Verdict(A.FAILED, C.EXIT, marker.exit_code, f"exit code {marker.exit_code}")


def _after_grace(facts: Facts, outcome: str, evidence: str) -> Verdict:
    """The marker may still be on its way through the file system."""
    if facts.ending_seconds is None or facts.ending_seconds < facts.grace_seconds:
        return Verdict(A.ENDING)
    return Verdict(A.FAILED, outcome, evidence=evidence)
