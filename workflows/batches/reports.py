"""Batches as markdown for people: counts, what failed and why, where to look (``spec/pipelines.md`` §4.0)."""

from collections.abc import Iterable, Sequence

from django.conf import settings

from analyses.experiment_type import SourcePolicy, StrategyPolicy
from analyses.models import Study
from analyses.services.infer_experiment_types import preview_selection
from workflows.models import Batch, BatchMember
from workflows.pipelines.declaration import Declared
from workflows.selectors.batches import count_verdicts, failed_members

WORDS_SHOWN = 300


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table; cells are text of anybody, so what would break a line or a cell is taken out."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in row) + " |" for row in lines)


def batch_page(batches: Sequence[Batch]) -> str:
    """Counts by verdict, the failures with their evidence, links."""
    counts = count_verdicts(batches)
    parts = ["## Members\n" + table(("verdict", "members"), sorted(counts.items()))]
    if failures := [_failure(member) for member in failed_members(batches)]:
        header = ("member", "verdict", "why", "task", "exit", "first fault", "log tail")
        parts.append("## What failed\n" + table(header, failures))
    site, links = settings.EMG_CONFIG.service_urls.site_url.rstrip("/"), _links(batches)
    studies = {batch.study.accession for batch in batches}
    links += [f"- [{accession} in the API]({site}/api/v2/studies/{accession})" for accession in sorted(studies)]
    return "\n\n".join([*parts, "\n".join(links)])


def sheets_page(batches: Sequence[Batch]) -> str:
    """Where the samplesheets that wait can be read and edited."""
    return "\n".join(["Each batch's page has its samplesheet, and a button to edit it.", "", *_links(batches)])


def _links(batches: Sequence[Batch]) -> list[str]:
    site = settings.EMG_CONFIG.service_urls.site_url.rstrip("/")
    return [f"- [{batch.slug} {batch.key}]({site}/admin/workflows/batch/{batch.pk}/change/)" for batch in batches]


def download_page(batches: Sequence[Batch]) -> str:
    """A line a sample: runs, files, bytes, verdict, job, seconds."""
    members = BatchMember.objects.filter(batch__in=batches).select_related("sample", "batch__job")
    rows = [_download_row(member) for member in members.order_by("sample__first_accession")]
    totals = f"{len(rows)} samples, {sum(row[1] for row in rows)} runs, {sum(row[3] for row in rows)} bytes"
    return f"{totals}\n\n" + table(("sample", "runs", "files", "bytes", "verdict", "job", "seconds"), rows)


def failures_in_words(batches: Sequence[Batch]) -> str:
    """Counts, and why the first one failed. Empty if no member did."""
    counts = count_verdicts(batches)
    bad = {verdict: counts[verdict] for verdict in ("failed", "check_failed", "skipped", "unfinished")}
    told = ", ".join(f"{number} {verdict}" for verdict, number in bad.items() if number)
    if not told:
        return ""
    first = failed_members(batches).exclude(verdict=BatchMember.Verdict.BLOCKED)[0]
    accession, _, why, task, exit_code, found, _ = _failure(first)
    parts = (why, task, f"exit code {exit_code}" if exit_code else "", _error_line(first) or found)
    return f"{told}; first {accession}: {', '.join(filter(None, parts))}"


def selection_page(study: Study, declared: Declared) -> str:
    """What each policy would select, so that a curator sees the effect before choosing."""
    types = declared.pipeline.experiment_types
    expected = expected_type(declared)
    about = f"**{_cell(study.title)}** ({study.first_accession}) with *{declared.pipeline.label}*\n\n"
    if declared.pipeline.subject != "run":
        return about
    rows, groups = [], []
    for strategy in StrategyPolicy:
        for source in SourcePolicy:
            found = preview_selection(study=study, strategy_policy=strategy, source_policy=source, expected=expected)
            rows.append((strategy.value, source.value, sum(row.n for row in found if row.experiment_type in types)))
            if (strategy, source) == (StrategyPolicy.AS_IN_ENA, SourcePolicy.BY_NAME):
                groups = [tuple(row) for row in found]
    return (
        about
        + table(("library strategy", "library source", "experiment type by the defaults", "runs"), groups)
        + "\n\nRuns that would be analysed:\n\n"
        + table(("library_strategy_policy", "library_source_policy", "runs"), rows)
    )


def expected_type(declared: Declared) -> str | None:
    """What a run is taken for where a policy lets it count: of several types metagenomic."""
    return min(declared.pipeline.experiment_types, default=None)


def _failure(member: BatchMember) -> tuple:
    fault = member.faults[0] if member.faults else {}
    first = " ".join(str(fault[name]) for name in ("path", "found", "expected") if fault.get(name))
    first = first or ", ".join(f"{run['run']} {run['word']}" for run in _failed_runs(member))
    evidence = member.evidence
    tail = str(evidence.get("log_tail", ""))[-WORDS_SHOWN:]
    why = member.reason_code or "unfinished"
    return (
        member.accession,
        member.verdict or "",
        why,
        evidence.get("task", ""),
        evidence.get("exit", ""),
        first,
        tail,
    )


def _error_line(member: BatchMember) -> str:
    """What Nextflow itself gave as the error, where the log's end has it."""
    lines = str(member.evidence.get("log_tail", "")).splitlines()
    return next((line.removeprefix("ERROR ~ ") for line in lines if line.startswith("ERROR ~ ")), "")[:WORDS_SHOWN]


def _failed_runs(member: BatchMember) -> list[dict[str, str]]:
    """Of a downloaded sample."""
    return [run for run in member.result.get("runs", []) if run["word"] != "ok"]


def _download_row(member: BatchMember) -> tuple:
    job, files = member.batch.job, member.result.get("files", [])
    seconds = f"{(job.final_at - job.created_at).total_seconds():.0f}" if job and job.final_at else ""
    size = sum(file["size_bytes"] for file in files)
    verdict = f"{member.verdict or 'unfinished'} {member.word or member.reason_code}".strip()
    runs = len(member.result.get("runs", []))
    return (member.accession, runs, len(files), size, verdict, str(job.pk)[:8] if job else "", seconds)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")
