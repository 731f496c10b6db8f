"""One row of every kind that the admin shows, with as many rows below it as asked for."""

import uuid

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from analyses.models import ApiToken, ComputeResourceHeuristic
from analyses.tests.factories import (
    make_analysis,
    make_annotations,
    make_assembly,
    make_download,
    make_publication,
    make_run,
    make_sample,
    make_study,
    make_super_study,
)
from emgapiv2.tests.callers import OWNER, request_of
from ena.models import SyncRun, VisibilityEvent
from workflows.cluster.identity import new_token
from workflows.cluster.states import record_event, transition
from workflows.models import (
    Attention,
    Batch,
    BatchMember,
    ClusterJob,
    ClusterJobAttempt,
    Decision,
    Duty,
    FlowCall,
    FlowRun,
    Notice,
    PipelineRun,
    PipelineTask,
)

FORM = {
    "type": "object",
    "required": ["biome"],
    "properties": {
        "biome": {"enum": ["root:Engineered", "root:Environmental"], "type": "string", "title": "Biome"},
        "samples_limit": {"type": "integer", "minimum": 1, "default": 10, "title": "Samples limit"},
        "webin_owner": {"anyOf": [{"type": "string", "pattern": "^Webin-[0-9]+$"}, {"type": "null"}], "default": None},
        "strict": {"type": "boolean", "default": False},
    },
}


def make_everything(children=1):
    """Rows of all registered models around one study, by model name."""
    study = make_study(level=1)
    sample = make_sample(study)
    runs = [make_run(study, sample) for _ in range(children)]
    analyses = [make_analysis(run, state="running") for run in runs]
    for number in range(children):
        make_annotations(analyses[0], source=f"taxonomies.{number}")
        make_download(analyses[0], alias=f"{number}.tsv")
        look = SyncRun.objects.create(kind="look", study=study.ena_study, outcome="complete", actor="test")
        VisibilityEvent.objects.create(
            noun="ena_study",
            object_id=study.ena_study_id,
            accession=study.first_accession,
            from_level=0,
            to_level=1,
            cause="ena_private",
            actor="test",
        )
    flow_runs = [make_flow_run(study) for _ in range(children)]
    jobs = [make_head(study, attempts=children, tasks=children) for _ in range(children)]
    for job in jobs:
        FlowCall.objects.create(flow_run=flow_runs[0], call_key=str(job.pk), job=job, decision="submitted")
    batches = [make_batch(study, jobs[0], flow_runs[0]) for _ in range(children)]
    for run, analysis in zip(runs, analyses, strict=True):
        BatchMember.objects.create(
            batch=batches[0], slug="mini_amplicon", run=run, analysis=analysis, verdict="failed", faults=["no reads"]
        )
    for attempt in jobs[0].attempts.all():
        PipelineRun.objects.filter(attempt=attempt).update(batch=batches[0])
    decisions = [make_question(flow_runs[0]) for _ in range(children)]
    for job in jobs:
        Attention.objects.create(code="held", subject_kind="job", subject_id=job.pk, study=study, text="held long")
    others = [make_study() for _ in range(children)]
    user = User.objects.create_user(f"user-{uuid.uuid4()}")
    return {
        "study": study,
        "ena.study": study.ena_study,
        "sample": sample,
        "ena.sample": sample.ena_sample,
        "syncrun": look,
        "run": runs[0],
        "analysis": analyses[0],
        "assembly": make_assembly(*runs),
        "analysisrequest": request_of(OWNER),
        "notice": make_notice(study),
        "biome": study.biome,
        "publication": make_publication(*others),
        "superstudy": make_super_study(*others),
        "computeresourceheuristic": ComputeResourceHeuristic.objects.get_or_create(biome=study.biome, memory_gib=8)[0],
        "apitoken": ApiToken.objects.create(
            name="t", token_hash=uuid.uuid4().hex * 2, prefix="abcd1234", user=user, expires_at=timezone.now()
        ),
        "flowrun": flow_runs[0],
        "clusterjob": jobs[0],
        "batch": batches[0],
        "decision": decisions[0],
        "attention": Attention.objects.latest("pk"),
        "duty": Duty.objects.create(name=f"duty {uuid.uuid4()}", finished_at=timezone.now()),
        "user": user,
        "group": Group.objects.create(name=str(uuid.uuid4())),
    }


@transaction.atomic  # a row and its event appear together
def make_flow_run(study=None, state="requested"):
    run = FlowRun.objects.create(
        deployment="analyse_study_deployment", source="test", run_key=str(uuid.uuid4()), study=study, state=state
    )
    record_event(row=run, actor="test", kind="asked", to_state=state)
    return run


@transaction.atomic  # a row and its event appear together
def make_head(study=None, attempts=1, tasks=1, log_tail="executor > slurm", **columns):
    """An open Nextflow job; all attempts but the newest failed."""
    job = ClusterJob.objects.create(
        logical_key=uuid.uuid4().hex,
        name="mini_amplicon of a batch",
        kind="NEXTFLOW",
        backend="local",
        spec={},
        study=study,
    )
    record_event(row=job, actor="test", kind="made", to_state=job.state)
    for number in range(1, attempts + 1):
        asked = {"cluster": "local", "memory_mib": 64, "time_limit_seconds": 60, "token": new_token()}
        attempt = ClusterJobAttempt.objects.create(job=job, number=number, log_tail=log_tail, **asked | columns)
        record_event(row=attempt, actor="test", kind="made", to_state=attempt.state)
        if number < attempts:
            transition(row=attempt, to="SUBMITTING", actor="test", kind="moved")
            transition(row=attempt, to="FAILED", actor="test", kind="moved")
        head = PipelineRun.objects.create(attempt=attempt)
        for task in range(1, tasks + 1):
            make_task(head, task)
    return job


def make_task(head, number, status="COMPLETED", process="MERGE", **columns):
    return PipelineTask.objects.create(
        pipeline_run=head,
        task_id=number,
        process=process,
        tag=f"ERR{number:07}",
        name=f"{process} (ERR{number:07})",
        status=status,
        **{"exit": 0, "realtime": 1500 * number, "peak_rss": 3_000_000 * number, "native_id": str(1000 + number)}
        | columns,
    )


@transaction.atomic  # a row and its event appear together
def make_batch(study, job=None, flow_run=None):
    batch = Batch.objects.create(
        study=study,
        slug="mini_amplicon",
        version="V6",
        revision="0",
        key=uuid.uuid4().hex[:16],
        session_id=uuid.uuid4(),
        job=job,
        flow_run=flow_run,
        base_dir="/batches/1",
        work_dir=f"/work/{uuid.uuid4()}",
    )
    record_event(row=batch, actor="test", kind="planned", to_state=batch.state)
    return batch


def make_notice(study=None):
    told = {"kind": "failure", "heading": "analyse_study_deployment", "text": "no reads", "page": "workflows/duty/x"}
    return Notice.objects.create(key=str(uuid.uuid4()), channel="team", study=study, **told)


def make_question(flow_run=None, why="", form=FORM, initial=None):
    return Decision.objects.create(
        question="analysis_settings",
        subject=str(uuid.uuid4()),
        form=form,
        initial=initial or {},
        why=why,
        flow_run=flow_run,
    )
