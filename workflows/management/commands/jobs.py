"""``manage.py jobs``: what an operator asks of the job layer (``spec/cluster-jobs.md`` §8)."""

import getpass
import json
import re
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from workflows.cluster.adopting import Foundling, NotAdopted, accept_loss, adopt_job, find_foundlings
from workflows.cluster.backends.base import BackendUnavailable
from workflows.cluster.cancellation import request_cancel
from workflows.cluster.requests import WrongRequest
from workflows.cluster.retrying import retry_job
from workflows.models import ClusterJob, ClusterJobAttempt, PipelineTask, WorkEvent
from workflows.models.outcome import OutcomeClass
from workflows.selectors.jobs import find_jobs, list_jobs, newest_attempt, reason_in_words, what_next, word_of

NOTHING_MATCHED, REFUSED = 1, 2
WATCH_SECONDS, CLEAR = 2, "\033[H\033[2J"  # the terminal's own words: to its corner, wipe
STATES = sorted({*ClusterJob.State.values, *ClusterJobAttempt.State.values})
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
ATTEMPT_COLUMNS = ["number", "token", "state", "outcome_class", "exit_code", "backend_job_id", "cpus", "memory_mib"]
ATTEMPT_COLUMNS += ["time_limit_seconds", "peak_rss_mib", "evidence"]
FOUND_COLUMNS = ["token", "job", "number", "kind", "scheduler_id", "is", "name"]
COLUMNS = ["id", "state", "class", "kind", "study", "backend", "scheduler_id", "age", "name"]


class Command(BaseCommand):
    help = "Lists, shows, cancels, retries and adopts cluster jobs. Exit code 0 done, 1 nothing matched, 2 refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="jobs, newest first")
        listing.add_argument("--state", type=str.upper, choices=STATES)
        listing.add_argument("--study", help="MGYS or ENA accession")
        listing.add_argument("--class", dest="outcome_class", type=str.upper, choices=OutcomeClass.values)
        listing.add_argument("--since", type=parse_since, help="30m, 12h, 7d, or a date like 2026-01-31")
        listing.add_argument("--limit", type=int, default=50)
        listing.add_argument("--watch", action="store_true", help="show it anew every 2 s until Ctrl-C, in a terminal")
        show = verbs.add_parser("show", help="all about one job: attempts, events, what happens next, log tail, tasks")
        cancel = verbs.add_parser("cancel", help="end a job and its children")
        cancel.add_argument("--reason", required=True)
        retry = verbs.add_parser("retry", help="do an ended job again, as a new one")
        retry.add_argument("--memory", type=int, metavar="MIB", help="instead of what its last attempt asked for")
        retry.add_argument("--time", type=int, metavar="MINUTES", help="instead of what its last attempt asked for")
        adopt = verbs.add_parser("adopt", help="jobs that no row knows, as after the restore of an older backup")
        adopt.add_argument("--apply", action="store_true", help="write their rows anew from their directories")
        loss = verbs.add_parser("accept-loss", help="let jobs be lost that the scheduler denies in great number")
        loss.add_argument("--reason", required=True)
        for verb in (show, cancel, retry):
            verb.add_argument("which", help="id or its beginning, token, or the scheduler's id")
        for verb in (listing, show):
            verb.add_argument("--json", action="store_true")

    def handle(self, *, verb: str, **options: Any) -> None:
        verbs = {"list": self.list_jobs, "show": self.show_job, "cancel": self.cancel_job, "retry": self.retry_job}
        verbs |= {"adopt": self.adopt_jobs, "accept-loss": self.accept_loss}
        lines = verbs[verb]
        if options.get("watch") and self.stdout.isatty():
            with suppress(KeyboardInterrupt):
                self.watch(lines, options)
            return
        self.stdout.write("\n".join(lines(options)))

    def watch(self, lines: Callable[[dict[str, Any]], list[str]], options: dict[str, Any]) -> NoReturn:
        while True:
            try:
                shown = lines(options)
            except CommandError as nothing:  # yet
                shown = [str(nothing)]
            now = f"{timezone.now():%Y-%m-%d %H:%M:%S} UTC, again every {WATCH_SECONDS} s, Ctrl-C ends"
            self.stdout.write("\n".join([CLEAR + now, "", *shown]))
            time.sleep(WATCH_SECONDS)

    def list_jobs(self, options: dict[str, Any]) -> list[str]:
        asked = {name: options[name] for name in ("state", "study", "outcome_class", "since")}
        rows = [summary(job) for job in list_jobs(**asked)[: options["limit"]]]
        if not rows:
            raise CommandError("no job matches", returncode=NOTHING_MATCHED)
        return [as_json(rows)] if options["json"] else table(rows, COLUMNS)

    def show_job(self, options: dict[str, Any]) -> list[str]:
        job = the_one(options["which"])
        return [as_json(details(job))] if options["json"] else pages(details(job))

    def cancel_job(self, options: dict[str, Any]) -> list[str]:
        job = the_one(options["which"])
        if job.is_final:
            raise CommandError(f"{job.pk} is final already: {word_of(job)}", returncode=REFUSED)
        request_cancel(job_id=job.pk, actor=whoever_types(), reason=reason_in(options))
        return [f"{job.pk}: {word_of(the_one(str(job.pk)))}"]

    def retry_job(self, options: dict[str, Any]) -> list[str]:
        job, seconds = the_one(options["which"]), options["time"] and options["time"] * 60
        try:
            again = retry_job(
                job_id=job.pk, actor=whoever_types(), memory_mib=options["memory"], time_limit_seconds=seconds
            )
        except WrongRequest as error:
            raise CommandError(f"{job.pk}: {error}", returncode=REFUSED) from error
        return [f"{again.pk}: the service submits it with its next pass"]

    def adopt_jobs(self, options: dict[str, Any]) -> list[str]:
        try:
            jobs = find_foundlings()
        except BackendUnavailable as error:
            raise CommandError(f"nothing is known of the scheduler's jobs: {error}", returncode=REFUSED) from error
        if not jobs:
            raise CommandError("every job directory has its row", returncode=NOTHING_MATCHED)
        if not options["apply"]:
            return table([found_row(found) for attempts in jobs for found in attempts], FOUND_COLUMNS)
        refusals = []
        for attempts in jobs:
            try:
                job = adopt_job(attempts=attempts, actor=whoever_types())
                self.stdout.write(f"{job.pk}: {word_of(the_one(str(job.pk)))}  {job.name}")
            except NotAdopted as refusal:
                refusals.append(f"{attempts[-1].intent['job']}: {refusal}")
        if refusals:
            raise CommandError("\n".join(refusals), returncode=REFUSED)
        return [f"{len(jobs)} jobs have their rows again"]

    def accept_loss(self, options: dict[str, Any]) -> list[str]:
        backends = accept_loss(actor=whoever_types(), because=reason_in(options))
        if not backends:
            raise CommandError("no scheduler denies many jobs of ours", returncode=NOTHING_MATCHED)
        return [f"{name}: what was missing by now is given up by the next passes" for name in backends]


def whoever_types() -> str:
    return f"user:{getpass.getuser()}"


def reason_in(options: dict[str, Any]) -> str:
    """:raises CommandError: it is empty"""
    if not options["reason"].strip():
        raise CommandError("--reason: say why, for those who wonder later", returncode=REFUSED)
    return options["reason"]


def the_one(which: str) -> ClusterJob:
    """:raises CommandError: none matches, or several do"""
    found = find_jobs(which)
    if not found:
        raise CommandError(f"no job has the id, token or scheduler id {which!r}", returncode=NOTHING_MATCHED)
    if len(found) > 1:
        several = ", ".join(str(job.pk) for job in found[:10])
        raise CommandError(f"{which!r} names {len(found)} jobs: {several}", returncode=REFUSED)
    return found[0]


def summary(job: ClusterJob) -> dict[str, Any]:
    attempt = newest_attempt(job)
    return {
        "id": str(job.pk),
        "state": word_of(job),
        "class": job.outcome_class or "",
        "kind": job.kind,
        "study": job.study.accession if job.study else "",
        "backend": job.backend,
        "scheduler_id": attempt.backend_job_id or "",
        "age": age(job.created_at),
        "seconds": run_seconds(attempt),
        "name": job.name,
    }


def found_row(found: Foundling) -> dict[str, Any]:
    told = {name: found.intent[name] for name in ("job", "number", "kind", "name")}
    return told | {"token": found.token, "scheduler_id": found.job_id, "is": found.word}


def run_seconds(attempt: ClusterJobAttempt) -> float | None:
    """How long it ran, by the scheduler's clock."""
    if attempt.started_at is None or attempt.ended_at is None:
        return None
    return round((attempt.ended_at - attempt.started_at).total_seconds(), 1)


def details(job: ClusterJob) -> dict[str, Any]:
    newest = job.attempts.order_by("number").last()
    events = WorkEvent.objects.filter(Q(job=job) | Q(attempt__job=job)).order_by("id")
    tasks = PipelineTask.objects.filter(pipeline_run__attempt=newest).order_by("task_id")
    reason = newest.reason if newest and not job.is_final else ""
    return {
        "job": summary(job) | {"key": job.logical_key, "evidence": job.evidence, "next": what_next(job)},
        "waits_for": reason_in_words(reason) if reason != "None" else "",
        "attempts": list(job.attempts.order_by("number").values(*ATTEMPT_COLUMNS)),
        "events": list(events.values("at", "actor", "kind", "to_state", "detail")),
        "tasks": list(tasks.values("task_id", "name", "status", "exit", "realtime")),
        "log_tail": newest.log_tail if newest else "",
    }


def pages(told: dict[str, Any]) -> list[str]:
    """The details for a terminal."""
    lines = [f"{name:13} {value}" for name, value in told["job"].items() if value not in ("", None)]
    lines += [f"{'waits for':13} {told['waits_for']}"] if told["waits_for"] else []
    for title in ("attempts", "events", "tasks"):
        if rows := told[title]:
            lines += ["", title, *table(rows, list(rows[0]))]
    return lines + (["", "log tail", told["log_tail"]] if told["log_tail"] else [])


def table(rows: list[dict[str, Any]], columns: list[str]) -> list[str]:
    """Left-aligned columns; the last one may be as long as it likes."""
    lines = [columns, *([cell(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns) - 1)] + [0]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value in (None, {}) else str(value)


def age(since: datetime) -> str:
    seconds = int((timezone.now() - since).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def parse_since(text: str) -> datetime:
    """:raises ValueError: neither an age nor a date"""
    if match := re.fullmatch(r"(\d+)([mhd])", text):
        return timezone.now() - timedelta(**{UNITS[match[2]]: int(match[1])})
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def as_json(told: Any) -> str:
    return json.dumps(told, indent=1, default=str)
