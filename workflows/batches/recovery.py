"""Results that lie on disk, restored or made by hand, without a run that would bring them in (``pipelines.md`` §4.8).

Only whole trees are taken; who has none stays as it is. What follows, import and publication, is that of any batch.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from analyses.models import AnalysisState, AssemblyState, Study
from analyses.states import IllegalMove, LostRace, Told, move_analysis, move_assembly
from workflows.batches.folding import read_reports
from workflows.batches.places import claim_folders, ena_accession, places_of
from workflows.batches.planning import plan_batches
from workflows.batches.surveying import survey_member
from workflows.batches.verdicts import words_of
from workflows.cluster.states import transition
from workflows.models import Batch, BatchMember, ClusterJob
from workflows.models.batch import SUBJECTS
from workflows.pipelines import registry
from workflows.pipelines.declaration import Declared, Fault, Report

V = BatchMember.Verdict
IN_NEED = (AnalysisState.PLANNED, AnalysisState.FAILED, AnalysisState.CHECK_FAILED)
MADE_IN_NEED = Q(product_assembly__state__in=(AssemblyState.PLANNED, AssemblyState.FAILED))


class OutdirRefused(ValueError):
    """A folder that is not below a configured root."""


@dataclass(frozen=True)
class Found:
    """``faults``: empty where the tree is whole."""

    member: BatchMember
    word: str
    faults: Sequence[Fault]


def adopt_outdir(*, study: Study, slug: str, outdir: Path, actor: str) -> list[Batch]:
    """Plan batches around results that were made elsewhere, their files linked into the batches' own folders.

    :raises OutdirRefused: not below ``EMG_SLURM__DEFAULT_WORKDIR``
    """
    root = settings.EMG_CONFIG.slurm.default_workdir.resolve()
    if not (outdir.is_dir() and outdir.resolve().is_relative_to(root)):
        raise OutdirRefused(f"{outdir} is no folder below {root}")
    declared, batches = registry.get(slug), plan_batches(study=study, slug=slug, actor=actor)
    for batch in batches:
        claim_folders(batch)
        roots = [
            declared.pipeline.root.format(id=member.accession, study=ena_accession(study))
            for member in batch.members.select_related(*SUBJECTS)
        ]
        for name in [*roots, *(report.file for report in declared.reports)]:
            _link(outdir / name, places_of(batch).outdir / name)
    return batches


def batches_in_need(*, study: Study, version: str, slug: str | None = None) -> list[Batch]:
    """Those with analyses of a version, or assemblies, that are not done, where no job is at work."""
    in_need = Q(analysis__pipeline_version=version, analysis__state__in=IN_NEED) | MADE_IN_NEED
    members = BatchMember.objects.filter(in_need)
    batches = Batch.objects.filter(study=study, parent=None, pk__in=members.values("batch")).order_by("created_at")
    chosen = batches.filter(slug=slug) if slug else batches
    return list(chosen.exclude(job__state=ClusterJob.State.OPEN).select_related("study", "job"))


def find_results(batch: Batch) -> list[Found]:
    """Of each member whose analysis or assembly is not done, what lies on disk. Nothing is written."""
    declared = registry.get(batch.slug)
    lines = _all_reports(declared, batch)
    in_need = batch.members.filter(Q(analysis__state__in=IN_NEED) | MADE_IN_NEED)
    members = in_need.select_related("analysis", "product_assembly", "batch__study", *SUBJECTS)
    found = []
    for member in sorted(members, key=lambda one: one.accession):
        words = words_of(lines.get(member.accession, []))
        if words.failed or words.odd:
            why = words.failed or "; ".join(words.odd)
            faults: Sequence[Fault] = [Fault("", "report", why, "a report that the member passed")]
        else:
            survey = survey_member(batch, declared, member.accession, words.passed)
            nothing = [] if survey.tree.sizes else [Fault("", "mandatory", "no file", "results")]
            faults = [*nothing, *survey.faults]
        found.append(Found(member, words.passed, faults))
    return found


def take_results(*, batch: Batch, actor: str, flow_run_id: UUID | None = None) -> list[Found]:
    """Complete the members that have whole trees, with their events, and open their batch for import and publication.

    Of a batch that never ran the others are left for another day, in a batch of their own.

    :return: what was taken
    """
    whole = [one for one in find_results(batch) if not one.faults]
    with transaction.atomic():
        locked = Batch.objects.select_for_update().get(pk=batch.pk)
        if locked.job and not locked.job.is_final:
            return []
        taken = [one for one in whole if _complete(one, actor)]
        if taken and locked.state != Batch.State.OPEN:
            transition(row=locked, to=Batch.State.OPEN, actor=actor, kind="recovered", closed_at=None)
        if taken:
            Batch.objects.filter(pk=locked.pk).update(flow_run_id=flow_run_id)
            locked.members.filter(verdict=None, rounds=0).update(verdict=V.SKIPPED, open=False)
    return taken


def page_of(found: Sequence[Found]) -> str:
    """A table: subject, verdict before, what lies there, its faults."""
    rows = [
        f"| {one.member.accession} | {one.member.verdict or '-'} | {'incomplete' if one.faults else 'whole'} | "
        f"{'; '.join(f'{fault.path}: {fault.found}' for fault in one.faults[:5])} |"
        for one in found
    ]
    head = ["| subject | verdict before | on disk | faults |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) if rows else "No results were looked for: every analysis is published or at work."


def _complete(found: Found, actor: str) -> bool:
    """False where somebody else works on it meanwhile. An assembly is completed by the import of its numbers."""
    member, told = found.member, Told(actor=actor, note="its results were found on disk")
    analysis, assembly = member.analysis, member.product_assembly
    completed = {"verdict": V.COMPLETED, "word": found.word, "reason_code": "", "faults": [], "evidence": {}}
    try:
        with transaction.atomic():
            if assembly and assembly.state != AssemblyState.PLANNED:
                move_assembly(assembly_id=assembly.pk, to=AssemblyState.PLANNED, **told)
            if analysis and analysis.state != AnalysisState.PLANNED:
                move_analysis(analysis_id=analysis.pk, to=AnalysisState.PLANNED, **told)
            if analysis:
                move_analysis(analysis_id=analysis.pk, to=AnalysisState.COMPLETED, **told)
            BatchMember.objects.filter(pk=member.pk).update(open=True, **completed)
    except (IntegrityError, LostRace, IllegalMove):
        return False
    return True


def _all_reports(declared: Declared, batch: Batch) -> Mapping[str, Sequence[tuple[Report, str]]]:
    """Of all rounds and of a round that nobody folded; the newest that speaks of a member counts."""
    places = places_of(batch)
    folders = [*(places.reports(number) for number in range(1, batch.round + 1)), places.outdir]
    lines: dict[str, Sequence[tuple[Report, str]]] = {}
    for folder in folders:
        lines |= read_reports(declared, folder, batch)[0]
    return lines


def _link(source: Path, target: Path) -> None:
    """Second names for the same files: nothing is copied, and the original stays as it is."""
    if source.is_dir() and not target.exists():
        shutil.copytree(source, target, copy_function=os.link, symlinks=True)
    elif source.is_file() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
