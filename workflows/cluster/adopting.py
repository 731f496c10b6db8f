"""What a person decides where rows and scheduler do not agree (``spec/cluster-jobs.md`` §2.4, §2.7, §8).

After the restore of an older backup there are jobs that no row knows. Each has its directory, and in it what its rows
are written from again. Nothing of that happens by itself.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from analyses.models import Study
from workflows.cluster import job_files
from workflows.cluster.backends import get_backend
from workflows.cluster.backends.base import Sighting
from workflows.cluster.classify import adoptable
from workflows.cluster.endings import ASKED, create_attempt
from workflows.cluster.reconciler import MANY_MISSING
from workflows.cluster.states import record_event, transition
from workflows.models import Attention, Batch, ClusterJob, ClusterJobAttempt, PipelineRun
from workflows.models.outcome import OutcomeClass
from workflows.services.attention import clear_attention, dismiss_attention

A = ClusterJobAttempt.State
END_UNKNOWN: dict[str, Any] = {
    "outcome_class": OutcomeClass.LOST,
    "evidence": "known by its directory alone: how it ended is not told",
}


class NotAdopted(Exception):
    """The rows tell another story of that job; the text says which."""


@dataclass(frozen=True)
class Foundling:
    """An attempt without a row.

    :param job_id: what the fence says: the scheduler's job that may run, or ran, its command
    :param word: ``live`` in the scheduler, ``succeeded`` by its own marker, else ``over``
    """

    token: str
    intent: dict[str, Any]
    job_id: str | None
    word: str


def find_foundlings() -> list[list[Foundling]]:
    """Attempts of this installation that have a directory and no row, by job, the last attempt last.

    :raises BackendUnavailable: who cannot see what runs adopts nothing
    """
    tokens = job_files.our_directories()
    known = set(ClusterJobAttempt.objects.filter(token__in=tokens).values_list("token", flat=True))
    intents = {token: job_files.read_intent(token) for token in tokens if token not in known}
    seen = {name: get_backend(name).observe() for name in {intent["backend"] for intent in intents.values()}}
    found = defaultdict(list)
    for token, intent in sorted(intents.items(), key=lambda item: item[1]["number"]):
        found[intent["job"]].append(_look_at(token, intent, seen[intent["backend"]]))
    return list(found.values())


def _look_at(token: str, intent: dict[str, Any], seen: list[Sighting]) -> Foundling:
    fenced, live = job_files.read_fence(token), adoptable(seen, token)
    marker = job_files.read_marker(token, fenced)
    if live and fenced in (None, live):
        return Foundling(token, intent, fenced, "live")
    return Foundling(token, intent, fenced, "succeeded" if marker and marker.exit_code == 0 else "over")


@transaction.atomic
def adopt_job(*, attempts: list[Foundling], actor: str) -> ClusterJob:
    """Write the rows of a job anew. One that lives, or has succeeded, the next pass follows; any other is lost.

    :raises NotAdopted: nothing was written
    """
    last = attempts[-1]
    try:
        with transaction.atomic():
            job = _create_job(last, actor)
    except IntegrityError as error:
        rival = ClusterJob.objects.filter(logical_key=last.intent["logical_key"], state=ClusterJob.State.OPEN).first()
        told = f"its key is under way as job {rival.pk}" if rival else "its job has a row already"
        raise NotAdopted(f"{told}: end one of both") from error
    for found in attempts:
        _create_attempt(job, found, actor, follow=found is last and found.word != "over")
        strays = Attention.objects.filter(subject_kind="scheduler_job", subject_id__startswith=found.token)
        for subject in strays.filter(cleared_at=None).values_list("subject_id", flat=True):
            clear_attention(subject_kind="scheduler_job", subject_id=subject)
    if last.word == "over":
        transition(row=job, to=ClusterJob.State.FAILED, actor=actor, kind="job_ended", final_at=Now(), **END_UNKNOWN)
    return job


def _create_job(found: Foundling, actor: str) -> ClusterJob:
    intent = found.intent
    same = {name: intent[name] for name in ("logical_key", "name", "kind", "backend", "spec")}
    study = Study.objects.filter(pk=intent.get("study_id") or 0).first()
    job = ClusterJob.objects.create(pk=UUID(intent["job"]), study=study, **same)
    record_event(row=job, actor=actor, kind="job_adopted", to_state=job.state)
    return job


def _create_attempt(job: ClusterJob, found: Foundling, actor: str, *, follow: bool) -> None:
    """As its submitter left it: at work without a lease, or with the id that the fence names."""
    like = {name: found.intent[name] for name in ASKED} | {"token": found.token}
    attempt = create_attempt(job=job, number=found.intent["number"], actor=actor, like=like)
    if call := job.spec.get("nextflow"):
        batch = Batch.objects.filter(pk=call["batch_id"]).first() if call["batch_id"] else None
        PipelineRun.objects.create(attempt=attempt, batch=batch, round=call["round"])
    transition(row=attempt, to=A.SUBMITTING, actor=actor, kind="adopted", submissions=1, lease_until=Now())
    if not follow:
        transition(row=attempt, to=A.FAILED, actor=actor, kind="ended", ended_at=Now(), lease_until=None, **END_UNKNOWN)
    elif found.job_id:
        known: dict[str, Any] = {"backend_job_id": found.job_id, "cluster": get_backend(job.backend).cluster}
        transition(row=attempt, to=A.HELD, actor=actor, kind="adopted", detail=known, **known)


def adopt_token(*, token: str, actor: str) -> ClusterJob:
    """The job of one attempt. :raises NotAdopted: it has no directory here, or see :func:`adopt_job`"""
    for attempts in find_foundlings():
        if token in {found.token for found in attempts}:
            return adopt_job(attempts=attempts, actor=actor)
    raise NotAdopted(f"{token} has no directory here, or a row meanwhile")


def accept_loss(*, actor: str, because: str) -> list[str]:
    """Let the jobs that were missing by now be lost, where the brake has kept them. :return: the backends"""
    told = Attention.objects.filter(code=MANY_MISSING, cleared_at=None)
    return [row.subject_id for row in told if dismiss_attention(attention=row, actor=actor, because=because)]
