"""A round is over: reports, trees and the job become one verdict a member (``spec/pipelines.md`` §1.3, §2.4)."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from analyses.models import Analysis, AnalysisState
from analyses.states import move_analysis
from workflows.batches.places import Places, places_of
from workflows.batches.starting import JobsAreOpen
from workflows.batches.verdicts import SUCCEEDED, Ruling, Words, decide, decide_by_tree, words_of
from workflows.cluster.failpoints import failpoint
from workflows.cluster.states import record_event
from workflows.models import Batch, BatchMember, ClusterJob
from workflows.pipelines import registry
from workflows.pipelines.declaration import Declared, Report
from workflows.pipelines.tree import Survey, read_tree, survey_tree
from workflows.selectors.batches import failure_evidence
from workflows.services.attention import clear_attention, raise_attention

V = BatchMember.Verdict
ODD_VERDICT, REFUSED, MEMBER = "odd_verdict", "batch_refused", "batch_member"


def fold_batch(*, batch_id: UUID, actor: str) -> None:
    """Give every member of the round its verdict; those that have one keep it.

    1. The job is final.  2. Move the round's reports aside, so that they cannot speak for another round.  3. For each
    member: its words, its tree, its verdict; then one transaction for member, analysis and event.

    :raises JobsAreOpen: the round is not over
    """
    batch = Batch.objects.select_related("job", "study").get(pk=batch_id)
    unfinished = list(
        batch.members.filter(open=True, verdict=None, rounds__gt=0).select_related("run", "sample", "analysis")
    )
    if not unfinished:
        return
    if batch.job is None or not batch.job.is_final:
        raise JobsAreOpen(f"{batch}: {batch.job} is not over")  # 1
    declared, places, end = registry.get(batch.slug), places_of(batch), end_of(batch.job)
    lines, foreign = read_reports(declared, _set_reports_aside(declared, places, batch.round), batch)  # 2
    failpoint("reports_set_aside")
    for member in unfinished:  # 3
        ruling, survey = _rule(member, declared, words_of(lines.get(member.accession, [])), end)
        with transaction.atomic():
            if _record(batch, member, ruling, survey) and member.analysis_id is not None:
                _move_analysis(batch, member, member.analysis_id, declared, actor)
        failpoint("member_folded")
    detail = {"round": batch.round, "end": end, "foreign": foreign[:50]}
    record_event(row=batch, actor=actor, kind="folded", detail=detail)


def end_of(job: ClusterJob) -> str:
    return SUCCEEDED if job.state == ClusterJob.State.SUCCEEDED else str(job.outcome_class)


class ReportRefused(ValueError):
    """A report with a line that has not its columns; the text names file and line."""


def read_reports(
    declared: Declared, folder: Path, batch: Batch
) -> tuple[Mapping[str, Sequence[tuple[Report, str]]], list[str]]:
    """(report, word) lines by accession of the batch's members, and the accessions that are not its own.

    :raises ReportRefused: with line number
    """
    own = {member.accession for member in batch.members.select_related("run", "sample")}
    lines: dict[str, list[tuple[Report, str]]] = defaultdict(list)
    foreign = []
    for report in declared.reports:
        path = folder / report.file
        if not path.is_file():
            continue  # Nextflow writes no file for an empty channel
        with path.open(encoding="utf-8", newline="") as file:
            for number, cells in enumerate(csv.reader(file), start=1):
                if not any(cells):
                    continue
                if len(cells) < 2:
                    raise ReportRefused(f"{path}, line {number}: {cells}, expected an accession and a word")
                if cells[0] in own:
                    lines[cells[0]].append((report, cells[1].strip()))
                else:
                    foreign.append(cells[0])
    return lines, foreign


def survey_member(batch: Batch, declared: Declared, accession: str, word: str) -> Survey:
    """A member's results beside what its pipeline declares."""
    places = places_of(batch)
    tree = read_tree(places.outdir / accession, subject=accession, word=word, inside=(places.base, places.work))
    return survey_tree(tree, declared)


def _set_reports_aside(declared: Declared, places: Places, number: int) -> Path:
    folder = places.reports(number)
    folder.mkdir(parents=True, exist_ok=True)
    for report in declared.reports:
        if (places.outdir / report.file).exists():
            (places.outdir / report.file).replace(folder / report.file)
    return folder


def _rule(member: BatchMember, declared: Declared, words: Words, end: str) -> tuple[Ruling, Survey | None]:
    looked_at = declared.judge is not None or (words.passed and not words.failed and not words.odd)
    survey = survey_member(member.batch, declared, member.accession, words.passed) if looked_at else None
    faults = survey.faults if survey else None
    if declared.judge is None:
        return decide(words, faults, end=end), survey
    judgement = declared.judge(survey.tree) if survey and not faults else None
    return decide_by_tree(faults or (), judgement, end=end), survey


def _record(batch: Batch, member: BatchMember, ruling: Ruling, survey: Survey | None) -> bool:
    """:return: False if somebody else had recorded a verdict meanwhile"""
    if BatchMember.objects.select_for_update().get(pk=member.pk).verdict is not None:
        return False
    member.verdict, member.reason_code, member.word = ruling.verdict, ruling.reason_code, ruling.word
    member.faults = [asdict(fault) for fault in survey.faults] if survey else []
    member.result = dict(ruling.result)
    member.evidence = {} if ruling.verdict in (V.COMPLETED, V.QC_FAILED) else failure_evidence(batch, member.accession)
    member.save()
    _tell_a_person(batch, member, ruling)
    return True


def _tell_a_person(batch: Batch, member: BatchMember, ruling: Ruling) -> None:
    if ruling.verdict == V.SKIPPED:
        text = f"{batch}: {ruling.attention}: {batch.job.evidence if batch.job else ''}"
        raise_attention(code=REFUSED, subject_kind="batch", subject_id=batch.pk, text=text, study=batch.study)
    elif ruling.attention:
        text = f"{member.accession} in {batch}: {ruling.attention}"
        raise_attention(code=ODD_VERDICT, subject_kind=MEMBER, subject_id=member.pk, text=text, study=batch.study)
    else:
        clear_attention(code=ODD_VERDICT, subject_kind=MEMBER, subject_id=member.pk)


def _move_analysis(batch: Batch, member: BatchMember, analysis_id: int, declared: Declared, actor: str) -> None:
    """Bring the analysis where the verdict says; by way of completed where the pipeline said so."""
    path = (
        {
            V.COMPLETED: [AnalysisState.COMPLETED],
            V.CHECK_FAILED: [AnalysisState.COMPLETED, AnalysisState.CHECK_FAILED],
            V.QC_FAILED: [AnalysisState.QC_FAILED],
            V.FAILED: [AnalysisState.FAILED],
            V.SKIPPED: [AnalysisState.PLANNED],
        }.get(V(member.verdict), [])
        if member.verdict
        else []
    )
    if member.verdict == V.QC_FAILED:
        _keep_quality_control(batch, member, analysis_id, declared)
    for state in path:
        move_analysis(
            analysis_id=analysis_id,
            to=state,
            actor=actor,
            reason_code=(member.word if state == AnalysisState.COMPLETED else member.reason_code) or None,
            evidence=_evidence(member) if state != AnalysisState.COMPLETED else {},
            flow_run_id=batch.flow_run_id,
            cluster_job_id=batch.job_id,
        )


def _evidence(member: BatchMember) -> dict[str, Any]:
    return {name: value for name, value in {"faults": member.faults, **member.evidence}.items() if value}


def _keep_quality_control(batch: Batch, member: BatchMember, analysis_id: int, declared: Declared) -> None:
    """A run that failed quality control shows why, if its numbers got written."""
    survey = survey_member(batch, declared, member.accession, member.word)
    for wanted in declared.imports:
        files = [survey.matches[name] for name in wanted.nodes]
        sound = all(files) and not any(fault.path == match.path for fault in survey.faults for match in files[0])
        if wanted.target == "quality_control" and sound:
            Analysis.objects.filter(pk=analysis_id).update(quality_control=wanted.parse(*files))
