"""What the path itself costs, each figure beside its floor in the same run.

``task bench -- first_path``, against a running stack (``./taskw demo -- --keep`` or ``task run`` in another terminal).
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "emgapiv2.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after Django is set up
from prefect.deployments import run_deployment  # noqa: E402

from bench.figures import show  # noqa: E402
from workflows.models import Batch, ClusterJobAttempt, FlowRun, WorkEvent  # noqa: E402

SLEEPERS = 10


def main() -> None:
    measure_sleepers()
    measure_the_demo_study()


def measure_sleepers() -> None:
    """Ten flows that wait: their processes, and how long after its job's end each is awake."""
    deploy = [sys.executable, "manage.py", "deploy_flow", "--file", "bench/sleeper.py", "--flow", "sleeper"]
    subprocess.run(deploy, check=True, capture_output=True)
    first = time.time_ns()
    numbers = [first + number for number in range(SLEEPERS)]
    for number in numbers:
        start_sleeper(number, seconds=60)
    mine = FlowRun.objects.filter(live_key__in=[f"sleeper:{number}" for number in numbers])
    wait_until(lambda: mine.filter(state="suspended", waiting=True).count() == SLEEPERS, "all asleep")
    time.sleep(10)  # a suspended process lives a moment longer
    engines = processes("prefect.engine")
    worker, service = processes("worker start"), processes("manage.py reconcile")
    used = f"{mib(worker)} and {mib(service)}"
    show(f"processes of {SLEEPERS} waiting flows", str(len(engines)), "worker and service, MiB", used)
    wait_until(lambda: mine.filter(state="completed").count() == SLEEPERS, "all done")
    lags = [lag for run in mine if (lag := seconds_to_awake(run)) is not None]
    alone = time.time_ns()
    start_sleeper(alone, seconds=30)
    of_one = FlowRun.objects.filter(live_key=f"sleeper:{alone}")
    wait_until(of_one.filter(state="completed").exists, "the lone one done")
    lag_alone, floor = f"{seconds_to_awake(of_one.get()):.1f} s", "its interval and the worker's"
    show("job end to flow awake, one alone", lag_alone, floor, "2 s and 1 s")
    lags_told = f"{median(lags):.1f} s, at most {max(lags):.1f} s"
    show(f"job end to flow awake, {SLEEPERS} at once", lags_told, "an empty run by the same worker", empty_run())


def measure_the_demo_study() -> None:
    """The flow of the demo study beside the bare Nextflow run of its own sheet and parameters."""
    batch = Batch.objects.filter(slug="mini_amplicon").order_by("-created_at").first()
    finished = FlowRun.objects.filter(deployment="analyse_study_deployment", state="completed")
    run = finished.order_by("-created_at").first()
    if batch is None or batch.job is None or run is None:
        print("The demo study has not been run in this stack: ./taskw demo -- --keep")  # noqa: T201
        return
    attempt = ClusterJobAttempt.objects.filter(job=batch.job).latest("number")
    call = batch.job.spec["nextflow"]
    scratch = Path(batch.base_dir) / "bench"
    project = f"{call['project_dir']}/{call['main']}"
    argv = [settings.EMG_CONFIG.nextflow.executable, "run", project, "-params-file", call["params_file"]]
    scratch.mkdir(exist_ok=True)
    overlay = next((settings.EMG_CONFIG.cluster.state_root / "jobs").glob(f"*/{attempt.token}/overlay.config"))
    # The same executor and limits; the head's token must not name tasks that are not its own.
    own = scratch / "bench.config"
    own.write_text("".join(line for line in overlay.open() if "jobName" not in line))
    argv += ["--outdir", str(scratch / "out"), "-work-dir", str(scratch / "work"), "-c", str(own), "-ansi-log", "false"]
    argv += ["-with-trace", str(scratch / f"trace-{time.time_ns()}.tsv")]
    home = str(settings.EMG_CONFIG.nextflow.home)
    environment = os.environ | {"NXF_OFFLINE": "true", "NXF_HOME": home, "NXF_OPTS": "-Xmx716m"}
    started = time.monotonic()
    subprocess.run(argv, cwd=scratch, env=environment, check=True, capture_output=True)
    bare = time.monotonic() - started
    whole = seconds_between(run.created_at, run.ended_at)
    head = seconds_between(attempt.started_at, attempt.ended_at)
    told = f"{whole:.1f} s (its head {head:.1f} s)"
    show("the demo study, asked for to finished", told, "bare nextflow run", f"{bare:.1f} s")


def seconds_to_awake(run: FlowRun) -> float | None:
    """From the scheduler's own end of its job to its body's entry; None if the body never slept."""
    ended = ClusterJobAttempt.objects.filter(job__calls__flow_run=run, ended_at__isnull=False).latest("number").ended_at
    woken = WorkEvent.objects.filter(flow_run=run, to_state="running", at__gt=ended).order_by("id").first()
    return (woken.at - ended).total_seconds() if woken and ended else None


def empty_run() -> str:
    """Asked for to entered, of a run that has nothing to wait for."""
    number, started = time.time_ns(), time.monotonic()
    start_sleeper(number, seconds=0)
    wait_until(FlowRun.objects.filter(live_key=f"sleeper:{number}").exists, "the empty run entered")
    return f"{time.monotonic() - started:.1f} s"


def start_sleeper(number: int, *, seconds: int) -> None:
    parameters = {"number": number, "seconds": seconds}
    run_deployment("Wait for one job/sleeper_deployment", parameters=parameters, timeout=0, as_subflow=False)


def seconds_between(start: datetime | None, end: datetime | None) -> float:
    return (end - start).total_seconds() if start and end else float("nan")


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.2)


def processes(words: str) -> list[Path]:
    """The processes of this stack whose command line holds the words."""
    home = str(settings.EMG_CONFIG.cluster.state_root.parent).encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            ours = b"LOCAL_STACK=" + home in (entry / "environ").read_bytes()
            if ours and words in (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode():
                found.append(entry)
        except OSError:
            continue
    return found


def mib(found: list[Path]) -> int:
    pages = sum(int((entry / "statm").read_text().split()[1]) for entry in found)
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


if __name__ == "__main__":
    main()
