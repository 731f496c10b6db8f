"""Add-on stages: the same members go on in another pipeline (``spec/pipelines.md`` §3.6, §3.7, §4.6)."""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from workflows.batches.planning import open_batch, reopen_batch
from workflows.models import Batch, BatchMember
from workflows.pipelines import registry

SKIPPED = BatchMember.Verdict.SKIPPED


@transaction.atomic
def plan_stage(*, after: UUID, actor: str) -> UUID | None:
    """Plan the add-on stage of a batch, once: every member it has, those without results before skipped (§4.6).

    Safe to repeat. A stage is planned again with a batch that was. One that this site cannot run is skipped whole: no
    add-on keeps an analysis from being published.

    :return: the stage; None after the last one
    """
    parent = Batch.objects.select_for_update(of=("self",)).select_related("study").get(pk=after)
    slug = registry.stage_after(parent.slug)
    if slug is None:
        return None
    declared = registry.get(slug)
    own = list(parent.members.select_related("assembly", "run", "analysis"))
    going_on = {member.assembly_id: _goes_on(member) for member in own}
    stage = Batch.objects.filter(parent=parent).first()
    if stage is None:
        members = [BatchMember(run=one.run, assembly=one.assembly, analysis=one.analysis) for one in own]
        stage = open_batch(parent.study, declared, members, actor=actor, flow_run_id=parent.flow_run_id, parent=parent)
    elif stage.state != Batch.State.OPEN and parent.state == Batch.State.OPEN:
        again = [pk for pk, goes_on in going_on.items() if goes_on]
        reopen_batch(stage, stage.members.filter(assembly__in=again), actor=actor, flow_run_id=parent.flow_run_id)
    why = "; ".join(registry.missing_here(declared, settings.EMG_CONFIG))
    for member in stage.members.filter(open=True, verdict=None, rounds=0):
        if why or not going_on[member.assembly_id]:
            told = {"reason_code": "not_available_here", "faults": [_note(why)]} if why else {}
            stage.members.filter(pk=member.pk).update(verdict=SKIPPED, **told)
    return stage.pk


def _goes_on(member: BatchMember) -> bool:
    """Whoever has results; an add-on's own failure stops no further one."""
    if member.batch.parent_id:
        return member.open and (member.verdict != SKIPPED or bool(member.reason_code))
    return member.open and member.verdict == BatchMember.Verdict.COMPLETED


def _note(text: str) -> dict[str, str]:
    return {"path": "", "rule": "available", "found": text, "expected": ""}
