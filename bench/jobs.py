"""What the job layer costs over the scheduler itself: ``task bench -- jobs``, on a Slurm and a database of its own.

How soon a sleeping flow is awake is measured on a running stack: ``task bench -- first_path``.
"""

import multiprocessing
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median, quantiles

from bench.catalogue_data import create_database  # first: it names the database and sets Django up

# isort: split
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from bench.figures import milliseconds, psql_milliseconds, show
from workflows.cluster.backends import default_backend_name
from workflows.cluster.identity import new_token
from workflows.cluster.job_files import read_marker
from workflows.cluster.node.supervisor import write_file
from workflows.cluster.policies import POLICIES
from workflows.cluster.reconciler import DUTY, run_pass
from workflows.cluster.requests import JobRequest, record_intent
from workflows.cluster.submission import submit_job
from workflows.duties import DutySpec, Service
from workflows.models import ClusterJob, ClusterJobAttempt, Duty, WorkEvent

LIVE, THROUGH, CALLERS, NOTICED, PASSES = 5_000, 400, 4, 10, 5
FORK = multiprocessing.get_context("fork")
FILES_A_JOB = 6
COMMANDS = ("sbatch", "squeue", "sacct", "scontrol", "scancel")


def main() -> None:
    """The last one leaves 5,000 rows that no scheduler knows."""
    create_database()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE workflows_clusterjob, workflows_duty CASCADE")
    config, scratch = settings.EMG_CONFIG, Path(tempfile.mkdtemp(dir=settings.EMG_CONFIG.slurm.default_workdir))
    slurm = config.slurm.model_copy(update={"default_workdir": scratch, "incomplete_job_limit": 2 * LIVE})
    cluster = config.cluster.model_copy(update={"state_root": scratch, "installation": None})
    settings.EMG_CONFIG = config.model_copy(update={"slurm": slurm, "cluster": cluster})
    try:
        if default_backend_name() == "slurm":
            for measure in (measure_submission, measure_throughput, measure_notice, measure_pass):
                measure(scratch)
        else:
            show("one job, intent to released", milliseconds(submit), "there is no sbatch here", "")
    finally:
        shutil.rmtree(scratch)


def measure_submission(scratch: Path) -> None:
    def files() -> None:
        for number in range(FILES_A_JOB):
            write_file(scratch / f"file-{number}", "x")

    show("one job, intent to released (bar: 40 ms over sbatch)", milliseconds(submit), "sbatch", milliseconds(bare))
    show("", "", "sbatch --hold and scontrol release", milliseconds(lambda: release(bare("--hold"))))
    show("", "", f"{FILES_A_JOB} files on the disk", milliseconds(files))
    run_passes_until_all_ended()


def measure_throughput(_scratch: Path) -> None:
    """Callers and the service are a process each; of bare jobs one caller already submits more than can start."""

    def ours() -> None:
        connection.close()
        callers = [FORK.Process(target=submit_many, args=[THROUGH // CALLERS]) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        while any(caller.is_alive() for caller in callers):
            run_pass()
        run_passes_until_all_ended()

    def theirs() -> None:
        ids = {bare() for _ in range(THROUGH)}
        while ids & set(said("squeue", "-h", "-t", "PD,R,CG", "-o", "%i").split()):
            time.sleep(0.2)

    figures = [f"{THROUGH / seconds(act):.1f} jobs/s" for act in (ours, theirs)]
    show(f"{THROUGH} jobs by {CALLERS} callers, submitted to ended (bar: 80 %)", figures[0], "bare sbatch", figures[1])


def measure_notice(_scratch: Path) -> None:
    """The service as it turns in production; the markers tell when the commands ended."""
    every, dice = settings.EMG_CONFIG.slurm.default_seconds_between_job_checks, Random(1)
    jobs = [submit("sleep", f"{dice.uniform(2, 30):.1f}") for _ in range(NOTICED)]
    service = Service([DutySpec(DUTY, "workflows.cluster.reconciler:run_pass", every)])
    threads = service.start()
    while ClusterJob.objects.filter(state="OPEN").exists():
        time.sleep(0.5)
    service.stop()
    for thread in threads:
        thread.join()
    lags = []
    for job in ClusterJob.objects.filter(pk__in=[job.pk for job in jobs]):
        attempt = job.attempts.get()
        marker = read_marker(attempt.token, attempt.backend_job_id)
        if marker and job.final_at:
            lags.append(job.final_at.timestamp() - marker.epoch)
    told = f"median {median(lags):.1f} s, p95 {quantiles(lags, n=20)[-1]:.1f} s"
    show(f"job end to row final (bar: {every + 2:g} s)", told, "the scheduler's own end to squeue", own_notice())


def measure_pass(scratch: Path) -> None:
    """Scheduler calls are counted on PATH; the listing of jobs that are not there is read from a file."""
    show_pass = f"a pass over {LIVE:,} live, nothing changed (bar: 1 s CPU)"
    listing, calls = make_live(scratch), scratch / "calls"
    count_calls(scratch / "counted", calls, listing)
    Duty.objects.get_or_create(name=DUTY)
    run_pass()
    calls.write_text("")
    statements: Counter[str] = Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def count(execute: Callable, sql: str, *rest: object) -> object:
        statements[sql.split(maxsplit=1)[0]] += 1
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        times = [cpu_seconds(run_pass) for _ in range(PASSES)]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rows = "SELECT * FROM workflows_clusterjobattempt JOIN workflows_clusterjob job ON job.id = job_id"
    floor = psql_milliseconds(f"\\timing on\n\\o /dev/null\n{rows};\n")[-1]
    each = {word: number / PASSES for word, number in statements.items()}
    show(show_pass, f"{median(times):.2f} s CPU, +{grown:.0f} MiB", "SELECT of the rows by psql", f"{floor:.0f} ms")
    told = ", ".join(f"{number:g} {word}" for word, number in sorted(each.items()))
    asked = len(calls.read_text().splitlines()) / PASSES
    show("  its scheduler calls (bar: 2) and statements", f"{asked:g}; {told}", "the duty's own row", "1 UPDATE")


def submit(*argv: str) -> ClusterJob:
    request = JobRequest(
        name="bench",
        kind="COMMAND",
        working_dir=str(settings.EMG_CONFIG.slurm.default_workdir),
        argv=list(argv or ["true"]),
        memory_mib=32,
        time_limit_seconds=60,
        logical_key=f"bench:{os.getpid()}:{time.time_ns()}",
    )
    with transaction.atomic():
        intent = record_intent(request=request, policy=POLICIES["ResubmitAlwaysPolicy"], actor="command:bench")
    submit_job(intent.job)
    return intent.job


def submit_many(number: int) -> None:
    for _ in range(number):
        submit()


def bare(*options: str) -> str:
    return said("sbatch", "--parsable", "--mem=32M", "--time=1", "--output=/dev/null", "--wrap=true", *options).strip()


def release(job_id: str) -> None:
    said("scontrol", "release", job_id)


def said(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, cwd="/").stdout


def run_passes_until_all_ended() -> None:
    while ClusterJob.objects.filter(state="OPEN").exists():
        run_pass()
        time.sleep(0.2)


def own_notice() -> str:
    lags = []
    for _ in range(3):
        with tempfile.NamedTemporaryFile(dir=settings.EMG_CONFIG.slurm.default_workdir) as end:
            job_id = said("sbatch", "--parsable", "--mem=32M", "-t1", "-o/dev/null", f"--wrap=date +%s.%N >{end.name}")
            while said("squeue", "-h", "-t", "all", "-j", job_id.strip(), "-o", "%T").strip() != "COMPLETED":
                time.sleep(0.05)
            lags.append(time.time() - float(Path(end.name).read_text()))
    return f"{median(lags):.1f} s"


def make_live(scratch: Path) -> Path:
    """:data:`LIVE` running attempts, as the services would have left them, and the listing that shows them."""
    started = int(time.time())
    with transaction.atomic():
        jobs = ClusterJob.objects.bulk_create(
            ClusterJob(logical_key=f"live:{number}", name="live", kind="COMMAND", backend="slurm", spec={})
            for number in range(LIVE)
        )
        asked = {"cluster": "slurm", "memory_mib": 32, "time_limit_seconds": 60, "submit_time": started}
        attempts = ClusterJobAttempt.objects.bulk_create(
            ClusterJobAttempt(job=job, number=1, token=new_token(), backend_job_id=str(10**8 + number), **asked)
            for number, job in enumerate(jobs)
        )
        WorkEvent.objects.bulk_create(WorkEvent(job=job, actor="bench", kind="made", to_state="OPEN") for job in jobs)
        for state in ("INTENDED", "SUBMITTING", "HELD", "QUEUED", "RUNNING"):
            if state != "INTENDED":
                ClusterJobAttempt.objects.filter(job__in=jobs).update(state=state, released_at=Now())
            WorkEvent.objects.bulk_create(
                WorkEvent(attempt=attempt, actor="bench", kind="made", to_state=state) for attempt in attempts
            )
    lines = [f"{a.backend_job_id}|RUNNING|None|{started}|{started}|{a.token}\n" for a in attempts]
    (scratch / "listing").write_text("".join(lines))
    return scratch / "listing"


def count_calls(folder: Path, calls: Path, listing: Path) -> None:
    folder.mkdir()
    for name in COMMANDS:
        act = f"cat {listing}" if name == "squeue" else f'exec {shutil.which(name)} "$@"'
        (folder / name).write_text(f"#!/bin/bash\necho {name} >> {calls}\n{act}\n")
        (folder / name).chmod(0o755)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def cpu_seconds(act: Callable[[], object]) -> float:
    def used() -> float:
        usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    before = used()
    act()
    return used() - before


if __name__ == "__main__":
    main()
