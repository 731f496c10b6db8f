"""``python -m deployment.compose.stack wait | demo``: the composed stack as seen from this machine."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests
from dotenv import dotenv_values
from rich.console import Console

from deployment.local import demo, show
from deployment.local.environment import CHECKOUT
from deployment.local.processes import StepFailed

LONGEST_START_SECONDS = 300
PORTS = {"API_PORT": 8000, "PREFECT_PORT": 4200, "PUBLIC_FILES_PORT": 8081, "PRIVATE_FILES_PORT": 8082}


class Composed:
    """Stands where :class:`deployment.local.stack.Stack` does for the demonstration; the engine restarts the dead."""

    def __init__(self) -> None:
        self.compose = shlex.split(os.environ.get("COMPOSE", "docker compose"))
        self.place = self.processes = self
        self.home = Path("/cluster")  # inside
        self.api = f"{self.url('API_PORT')}/api/v2"

    def url(self, part: str) -> str:
        name = {"prefect": "PREFECT_PORT"}.get(part, part)
        chosen = dotenv_values(CHECKOUT / ".env") | os.environ  # as the engine reads them
        return f"http://127.0.0.1:{chosen.get(name, PORTS[name])}"

    def restart_the_dead(self) -> list[str]:
        return []

    def manage(self, *arguments: str) -> str:
        """Run a management command inside. :raises StepFailed: with what it said"""
        return self.run("python", "manage.py", *arguments)

    def run(self, *command: str) -> str:
        """The output of a command inside. :raises StepFailed: with what it said"""
        argv = [*self.compose, "exec", "-T", "app", *command]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StepFailed(f"{' '.join(command[:3])} failed inside: {done.stderr[-1500:]}")
        return done.stdout

    def downloads(self) -> dict[str, int]:
        """The read files that jobs have fetched, with their bytes."""
        found = self.run("find", "/cluster/work", "-path", "*/results/*.fastq.gz", "-printf", "%f %s\n").splitlines()
        return {name: int(size) for name, size in map(str.split, found)}

    def wait(self) -> None:
        """Until every part that has an address answers. :raises StepFailed: naming the address"""
        wanted = [f"{self.api}/biomes/?page_size=1"]
        wanted += [f"{self.url(part)}/healthz" for part in ("PUBLIC_FILES_PORT", "PRIVATE_FILES_PORT")]
        if os.environ.get("PROFILE", "flows") == "flows":
            wanted.append(f"{self.url('PREFECT_PORT')}/api/work_pools/slurm")  # made when the flows are deployed
        deadline = time.monotonic() + LONGEST_START_SECONDS
        for address in wanted:
            while not _answers(address):
                if time.monotonic() > deadline:
                    raise StepFailed(f"{address} did not answer within {LONGEST_START_SECONDS} s: task compose:logs")
                time.sleep(0.5)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


def main() -> int:
    console, stack = Console(), Composed()
    as_stack: Any = stack
    try:
        if sys.argv[1] == "wait":
            stack.wait()
            console.print(f"The API answers at {stack.api}, Prefect at {stack.url('prefect')}", highlight=False)
        else:
            operator = demo.run_demo(as_stack, console, demo.DEMO_STUDY)
            results = show.gather_results(operator, demo.DEMO_STUDY) | {"downloads": stack.downloads()}
            show.show_results(results, console, demo.DEMO_STUDY)
    except StepFailed as failure:
        console.print(f"[bold red]Failed:[/] {failure}", highlight=False, soft_wrap=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
