"""How every bench measures and tells: a figure, and its floor in the same run."""

import os
import re
import subprocess
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from django.conf import settings

ROUNDS = 20


def show(what: str, figure: str, floor: str, floor_figure: str) -> None:
    print(f"{what:<55} {figure:<36} | {floor}: {floor_figure}", flush=True)  # noqa: T201 - a bench prints


def milliseconds(act: Callable[[], object]) -> str:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return f"{median(times):.1f} ms"


def psql_milliseconds(script: str) -> list[float]:
    """What psql alone takes for each statement of a script that has its timing switched on."""
    at: Any = settings.DATABASES["default"]
    argv = ["psql", "-XAtq", "-h", at["HOST"], "-p", str(at["PORT"]), "-U", at["USER"], "-d", at["NAME"]]
    environment = os.environ | {"PGPASSWORD": at["PASSWORD"]}
    done = subprocess.run(argv, input=script, env=environment, check=True, capture_output=True, text=True)
    return [float(took) for took in re.findall(r"^Time: ([\d.]+) ms", done.stdout, re.MULTILINE)]
