"""A batch whose members are all final closes; the last one asks for what concerns the whole study (§2.3)."""

from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from analyses.models import Study
from workflows.batches.folding import fold_batch
from workflows.cluster.states import transition
from workflows.models import Attention, Batch, BatchMember, ClusterJob, WorkEvent
from workflows.pipelines import registry
from workflows.selectors.batches import add_ons_of, count_verdicts, failed_members, unfinished_members
from workflows.services.attention import clear_attention, raise_attention
from workflows.services.flow_runs import ask_for_run
from workflows.services.notices import tell_of_published
from workflows.services.program_events import tell_programs_of_closed

CLOSED, ADD_ON_FAILED = "closed", "add_on_failed"


class NotFinished(Exception):
    """Members that are not final: each with what it waits for."""


@transaction.atomic
def close_batch(*, batch_id: UUID, actor: str) -> Batch:
    """Close a batch and its members; the last open one of its study and pipeline asks for ``finalise_study``.

    Safe to repeat. The batches of the study and pipeline are locked, so that of two last ones one sees the other.

    :raises NotFinished: nothing was changed
    """
    asked = Batch.objects.select_related("study").get(pk=batch_id)
    together = Batch.objects.select_for_update().filter(study=asked.study, slug=asked.slug).order_by("pk")
    batch = next(one for one in together if one.pk == batch_id)
    if batch.state != Batch.State.OPEN:
        return batch
    if waiting := unfinished_members(batch):
        raise NotFinished("; ".join([f"{batch}: {', '.join(waiting)}", *what_needs_a_person(batch)]))
    for stage in add_ons_of(batch):
        _close(stage, actor)
    _close(batch, actor)
    if all(one.state != Batch.State.OPEN for one in together if one.pk != batch_id):
        _ask_for_finalising(study=batch.study, slug=batch.slug, actor=actor)
    return batch


def _close(batch: Batch, actor: str) -> None:
    if batch.state != Batch.State.OPEN:
        return
    counts = count_verdicts([batch])
    # Stopped by people, or it did nothing since the scheduler refused it.
    stopped = batch.job_id and batch.job.state == ClusterJob.State.CANCELLED
    did_nothing = set(counts) == {BatchMember.Verdict.SKIPPED}
    to = Batch.State.CANCELLED if stopped or did_nothing else Batch.State.DONE
    transition(row=batch, to=to, actor=actor, kind=CLOSED, detail=dict(counts), closed_at=Now())
    batch.members.update(open=False)
    if batch.parent_id:
        _tell_of_failed_add_ons(batch)


def _tell_of_failed_add_ons(stage: Batch) -> None:
    """The analyses are published without it; a person may start it again."""
    failed = [member.accession for member in failed_members([stage]).exclude(verdict=BatchMember.Verdict.SKIPPED)]
    if failed:
        text = f"{stage}: published without the results of {stage.slug}: {', '.join(failed)}"[:2000]
        raise_attention(code=ADD_ON_FAILED, subject_kind="batch", subject_id=stage.pk, text=text, study=stage.study)
    else:
        clear_attention(code=ADD_ON_FAILED, subject_kind="batch", subject_id=stage.pk)


def close_cancelled_batches(*, study: Study, slug: str, actor: str) -> None:
    """Fold and close what people stopped, so that it can be planned anew; what has results to publish stays open."""
    stopped = Batch.objects.filter(study=study, slug=slug, state=Batch.State.OPEN)
    for batch in stopped.filter(job__state=ClusterJob.State.CANCELLED):
        fold_batch(batch_id=batch.pk, actor=actor)
        with suppress(NotFinished):
            close_batch(batch_id=batch.pk, actor=actor)


def what_needs_a_person(batch: Batch) -> list[str]:
    """Texts of what is open about the batch or its members: why it goes no further."""
    members = [str(pk) for pk in batch.members.values_list("pk", flat=True)]
    about = Q(subject_kind="batch", subject_id=str(batch.pk)) | Q(subject_kind="batch_member", subject_id__in=members)
    return list(Attention.objects.filter(about, cleared_at=None).order_by("pk").values_list("text", flat=True))


def _ask_for_finalising(*, study: Study, slug: str, actor: str) -> None:
    newest = WorkEvent.objects.filter(batch__study=study, batch__slug=slug, kind=CLOSED).latest("pk")
    tell_of_published(study=study, slug=slug, closed=newest.pk)
    tell_programs_of_closed(study=study, slug=slug, closed=newest.pk)
    if registry.get(slug).summaries:
        ask_for_run(
            deployment="finalise_study_deployment",
            parameters={"study_accession": study.first_accession, "pipeline": slug},
            source="flow",
            run_key=f"finalise:{study.accession}:{slug}:{newest.pk}",
            actor=actor,
            because="the last open batch was closed",
            study=study,
        )
