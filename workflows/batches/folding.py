"""A round is over: reports, trees and the job become one verdict a member (``spec/pipelines.md`` §1.3, §2.4)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from analyses.models import Analysis, AnalysisState, AssemblyState
from analyses.states import move_analysis, move_assembly
from workflows.batches.places import Places, reachable_places_of
from workflows.batches.rounds import ODD, UNFINISHED, goes_again, names
from workflows.batches.starting import JobsAreOpen, members_of_round
from workflows.batches.surveying import quality_control_of, survey_member
from workflows.batches.verdicts import SUCCEEDED, Ruling, Words, decide, decide_by_tree, words_of
from workflows.cluster.failpoints import failpoint
from workflows.cluster.states import record_event
from workflows.models import Batch, BatchMember, ClusterJob
from workflows.models.batch import SUBJECTS
from workflows.models.outcome import OutcomeClass
from workflows.pipelines import registry
from workflows.pipelines.declaration import Declared, Fault, Report
from workflows.selectors.batches import failure_evidence
from workflows.services.attention import clear_attention, raise_attention

V = BatchMember.Verdict
BY_THE_TREE, FAIL, RUN_AGAIN = ODD_WAYS = ("by_the_tree", "fail", "run_again")
NOTES_KEPT = 50
STOPPED = (OutcomeClass.CANCELLED, OutcomeClass.CANCELLED_BY_OTHER)
ODD_VERDICT, REFUSED, MEMBER = "odd_verdict", "batch_refused", "batch_member"
# Where an assembly goes that the pipeline makes; one that is completed waits for the import of its numbers. The state
# of one that is judged after it was assembled has its own name.
ASSEMBLY_MOVES = {
    V.CHECK_FAILED: [AssemblyState.FAILED],
    V.QC_FAILED: [AssemblyState.PRE_QC_FAILED],
    V.FAILED: [AssemblyState.FAILED],
    V.SKIPPED: [AssemblyState.PLANNED],
}
# Where an analysis goes by its member's verdict; by way of completed where the pipeline said so.
ANALYSIS_MOVES = {
    V.COMPLETED: [AnalysisState.COMPLETED],
    V.CHECK_FAILED: [AnalysisState.COMPLETED, AnalysisState.CHECK_FAILED],
    V.QC_FAILED: [AnalysisState.QC_FAILED],
    V.FAILED: [AnalysisState.FAILED],
    V.SKIPPED: [AnalysisState.PLANNED],
}


def fold_batch(*, batch_id: UUID, actor: str) -> None:
    """Give every member of the round its verdict; those that have one keep it.

    1. The job is final.  2. Move the round's reports aside, so that they cannot speak for another round.  3. For each
    member: its words, its tree, its verdict; then one transaction for member, analysis and event. What a failing
    pipeline left unfinished gets none while it may go into another round; where people stopped the job nobody may.

    :raises JobsAreOpen: the round is not over
    :raises OSError: a disk does not answer as it should; whoever could be judged is
    """
    batch = Batch.objects.select_related("job", "study").get(pk=batch_id)
    stopped = batch.job is not None and batch.job.outcome_class in STOPPED
    judged = batch.members.filter(
        open=True, verdict=None, rounds__gt=0, reason_code__in=["", UNFINISHED][: 1 + stopped]
    )
    unfinished = list(judged.select_related("analysis", *SUBJECTS))
    if not unfinished:
        return
    if batch.job is None or not batch.job.is_final:
        raise JobsAreOpen(f"{batch}: {batch.job} is not over")  # 1
    declared, places, end = registry.get(batch.slug), reachable_places_of(batch), end_of(batch.job)
    lines, foreign = read_reports(declared, _set_reports_aside(declared, places, batch.round), batch)  # 2
    failpoint("reports_set_aside")
    unread: OSError | None = None
    together, at_most = members_of_round(batch), settings.EMG_CONFIG.batches.max_member_rounds
    for member in unfinished:  # 3
        again = goes_again(rounds=member.rounds, at_most=at_most, together=together)
        try:
            ruling = _rule(member, declared, words_of(lines.get(member.accession, [])), end, again=again)
        except OSError as error:
            unread = error
            continue
        with transaction.atomic():
            _record(batch, member, ruling, actor)
        failpoint("member_folded")
    if unread:
        raise unread
    named = sum(names(member.evidence.get("task", ""), member.accession) for member in unfinished)
    detail = {"round": batch.round, "end": end, "named": named, "foreign": foreign[:50]}
    record_event(row=batch, actor=actor, kind="folded", detail=detail)


def odd_members(batch: Batch) -> list[BatchMember]:
    """Whose reports nobody can act on."""
    members = batch.members.filter(open=True, verdict=None, rounds__gt=0, reason_code=ODD)
    return list(members.select_related("analysis", *SUBJECTS))


def settle_odd_verdicts(*, batch_id: UUID, way: str, actor: str) -> None:
    """Do with the odd members of a round what a person said (§2.4).

    :param way: of :data:`ODD_WAYS`
    """
    batch = Batch.objects.select_related("job", "study").get(pk=batch_id)
    declared = registry.get(batch.slug)
    for member in odd_members(batch):
        by_tree = survey_member(batch, declared, member.accession, "").faults if way == BY_THE_TREE else ()
        ruling = {
            BY_THE_TREE: Ruling(V.CHECK_FAILED, "outputs_invalid") if by_tree else Ruling(V.COMPLETED),
            FAIL: Ruling(V.FAILED, "pipeline_failed"),
            RUN_AGAIN: Ruling(V.SKIPPED),
        }[way]
        with transaction.atomic():
            _record(batch, member, replace(ruling, faults=by_tree), actor)
            if way == RUN_AGAIN:
                batch.members.filter(pk=member.pk).update(verdict=None, reason_code="", rounds=0)
    record_event(row=batch, actor=actor, kind="odd_verdicts_settled", detail={"round": batch.round, "way": way})


def end_of(job: ClusterJob) -> str:
    return SUCCEEDED if job.state == ClusterJob.State.SUCCEEDED else str(job.outcome_class)


def read_reports(
    declared: Declared, folder: Path, batch: Batch
) -> tuple[Mapping[str, Sequence[tuple[Report, str]]], list[str]]:
    """(report, word) lines by accession of the batch's members, and the accessions that are not its own.

    A line that was cut has no word, which is an odd one, or no accession of ours.
    """
    own = {member.accession for member in batch.members.select_related(*SUBJECTS)}
    lines: dict[str, list[tuple[Report, str]]] = defaultdict(list)
    foreign = []
    for report in declared.reports:
        path = folder / report.file
        if not path.is_file():
            continue  # Nextflow writes no file for an empty channel
        for line in path.read_text(encoding="utf-8", errors="replace").replace("\0", "").splitlines():
            accession, word = [*(cell.strip() for cell in line.split(",")), ""][:2]
            if accession in own:
                lines[accession].append((report, word))
            elif accession:
                foreign.append(accession)
    return lines, foreign


def _rule(member: BatchMember, declared: Declared, words: Words, end: str, *, again: bool) -> Ruling:
    """The tree is looked at where a report speaks of the member, and where it alone decides.

    :raises OSError: nothing can be said now
    """
    said = decide(words, None, end=end, again=again)
    if words.odd or not (words.passed or words.failed or declared.judge):
        return said
    try:
        survey = survey_member(member.batch, declared, member.accession, words.passed or words.failed)
        if words.failed:
            return replace(said, quality_control=quality_control_of(survey, declared) or None)
        if words.passed:
            ruling = decide(words, survey.faults, end=end, again=again)
        elif declared.judge and declared.judged_by_tree(survey.tree):
            judgement = None if survey.faults else declared.judge(survey.tree)
            ruling = decide_by_tree(survey.faults, judgement, end=end, again=again)
        else:
            return said
        result = dict(ruling.result) | ({"unexpected": survey.unexpected[:NOTES_KEPT]} if survey.unexpected else {})
        return replace(ruling, faults=survey.faults, result=result)
    except Exception as error:  # what a pipeline left can be wrong in any way, and must stop no other member
        if isinstance(error, OSError) and not isinstance(error, PermissionError):
            raise
        if words.failed:
            return said
        fault = Fault("", "readable", f"{type(error).__name__}: {error}"[:500], "results that can be read")
        return Ruling(V.CHECK_FAILED, "outputs_invalid", words.passed, attention=fault.found, faults=[fault])


def _record(batch: Batch, member: BatchMember, ruling: Ruling, actor: str) -> None:
    """In one transaction: member, analysis and event; nothing if somebody else had recorded a verdict meanwhile."""
    if BatchMember.objects.select_for_update().get(pk=member.pk).verdict is not None:
        return
    member.verdict, member.reason_code, member.word = ruling.verdict, ruling.reason_code, ruling.word
    member.faults = [asdict(fault) for fault in ruling.faults]
    member.result = dict(ruling.result)
    member.evidence = {} if ruling.verdict in (V.COMPLETED, V.QC_FAILED) else failure_evidence(batch, member.accession)
    member.save()
    _tell_a_person(batch, member, ruling)
    if member.verdict is None or batch.parent_id:  # an add-on fails no analysis
        return
    told: dict[str, Any] = {"actor": actor, "flow_run_id": batch.flow_run_id, "cluster_job_id": batch.job_id}
    if member.product_assembly_id is not None:
        _move_assembly(batch, member, member.product_assembly_id, told)
    if member.analysis_id is None:
        return
    if ruling.quality_control is not None:
        Analysis.objects.filter(pk=member.analysis_id).update(quality_control=ruling.quality_control)
    for state in ANALYSIS_MOVES[V(member.verdict)]:
        told["reason_code"] = (member.word if state == AnalysisState.COMPLETED else member.reason_code) or None
        told["evidence"] = _evidence(member) if state != AnalysisState.COMPLETED else {}
        move_analysis(analysis_id=member.analysis_id, to=state, **told)


def _move_assembly(batch: Batch, member: BatchMember, assembly_id: int, told: dict[str, Any]) -> None:
    states = ASSEMBLY_MOVES.get(V(str(member.verdict)), [])
    if any(member.reason_code in report.after_assembly for report in registry.get(batch.slug).reports):
        states = [AssemblyState.COMPLETED, AssemblyState.POST_QC_FAILED]
    for state in states:
        told["reason_code"] = None if state == AssemblyState.COMPLETED else member.reason_code or None
        move_assembly(assembly_id=assembly_id, to=state, **told, evidence=_evidence(member))


def _tell_a_person(batch: Batch, member: BatchMember, ruling: Ruling) -> None:
    if ruling.attention and ruling.verdict == V.SKIPPED:
        text = f"{batch}: {ruling.attention}: {batch.job.evidence if batch.job else ''}"
        raise_attention(code=REFUSED, subject_kind="batch", subject_id=batch.pk, text=text, study=batch.study)
    elif ruling.attention:
        text = f"{member.accession} in {batch}: {ruling.attention}"
        raise_attention(code=ODD_VERDICT, subject_kind=MEMBER, subject_id=member.pk, text=text, study=batch.study)
    else:
        clear_attention(code=ODD_VERDICT, subject_kind=MEMBER, subject_id=member.pk)


def _evidence(member: BatchMember) -> dict[str, Any]:
    return {name: value for name, value in {"faults": member.faults, **member.evidence}.items() if value}


def _set_reports_aside(declared: Declared, places: Places, number: int) -> Path:
    folder = places.reports(number)
    folder.mkdir(parents=True, exist_ok=True)
    for report in declared.reports:
        if (places.outdir / report.file).exists():
            (places.outdir / report.file).replace(folder / report.file)
    return folder
