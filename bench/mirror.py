"""What mirroring a large study costs: our own time, which is all but waiting for ENA, and the memory it takes.

``task bench -- mirror``; part of ``task bench``. Each size is a process of its own; the database is beside
the bench's, and emptied.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.catalogue_data import create_database  # first: it names the database and sets Django up

# isort: split
from django.conf import settings
from django.db import connection

from analyses.services.refresh_study import refresh_study
from bench.figures import psql_milliseconds, show
from ena import portal, throttle
from ena.standin.testing import running_standin

SIZES = (1_000, 10_000, 50_000)
FLOOR = """
CREATE TEMP TABLE bare (LIKE analyses_run);
\\copy (SELECT * FROM analyses_run) TO '{file}'
\\timing on
\\copy bare FROM '{file}'
"""


def main() -> None:
    database = {"EMG_DATABASE__NAME": f"{settings.DATABASES['default']['NAME']}_mirror"}
    for runs in SIZES:
        with running_standin(bulk_runs=runs) as standin:
            argv, place = [sys.executable, "-m", "bench.mirror", "child"], {"EMG_ENA__STANDIN_URL": standin.url}
            done = subprocess.run(argv, env=os.environ | database | place, stdout=subprocess.PIPE, check=True)
        first, again, grown, floor = json.loads(done.stdout.splitlines()[-1])
        told = f"{first:.1f} s of our own, again {again:.1f} s, {grown:.0f} MiB"
        bars = " (bar 3 s, again 2 s, 50 MiB)" if runs == 10_000 else ""
        show(f"a study of {runs:,} runs mirrored{bars}", told, "COPY by psql", f"{floor:.1f} s")


def mirror() -> tuple[float, float, float, float]:
    """:return: seconds of the first mirror and of a second, MiB that the process grew by, seconds of the bare COPY"""
    create_database()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE ena_study, ena_sample, ena_throttle CASCADE")
    waited: list[float] = []
    time_waits(portal, "_send", waited)
    time_waits(throttle, "wait_for_slot", waited)
    refresh_study(accession="PRJEB99900001", actor="bench")  # what every process loads once
    before, own = peak_mib(), []
    for _ in range(2):
        waited.clear()
        started = time.monotonic()
        refresh_study(accession="PRJEB99910000", actor="bench")
        own.append(time.monotonic() - started - sum(waited))
    grown = peak_mib() - before
    with tempfile.NamedTemporaryFile() as file:
        floor = psql_milliseconds(FLOOR.format(file=file.name))[-1] / 1000
    return own[0], own[1], grown, floor


def peak_mib() -> float:
    """The most memory that this process ever had. That of ``getrusage`` begins with what its parent had."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def time_waits(module: ModuleType, name: str, waited: list[float]) -> None:
    """Let a function of a module tell how long each call of it took."""
    act = getattr(module, name)

    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.monotonic()
        try:
            return act(*arguments, **named)
        finally:
            waited.append(time.monotonic() - started)

    setattr(module, name, timed)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(mirror()))  # noqa: T201 - read by the process that started this one
    else:
        main()
