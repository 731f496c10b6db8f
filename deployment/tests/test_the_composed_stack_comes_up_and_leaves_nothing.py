"""docker-compose.yaml for real, by podman: images built, health checks good, and nothing left behind.

``COMPOSED=flows`` takes the whole stack and runs the demonstration's study through it on its own Slurm.
"""

import json
import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import requests

from deployment.compose.stack import PORTS, Composed
from deployment.local.environment import CHECKOUT, _free_ports

pytestmark = [pytest.mark.podman, pytest.mark.timeout(1500)]
PROJECT = "emg-test"
SECRETS = (
    "EMG_WEB__SECRET_KEY",
    "EMG_WEBIN__JWT_SECRET_KEY",
    "DATABASE_PASSWORD",
    "SIGNING_KEY",
    "ENA_PASSWORD",
    "ADMIN_PASSWORD",
)
TRUSTED = [path for path in ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt") if Path(path).exists()]
SIGN = """
import time, pathlib; from emgapiv2.api.signing import signed_url
file = pathlib.Path("/results/private/MGYS1/a file.tsv"); file.parent.mkdir(); file.write_text("private")
print(signed_url("MGYS1/a file.tsv", holder="test", now=int(time.time())))
"""


def podman(*arguments: str) -> str:
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, check=True).stdout


def left_behind() -> list[str]:
    of_us = f"--filter=label=io.podman.compose.project={PROJECT}"
    lists = (["ps", "-aq"], ["volume", "ls", "-q"], ["network", "ls", "-q"])
    return [line for words in lists for line in podman(*words, of_us).split()]


@pytest.fixture(params=["flows" if os.environ.get("COMPOSED") == "flows" else "data"])
def profile(request, monkeypatch):
    """The stack, built and up under a name and on ports of its own."""
    if shutil.which("podman") is None:
        pytest.skip("there is no podman here")
    mounts = " ".join(f"-v {path}:{path}:ro" for path in TRUSTED)  # a company's authorities, for the build alone
    monkeypatch.setenv("COMPOSE", f"podman-compose --podman-build-args='{mounts}'")
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", PROJECT)
    monkeypatch.setenv("PROFILE", request.param)
    for name in list(os.environ):
        if name.startswith(("EMG_", "PREFECT_")):
            monkeypatch.delenv(name)
    for name, port in zip(PORTS, _free_ports(len(PORTS)), strict=True):
        monkeypatch.setenv(name, str(port))
    for name in SECRETS:
        monkeypatch.setenv(name, secrets.token_urlsafe(32))
    try:
        subprocess.run(["task", "compose:up"], cwd=CHECKOUT, check=True)
        yield request.param
    finally:
        subprocess.run(["task", "compose:down"], cwd=CHECKOUT, check=True)
    assert not left_behind()


def test_it_comes_up_healthy_and_unprivileged_and_leaves_nothing(profile):
    stack = Composed()
    containers = json.loads(podman("ps", f"--filter=label=io.podman.compose.project={PROJECT}", "--format=json"))
    names = {one["Names"][0].removeprefix(f"{PROJECT}_").removesuffix("_1") for one in containers}
    assert names >= {"database", "app", "ena", "files-public", "files-private"}
    for one in containers:
        health_of(one["Names"][0])
    told = podman("history", "--no-trunc", "localhost/emg-app") + podman("image", "inspect", "localhost/emg-app")
    assert not [name for name in SECRETS if os.environ[name] in told]
    assert podman("image", "inspect", "localhost/emg-app", "--format={{.Config.User}}").strip() == "emg"
    signed = stack.run("python", "manage.py", "shell", "-c", SIGN).split()[-1]
    assert requests.get(signed, timeout=10).text == "private"
    assert requests.get(signed.partition("?")[0], timeout=10).status_code == 403
    assert requests.get(f"{stack.url('PUBLIC_FILES_PORT')}/results/", timeout=10).ok
    if profile == "flows":
        subprocess.run(["task", "compose:demo"], cwd=CHECKOUT, check=True)
        jobs = json.loads(stack.manage("jobs", "list", "--json"))
        assert {(job["backend"], job["state"]) for job in jobs} == {("slurm", "succeeded")}
        assert stack.downloads()
        assert "all invariants hold" in stack.manage("doctor")


def health_of(container: str) -> None:
    """Its health check is good within a minute, where it has one."""
    if podman("inspect", container, "--format={{json .Config.Healthcheck}}").strip() == "null":
        return
    deadline = time.monotonic() + 60
    while subprocess.run(["podman", "healthcheck", "run", container], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, podman("logs", "--tail=30", container)
        time.sleep(1)
