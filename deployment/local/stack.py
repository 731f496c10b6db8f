"""The whole platform on one machine, without root: what starts, in which order, and when it is ready."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from deployment.local.environment import CHECKOUT, STATE, Place, environment_of, has_slurm
from deployment.local.nextflow import JarNotFetched, install_nextflow
from deployment.local.postgres import Postgres, PostgresFailed
from deployment.local.processes import MARK, Child, Processes, StepFailed, kill_marked, run_to_end

Step = Callable[[str], AbstractContextManager[None]]
ADMIN = "admin"
NEXTFLOW = STATE / "nextflow"


@dataclass
class Stack:
    """A running platform. Leave it by :meth:`stop`, whatever happened."""

    place: Place
    step: Step
    seed: int = 0
    live_ena: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    processes: Processes = field(init=False)
    postgres: Postgres = field(init=False)

    def __post_init__(self) -> None:
        self.processes = Processes(self.place.home)
        self.postgres = Postgres(self.place.home / "postgres", self.place.ports["postgres"])

    @property
    def api(self) -> str:
        return f"{self.place.url('api')}/api/v2"

    def start(self) -> None:
        """Bring everything up. Safe to call for a stack that was killed at any moment.

        :raises StepFailed: naming the step, its log and what to do
        """
        self.environment = environment_of(
            self.place, environment="demo", nextflow=NEXTFLOW / "nextflow", with_standin=not self.live_ena
        )
        self.environment.setdefault("EMG_CLUSTER__INSTALLATION", self.place.installation)
        with self.step("Settings"):
            refuse_wrong_settings(self.environment)
        with self.step("Postgres"):
            self._start_postgres()
        prefect = self._start_prefect_server()
        with self.step("Nextflow and Java"):
            fetch_nextflow()
            try_nextflow(self.environment, self.place.home)
        with self.step("Database tables"):
            self.manage("migrate", "--no-input", "-v0")
            self._make_admin()
        if not self.live_ena:
            with self.step("Stand-in ENA, its reads made from the bundled reference"):
                self.processes.wait_until_ready(self._start_standin())
        with self.step("Prefect server"):
            self.processes.wait_until_ready(prefect)
        with self.step("Flows deployed to the work pool slurm"):
            self.manage("deploy_flow", "--all")
        with self.step("Worker, service, API and file server"):
            for child in self._start_the_rest():
                self.processes.wait_until_ready(child)

    def stop(self, *, cancel_jobs: bool) -> None:
        """End every process. ``cancel_jobs`` also ends what still runs on the cluster."""
        if cancel_jobs and has_slurm():
            _cancel_slurm_jobs(self.place.installation)
        self.processes.stop()
        kill_marked(f"DJ_TOKEN=dj{self.place.installation}", is_beginning=True)
        self.postgres.stop()

    def manage(self, *arguments: str) -> str:
        """Run a management command; its output."""
        argv = [sys.executable, str(CHECKOUT / "manage.py"), *arguments]
        return run_to_end(f"manage-{arguments[0]}", argv, self.environment, self.place.home)

    def write_environment_file(self) -> None:
        """So that ``task manage``, ``task prefect`` and the like speak to this stack."""
        ours = {key: value for key, value in self.environment.items() if key.startswith(("EMG_", "PREFECT_"))}
        path = STATE / "env"
        path.touch(mode=0o600)
        path.write_text("".join(f"{key}='{value}'\n" for key, value in sorted(ours.items())))

    def _start_postgres(self) -> None:
        try:
            self.postgres.start()
            for name in ("emg", "prefect"):
                self.postgres.create_database(name)
        except PostgresFailed as failure:
            raise StepFailed(str(failure)) from failure

    def _make_admin(self) -> None:
        environment = self.environment | {"DJANGO_SUPERUSER_PASSWORD": self.place.secret("admin-password")}
        argv = [sys.executable, str(CHECKOUT / "manage.py"), "createsuperuser", "--no-input", "--username", ADMIN]
        made = self.place.home / "admin-made"
        if not made.exists():
            try:
                run_to_end("create-admin", [*argv, "--email", "admin@example.org"], environment, self.place.home)
            except StepFailed as failure:
                if "already taken" not in str(failure):  # a start that was killed had made it
                    raise
            made.touch()

    def _start_prefect_server(self) -> Child:
        port = str(self.place.ports["prefect"])
        argv = [*self._program("prefect"), "server", "start", "--host", "127.0.0.1", "--port", port]
        health = f"{self.place.url('prefect')}/api/health"
        return self.processes.start("prefect-server", argv, self.environment, lambda: _answers(health))

    def _start_standin(self) -> Child:
        port, cache = str(self.place.ports["standin"]), str(STATE / "standin")
        argv = [sys.executable, "-m", "ena.standin", "--port", port, "--seed", str(self.seed)]
        argv += ["--cache", cache, "--password-env", "EMG_WEBIN__DCC_PASSWORD"]
        ready = f"{self.place.url('standin')}/ena/portal/api/results"
        return self.processes.start("standin-ena", argv, self.environment, lambda: _answers(ready))

    def _start_the_rest(self) -> Iterator[Child]:
        def start(name: str, argv: list[str], is_ready: Callable[[], bool]) -> Child:
            return self.processes.start(name, argv, self.environment, is_ready)

        manage = [sys.executable, str(CHECKOUT / "manage.py")]
        address = f"127.0.0.1:{self.place.ports['api']}"
        public = self.environment["EMG_SLURM__FTP_RESULTS_DIR"]
        yield start("service", [*manage, "reconcile"], lambda: self._is_logged("service", "reconcile started"))
        worker = [*manage, "prefectcli", "worker", "start", "--pool", "slurm", "--type", "process"]
        yield start("worker", worker, lambda: self._is_logged("worker", "started"))
        web = [*self._program("gunicorn"), "emgapiv2.wsgi", "--bind", address, "--threads", "8"]
        yield start("api", [*web, "--chdir", str(CHECKOUT)], lambda: _answers(f"{self.api}/openapi.json"))
        file_server = [sys.executable, "-m", "http.server", str(self.place.ports["files"]), "--bind", "127.0.0.1"]
        yield start("file-server", [*file_server, "--directory", public], lambda: _answers(self.place.url("files")))

    def _program(self, name: str) -> list[str]:
        return [sys.executable, str(Path(sys.executable).parent / name)]

    def _is_logged(self, name: str, word: str) -> bool:
        log = self.place.home / "logs" / f"{name}.log"
        return log.exists() and word in log.read_text(errors="replace")


def refuse_wrong_settings(environment: dict[str, str]) -> None:
    """Before anything is started. :raises StepFailed: one line for each wrong variable"""
    argv = [sys.executable, "-c", "from emgapiv2.checked_config import load_config; load_config()"]
    done = subprocess.run(argv, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepFailed(done.stderr.strip())


def fetch_nextflow() -> Path:
    """Nextflow's launcher, its jars fetched once for all stacks of this checkout.

    :raises StepFailed: they could not be had
    """
    try:
        return install_nextflow(NEXTFLOW)
    except JarNotFetched as failure:
        raise StepFailed(str(failure)) from failure


def try_nextflow(environment: dict[str, str], home: Path) -> None:
    """A launcher or a Java that cannot start is told now, and not as jobs that fail in some minutes.

    :raises StepFailed: with the settings to look at
    """
    launcher, java = environment["EMG_NEXTFLOW__EXECUTABLE"], environment.get("EMG_NEXTFLOW__JAVA_HOME", "")
    # As a job has it: a person's own JAVA_HOME does not reach the nodes.
    of_a_job = environment | {"JAVA_HOME": java, "NXF_HOME": environment["EMG_NEXTFLOW__HOME"]}
    try:
        run_to_end("nextflow", [launcher, "-version"], of_a_job, home)
    except (OSError, StepFailed) as failure:
        chosen = f"EMG_NEXTFLOW__EXECUTABLE is {launcher}, EMG_NEXTFLOW__JAVA_HOME is {java or 'not set'}"
        raise StepFailed(f"it does not start. {chosen}.\n{failure}") from failure


@contextmanager
def held_place(name: str) -> Iterator[None]:
    """Keep a second stack off that would end this one's processes as a crash's leftovers.

    :raises StepFailed: somebody else has it
    """
    STATE.mkdir(exist_ok=True)
    with (STATE / f"{name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a crash lets go of it too
        except BlockingIOError:
            raise StepFailed(f"the stack {name!r} of this checkout runs already; end it there first (Ctrl-C)") from None
        yield


def find_place(name: str) -> Place:
    """The folder and ports of a stack, once what a crash left running there is ended."""
    home = STATE / name
    # A local job's supervisor outlives a crash on purpose: the new service finds it again.
    kill_marked(f"{MARK}={home}", spare="supervisor.py")
    Postgres(home / "postgres", port=0).stop()
    return Place.of(name)


@contextmanager
def test_environment() -> Iterator[dict[str, str]]:
    """A Postgres for tests and the environment to run them in; a server named by the caller is used as it is."""
    place = find_place("test")
    environment = environment_of(place, environment="ci", nextflow=fetch_nextflow(), with_standin=False)
    if environment["EMG_DATABASE__PORT"] != str(place.ports["postgres"]):
        yield environment
        return
    postgres = Postgres(place.home / "postgres", place.ports["postgres"], durable=False)
    postgres.start()
    try:
        yield environment
    finally:
        postgres.stop()


def forget(place: Place) -> None:
    """Delete what a stack kept, its databases too; downloads and made reads stay."""
    Postgres(place.home / "postgres", place.ports["postgres"]).forget()
    shutil.rmtree(place.home, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code < 500
    except requests.RequestException:
        return False


def _cancel_slurm_jobs(installation: str) -> None:
    """Ends the jobs of this stack alone: their names begin with its four letters."""
    listed = subprocess.run(["squeue", "-h", "-o", "%i %j"], capture_output=True, text=True, check=False, timeout=30)
    jobs = [line.split() for line in listed.stdout.splitlines()]
    ours = [job_id for job_id, name in jobs if name.startswith(f"dj{installation}")]
    if ours:
        subprocess.run(["scancel", *ours], check=False, timeout=30)
