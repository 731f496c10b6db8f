"""Where the local stack lies, and the environment its processes get."""

import json
import os
import secrets
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
STATE = CHECKOUT / ".emg"
PORTS = ("postgres", "prefect", "api", "standin", "files")
# Prefect reports usage to its makers unless told not to.
NO_TELEMETRY = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}


@dataclass(frozen=True)
class Place:
    """One stack's folder and its ports. A stack that is started again finds both as they were."""

    home: Path
    ports: dict[str, int]

    @classmethod
    def of(cls, name: str) -> "Place":
        """The stack of that name below ``.emg``; its ports are chosen free the first time, and again when taken."""
        home = STATE / name
        home.mkdir(parents=True, exist_ok=True)
        record = home / "ports.json"
        ports = json.loads(record.read_text()) if record.exists() else {}
        if set(ports) != set(PORTS) or not all(map(is_free, ports.values())):
            ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
            record.write_text(json.dumps(ports))
        return cls(home, ports)

    def url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.ports[part]}"

    def secret(self, name: str) -> str:
        """A random word made at first use and kept, readable by us alone."""
        path = self.home / "secrets" / name
        if not path.exists() or not path.stat().st_size:  # killed between the two
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        return path.read_text()

    @property
    def installation(self) -> str:
        """Four letters that mark this stack's jobs in a scheduler it shares with others."""
        path = self.home / "installation"
        if not path.exists():
            path.write_text("".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(4)))
        return path.read_text()


def environment_of(place: Place, *, environment: str, nextflow: Path, with_standin: bool = True) -> dict[str, str]:
    """The environment of every process of the stack. What the caller has set under ``EMG_`` wins.

    :param environment: ``demo``, ``ci`` or ``development``
    :param nextflow: the launcher
    """
    database = {"host": "127.0.0.1", "port": str(place.ports["postgres"]), "user": "emg", "name": "emg"}
    ours = {
        **{f"EMG_DATABASE__{key.upper()}": value for key, value in database.items()},
        **_folders(place.home),
        "EMG_ENVIRONMENT": environment,
        "EMG_WEB__SECRET_KEY": place.secret("django"),
        "EMG_WEBIN__JWT_SECRET_KEY": place.secret("webin-tokens"),
        "EMG_WEB__CSRF_TRUSTED_ORIGINS": json.dumps([place.url("api")]),
        "EMG_SERVICE_URLS__SITE_URL": place.url("api"),
        "EMG_SERVICE_URLS__PREFECT_UI_URL": place.url("prefect"),
        "EMG_SERVICE_URLS__TRANSFER_SERVICES_URL_ROOT": f"{place.url('files')}/",
        "EMG_NEXTFLOW__EXECUTABLE": str(nextflow),
        "EMG_BATCHES__MIN_FREE_GIB": "1",
        "EMG_SLURM__DEFAULT_SECONDS_BETWEEN_JOB_CHECKS": "2",
        # One machine, one clock: a body without a sign of life for a minute is dead, and is put back to work.
        "EMG_CLUSTER__TIMES__BEAT": "10",
        "EMG_CLUSTER__TIMES__DEAD_AFTER": "60",
    }
    if with_standin:
        ours |= {"EMG_ENA__STANDIN_URL": place.url("standin"), "EMG_WEBIN__DCC_PASSWORD": place.secret("ENA_PASSWORD")}
        # Jobs that fetch private reads get both as files.
        (place.home / "secrets" / "ENA_USERNAME").write_text("dcc_metagenome")
        ours["EMG_CLUSTER__SECRETS_ROOT"] = str(place.home / "secrets")
    prefect_database = "postgresql+asyncpg://{user}@{host}:{port}/prefect".format(**database)
    prefect = {
        **NO_TELEMETRY,
        "PREFECT_HOME": str(place.home / "prefect"),
        "PREFECT_API_URL": f"{place.url('prefect')}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": prefect_database,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_LOGGING_COLORS": "false",
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**prefect, **ours, **os.environ, "PATH": path, "PYTHONPATH": str(CHECKOUT)}


def _folders(home: Path) -> dict[str, str]:
    folders = {
        "EMG_CLUSTER__STATE_ROOT": "cluster",
        "EMG_SLURM__DEFAULT_WORKDIR": "work",
        "EMG_SLURM__DEFAULT_NEXTFLOW_WORKDIR": "nextflow-work",
        "EMG_SLURM__PIPELINES_ROOT_DIR": "pipelines",
        "EMG_SLURM__FTP_RESULTS_DIR": "results/public",
        "EMG_SLURM__PRIVATE_RESULTS_DIR": "results/private",
        "EMG_NEXTFLOW__HOME": "nextflow-home",
    }
    for folder in folders.values():
        (home / folder).mkdir(parents=True, exist_ok=True)
    return {name: str(home / folder) for name, folder in folders.items()}


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def has_slurm() -> bool:
    return shutil.which("sbatch") is not None and Path("/etc/slurm/slurm.conf").exists()
