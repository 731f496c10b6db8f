"""An ended job done again because an operator says so (``spec/cluster-jobs.md`` §8)."""

from uuid import UUID

from django.db import transaction

from workflows.cluster.endings import ASKED
from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import SPEC_FIELDS, JobRequest, NextflowCall, WrongRequest, record_intent
from workflows.models import ClusterJob, FlowCall


def retry_job(
    *, job_id: UUID, actor: str, memory_mib: int | None = None, time_limit_seconds: int | None = None
) -> ClusterJob:
    """Write down a new job for the key of one that ended: as its last attempt was asked, but for what is given here.

    The next pass submits it. Flow runs that have had an answer keep it; whoever asks from now on gets the new job.

    :raises WrongRequest: it is under way, or its batch starts it
    """
    with transaction.atomic():
        job = ClusterJob.objects.get(pk=job_id)
        spec = {name: value for name, value in job.spec.items() if name in SPEC_FIELDS}
        if call := spec.get("nextflow"):
            spec["nextflow"] = NextflowCall(**call)
            if spec["nextflow"].batch_id:
                raise WrongRequest("it is a round of a batch: retry the flow run, which starts the next round")
        newest = job.attempts.order_by("number").last()
        asked = {name: getattr(newest, name) for name in ASKED}
        given = {"memory_mib": memory_mib, "time_limit_seconds": time_limit_seconds}
        asked |= {name: value for name, value in given.items() if value is not None}
        request = JobRequest(
            name=job.name,
            kind=job.kind,
            logical_key=job.logical_key,
            study_id=job.study_id,
            priority=job.priority,
            **spec | asked,
        )
        again, decision = record_intent(request=request, policy=POLICIES["ResubmitAlwaysPolicy"], actor=actor)
        if decision != FlowCall.Decided.SUBMITTED:
            raise WrongRequest(f"it is under way, as job {again.pk}")
    return again
