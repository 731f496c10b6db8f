"""Which subjects go together: batches are rows before anything runs (``spec/pipelines.md`` §2.1, §2.3)."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from analyses.models import (
    Analysis,
    AnalysisEvent,
    AnalysisState,
    Assembly,
    AssemblyEvent,
    AssemblyState,
    Origin,
    ReasonCode,
    Sample,
    Study,
)
from analyses.states import Told, move_analyses, move_analysis, move_assemblies
from workflows.batches.members import facts_of
from workflows.batches.places import ena_accession, places_for
from workflows.cluster.states import record_event, transition
from workflows.models import Batch, BatchMember, FlowRun, WorkEvent
from workflows.pipelines import registry
from workflows.pipelines.declaration import Declared, Member

SESSIONS = uuid.UUID("6f1b3bd0-6d43-5c0e-9a57-5d1c1c0f6f0a")  # the namespace of Nextflow session ids
NOT_ITS_FAULT = ("cancelled", "node_failure")


class CoAssemblyRefused(ValueError):
    """Assemblies of several runs, which no pipeline here makes; the text names them."""


def batch_key(
    *, slug: str, version: str, revision: str, study: str, members: Iterable[str], parent: str | None = None
) -> str:
    """The name of a batch: the same for every order of its members (§2.1).

    :param parent: the key of the stage before
    """
    text = json.dumps([slug, version, revision, study, parent, sorted(members)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@transaction.atomic
def plan_batches(
    *, study: Study, slug: str, actor: str, retry_failed: bool = False, flow_run_id: UUID | None = None
) -> list[Batch]:
    """Put every planned analysis of a study into a batch of a pipeline; safe to repeat.

    Open batches stay as they are. What failed through no fault of its own is planned again, other failures only with
    ``retry_failed``; once in a flow run, since its body starts from the top after each sleep.

    :return: the batches this run has to see to, old and new, in the order of their making
    """
    declared = registry.get(slug)
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)  # two plans of one study wait for each other
    of_study = Batch.objects.filter(study=study, slug=slug).order_by("created_at", "key")
    if flow_run_id and not _is_first_planning(flow_run_id, slug, actor):
        return list(of_study.filter(flow_run_id=flow_run_id))
    _give_up_stale(of_study, actor=actor)
    _plan_failed_again(study, declared, actor=actor, everything=retry_failed)
    if declared.pipeline.makes_assemblies:
        waiting = _assemblies_to_make(study, declared)
    else:
        waiting = [
            BatchMember(run=analysis.run, assembly=analysis.assembly, analysis=analysis)
            for analysis in _unplanned(study, declared)
        ]
    waiting = [member for member in waiting if not _block(member, declared, actor)]
    size = getattr(settings.EMG_CONFIG, declared.pipeline.settings).samplesheet_chunk_size
    size = size or declared.pipeline.batch_size
    for start in range(0, len(waiting), size):
        open_batch(study, declared, waiting[start : start + size], actor=actor, flow_run_id=flow_run_id)
    open_ones = of_study.filter(state=Batch.State.OPEN)
    if flow_run_id:
        open_ones.update(flow_run_id=flow_run_id)
    return list(open_ones)


@transaction.atomic
def plan_sample_batches(
    *, study: Study, slug: str, samples: Sequence[Sample], actor: str, flow_run_id: UUID | None = None
) -> list[Batch]:
    """One batch of one member for each sample: those that are done stay done, failed ones are opened again.

    :return: a batch for each sample, in their order; the open one that has it, whichever study asked for that
    """
    declared = registry.get(slug)
    own = [sample.pk for sample in samples]  # locked, since two studies may share one
    list(Sample.objects.select_for_update(no_key=True).filter(pk__in=own).order_by("pk").values_list("pk"))
    held = BatchMember.objects.filter(slug=slug, sample__in=own, open=True)
    _give_up_stale(Batch.objects.filter(members__in=held), actor=actor)
    held_by = {member.sample_id: member.batch for member in held.select_related("batch")}
    return [
        held_by.get(sample.pk)
        or open_batch(study, declared, [BatchMember(sample=sample)], actor=actor, flow_run_id=flow_run_id)
        for sample in samples
    ]


def _block(member: BatchMember, declared: Declared, actor: str) -> bool:
    """Whether the declaration refuses a member; it is blocked alone, with the reason, and the others go on."""
    files = tuple(member.run.fastq_files) if member.run else ()
    why = declared.refusal(Member(member.accession, fastq_files=files, facts=facts_of(member)))
    if why and member.analysis_id is not None:
        told: Told = {"actor": actor, "reason_code": ReasonCode.CURATOR, "note": f"{declared.pipeline.label}: {why}"}
        move_analysis(analysis_id=member.analysis_id, to=AnalysisState.BLOCKED, **told)
    return bool(why)


def _give_up_stale(batches: QuerySet[Batch], *, actor: str) -> None:
    """Open batches that never ran, and cannot since there is other code now: their members are free again."""
    for batch in batches.filter(state=Batch.State.OPEN, round=0):
        if batch.revision != registry.revision_of(batch.slug):
            transition(row=batch, to=Batch.State.CANCELLED, actor=actor, kind="other_code", closed_at=Now())
            batch.members.update(open=False)


def _is_first_planning(flow_run_id: UUID, slug: str, actor: str) -> bool:
    kind = f"planned:{slug}"
    if WorkEvent.objects.filter(flow_run_id=flow_run_id, kind=kind).exists():
        return False
    record_event(row=FlowRun.objects.get(pk=flow_run_id), actor=actor, kind=kind)
    return True


def _unplanned(study: Study, declared: Declared) -> QuerySet[Analysis]:
    pipeline = declared.pipeline
    held = BatchMember.objects.filter(analysis=OuterRef("pk"), open=True)
    return (
        Analysis.objects.filter(
            ~Exists(held),
            study=study,
            pipeline_version=pipeline.pipeline_version,
            experiment_type__in=pipeline.experiment_types,
            superseded_by=None,
            state=AnalysisState.PLANNED,
        )
        .filter(**{f"{pipeline.subject}__isnull": False})
        .select_related("run", "assembly")
        .order_by(f"{pipeline.subject}__first_accession")
    )


def _assemblies_to_make(study: Study, declared: Declared) -> list[BatchMember]:
    """One member for each assembly of ours that is planned, its run the subject.

    :raises CoAssemblyRefused: naming those of several runs
    """
    held = BatchMember.objects.filter(product_assembly=OuterRef("pk"), open=True)
    planned = Assembly.objects.filter(
        ~Exists(held), reads_study=study, origin=Origin.MGNIFY, state=AssemblyState.PLANNED
    ).prefetch_related("runs")
    runs = {assembly: list(assembly.runs.all()) for assembly in planned.select_related("assembler")}
    if several := [", ".join(run.first_accession for run in own) for own in runs.values() if len(own) != 1]:
        raise CoAssemblyRefused(f"{declared.pipeline.label} makes no co-assemblies: " + "; ".join(sorted(several)))
    members = [BatchMember(run=own[0], product_assembly=assembly) for assembly, own in runs.items()]
    return sorted(members, key=lambda member: member.accession)


def _plan_failed_again(study: Study, declared: Declared, *, actor: str, everything: bool) -> None:
    told: Told = {"actor": actor, "note": "asked for again" if everything else "failed through no fault of its own"}
    if declared.pipeline.makes_assemblies:
        ours = Assembly.objects.filter(reads_study=study, origin=Origin.MGNIFY, state=AssemblyState.FAILED)
        ids = _to_be_tried_again(ours, AssemblyEvent.objects.filter(assembly=OuterRef("pk")), everything=everything)
        move_assemblies(ids=ids, frm=AssemblyState.FAILED, to=AssemblyState.PLANNED, **told)
        return
    # Of this pipeline only: what another slug made of the same version is left alone.
    of_the_pipeline = BatchMember.objects.filter(analysis=OuterRef("pk"), batch__parent=None)
    last_slug = Subquery(of_the_pipeline.order_by("-id").values("slug")[:1])
    states = [AnalysisState.FAILED, AnalysisState.CHECK_FAILED] if everything else [AnalysisState.FAILED]
    failed = Analysis.objects.annotate(last_slug=last_slug).filter(
        study=study,
        state__in=states,
        pipeline_version=declared.pipeline.pipeline_version,
        last_slug=declared.pipeline.slug,
    )
    ids = _to_be_tried_again(failed, AnalysisEvent.objects.filter(analysis=OuterRef("pk")), everything=everything)
    move_analyses(ids=ids, frm=states, to=AnalysisState.PLANNED, **told)


def _to_be_tried_again(failed: QuerySet, events: QuerySet, *, everything: bool) -> list[int]:
    """All, or those that the last move gave up through no fault of theirs; not every event is a move."""
    moves = events.exclude(from_state=F("to_state")).order_by("-id")
    rows = failed.annotate(why=Subquery(moves.values("reason_code")[:1]))
    return list((rows if everything else rows.filter(why__in=NOT_ITS_FAULT)).values_list("pk", flat=True))


def open_batch(
    study: Study,
    declared: Declared,
    members: list[BatchMember],
    *,
    actor: str,
    flow_run_id: UUID | None,
    parent: Batch | None = None,
) -> Batch:
    """Insert the batch of these members, or adopt the one that has their key."""
    pipeline = declared.pipeline
    revision = registry.revision_of(pipeline.slug)
    key = batch_key(
        slug=pipeline.slug,
        version=pipeline.version,
        revision=revision,
        study=ena_accession(study),
        members=[member.accession for member in members],
        parent=parent.key if parent else None,
    )
    if batch := Batch.objects.filter(study=study, slug=pipeline.slug, key=key).first():
        return _open_again(batch, actor=actor, flow_run_id=flow_run_id)
    places = places_for(pipeline, study=study, key=key)
    batch = Batch(
        study=study,
        slug=pipeline.slug,
        version=pipeline.version,
        revision=revision,
        key=key,
        parent=parent,
        base_dir=str(places.base),
        work_dir=str(places.work),
        flow_run_id=flow_run_id,
        requested_by=actor,
    )
    batch.session_id = uuid.uuid5(SESSIONS, str(batch.pk))
    batch.save(force_insert=True)
    record_event(row=batch, actor=actor, kind="planned", to_state=batch.state, detail={"members": len(members)})
    for member in members:
        member.batch, member.slug = batch, pipeline.slug
    BatchMember.objects.bulk_create(members)
    return batch


def _open_again(batch: Batch, *, actor: str, flow_run_id: UUID | None) -> Batch:
    """A closed batch whose members are wanted again; finished ones stay finished. Once in a flow run."""
    unfinished = batch.members.exclude(verdict=BatchMember.Verdict.COMPLETED, analysis=None).exclude(
        analysis__state=AnalysisState.PUBLISHED
    )
    is_this_runs_own = flow_run_id is not None and batch.flow_run_id == flow_run_id
    if batch.state == Batch.State.OPEN or is_this_runs_own or not unfinished.exists():
        if batch.state == Batch.State.OPEN and flow_run_id:
            Batch.objects.filter(pk=batch.pk).update(flow_run_id=flow_run_id)
        return batch
    reopen_batch(batch, unfinished, actor=actor, flow_run_id=flow_run_id)
    return batch


def reopen_batch(batch: Batch, members: QuerySet[BatchMember], *, actor: str, flow_run_id: UUID | None) -> None:
    columns: dict[str, Any] = {"closed_at": None, "flow_run_id": flow_run_id, "requested_by": actor}
    transition(row=batch, to=Batch.State.OPEN, actor=actor, kind="planned_again", **columns)
    members.update(open=True, verdict=None, reason_code="", word="", faults=[], evidence={}, rounds=0)
