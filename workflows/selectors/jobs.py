"""Reads of the job layer: lists, look-ups, what a state means in words (``spec/cluster-jobs.md`` §1.1, §2.10)."""

import re
import uuid
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from workflows.models import ClusterJob, ClusterJobAttempt

A = ClusterJobAttempt.State
ID_PREFIX = re.compile(r"[0-9a-f]{6,32}")
NEWEST_FIRST = Prefetch("attempts", ClusterJobAttempt.objects.order_by("-number").defer("log_tail"))
WORDS = {A.HELD: "queued", A.INTENDED: "waiting"}
NEXT = {
    A.INTENDED: "Submitted by the next pass that has room for it.",
    A.SUBMITTING: "Submitted, or taken over once the submitter's lease is over.",
    A.HELD: "Released, now or by the next pass.",
    A.QUEUED: "Started by the scheduler.",
    A.RUNNING: "Runs to its own end, or to its time limit.",
    A.ENDING: "Its end is being looked at: marker, accounting, children.",
}
REASONS = [
    (r"Assoc|QOS\w|Max", "a limit of our account or QOS"),
    (r"Priority|Resources", "the queue"),
    (r"Limit", "our own limit of live jobs"),
    (r"LocalMemory", "room on this machine"),
]


def list_jobs(
    *,
    state: str | None = None,
    study: str | None = None,
    outcome_class: str | None = None,
    since: datetime | None = None,
) -> QuerySet[ClusterJob]:
    """Jobs, newest first, with their study and attempts.

    :param state: of the job, or of its live attempt
    :param study: an MGYS or ENA accession
    """
    jobs = ClusterJob.objects.select_related("study").prefetch_related(NEWEST_FIRST).order_by("-created_at", "id")
    if state:
        jobs = jobs.filter(Q(state=state) | Q(state=ClusterJob.State.OPEN, attempts__state=state)).distinct()
    if study:
        jobs = jobs.filter(Q(study__accession=study) | Q(study__ena_study__aliases__accession=study)).distinct()
    if outcome_class:
        jobs = jobs.filter(outcome_class=outcome_class)
    return jobs.filter(created_at__gte=since) if since else jobs


def find_jobs(text: str) -> list[ClusterJob]:
    """By id or the beginning of one, by a token, or by a scheduler's id (which is given again some day)."""
    found = Q(attempts__token=text) | Q(attempts__backend_job_id=text)
    digits = text.replace("-", "").lower()
    if ID_PREFIX.fullmatch(digits):
        found |= Q(pk__range=[uuid.UUID(digits.ljust(32, filler)) for filler in "0f"])
    return list(list_jobs().filter(found).distinct())


def newest_attempt(job: ClusterJob) -> ClusterJobAttempt:
    return max(job.attempts.all(), key=lambda attempt: attempt.number)


def word_of(job: ClusterJob) -> str:
    """The job's state as people read it: an open one shows its attempt's word."""
    if job.is_final:
        return job.get_state_display()
    if job.cancel_requested_at:
        return "cancelling"
    attempt = newest_attempt(job)
    if attempt.state == A.INTENDED and attempt.number > 1:
        return "to retry"
    return WORDS.get(A(attempt.state), attempt.get_state_display())


def reason_in_words(reason: str) -> str:
    """Why a scheduler or admission lets a job wait; an unknown reason as it reads."""
    meaning = next((words for pattern, words in REASONS if re.match(pattern, reason)), "")
    return f"{meaning} ({reason})" if meaning else reason


def what_next(job: ClusterJob) -> str:
    """What happens to the job next, without anybody doing anything."""
    if job.is_final:
        return "Nothing: it is final."
    if job.cancel_requested_at:
        return "Every pass sends the cancel again until the scheduler says it is over."
    attempt = newest_attempt(job)
    if attempt.state == A.INTENDED and attempt.not_before:
        return f"Submitted from {attempt.not_before:%Y-%m-%d %H:%M:%S} on, when there is room."
    return NEXT[A(attempt.state)]
