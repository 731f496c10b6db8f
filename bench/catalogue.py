"""What the API and the mirror cost on a catalogue of full size, each figure beside its floor in the same run.

``task bench -- catalogue``. One worker, eight connections, pages of 100; a database of its own beside the configured
one, filled at the first run and kept.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

from bench.catalogue_data import SAMPLES, prepare  # first: it names the database and sets Django up

# isort: split
from django.conf import settings
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from analyses.models import Analysis, Run, Sample
from emgapiv2.api.cursors import cursor_beside
from ena.models import Study as EnaStudy

API = "/" + settings.EMG_CONFIG.service_urls.api_prefixes[0].strip("/")
STUDY = f"{API}/studies/MGYS00000001"  # of 20,000 runs and analyses
PAGES = {  # what is asked → the rate it has to reach
    f"{API}/studies/": 600,
    f"{API}/samples/": 400,
    f"{API}/runs/": 400,
    f"{API}/analyses/": 200,
    f"{API}/analyses/?study_accession=MGYS00000002": 200,
    f"{STUDY}/analyses/": 200,
    f"{STUDY}/samples/": 400,
    STUDY: 600,
    f"{API}/analyses/MGYA00000007": 500,
}
SEARCHES = ["studies/?search=hot spring", "samples/?search=core 1234", "samples/?search=SAMEA9000012345"]
PORTS = {"emgapiv2.wsgi": 18471, "bench.floor": 18472}
ROUNDS = 20
# The same change of the same rows by hand, with all that hangs on it switched off.
BARE_FLIP = """
UPDATE ena_study SET visibility = %(level)s WHERE id = 1;
UPDATE analyses_study SET ena_visibility = %(level)s, updated_at = now() WHERE id = 1;
UPDATE analyses_samplestudy SET study_visibility = %(level)s WHERE study_id = 1;
UPDATE analyses_sample SET studies_visibility = %(level)s, updated_at = now()
WHERE id IN (SELECT sample_id FROM analyses_samplestudy WHERE study_id = 1);
UPDATE analyses_run SET study_visibility = %(level)s, updated_at = now() WHERE study_id = 1;
UPDATE analyses_analysis SET study_visibility = %(level)s, run_visibility = %(level)s, updated_at = now()
WHERE study_id = 1
"""


def main() -> None:
    prepare()
    measure_flips()
    with tempfile.TemporaryDirectory() as place:
        statements = Path(place) / "statements.json"
        statements.write_text(json.dumps({path: statements_of(path) for path in PAGES}))
        with served("bench.floor", BENCH_STATEMENTS=str(statements)), served("emgapiv2.wsgi"):
            measure_pages(json.loads(statements.read_text()))
            measure_depth()
            measure_searches()


def measure_pages(statements: dict[str, list[str]]) -> None:
    for path, bar in PAGES.items():
        floor, ours = load("bench.floor", path), load("emgapiv2.wsgi", path)
        told = f"{ours['per_second']:.0f}/s (bar {bar}), p99 {ours['p99_ms']:.0f} ms"
        share = f"{floor['per_second']:.0f}/s, ours {ours['per_second'] / floor['per_second']:.0%}"
        show(path, told, "bare view", f"{share}; psql {psql_milliseconds(statements[path][-1]):.1f} ms")


def measure_depth() -> None:
    """The first page by cursor, and one after nine tenths of all rows."""
    down = SAMPLES * 9 // 10
    for noun, model in (("samples", Sample), ("runs", Run), ("analyses", Analysis)):
        path = f"{API}/{noun}/"
        row = model._default_manager.get(pk=down)
        cursor = cursor_beside(row, model._default_manager.order_by("pk"), RequestFactory().get(path), is_before=False)
        deep, first = (milliseconds(partial(ask, f"{path}?cursor={place}")) for place in (cursor, ""))
        show(f"{noun} by cursor, {down:,} rows down", deep, "page 1", first)


def measure_searches() -> None:
    for words in SEARCHES:
        path = f"{API}/{words.replace(' ', '%20')}"
        ask(path)  # counts, once a minute
        took, bare = milliseconds(partial(ask, path)), psql_milliseconds(statements_of(path)[-1])
        show(f"{words} (bar 50 ms)", took, "psql", f"{bare:.1f} ms")


def measure_flips() -> None:
    """A study of 20,000 runs and analyses made private and back, as ENA's word does it; then by hand; rolled back."""
    ours, bare = [], []
    for level in (1, 0):
        with rolled_back(), connection.cursor() as cursor:
            cursor.execute("UPDATE ena_study SET visibility = %s WHERE id = 1", [1 - level])
            started = time.monotonic()
            EnaStudy.objects.filter(pk=1).update(visibility=level)
            ours.append(time.monotonic() - started)
    for level in (1, 0):
        with rolled_back(), connection.cursor() as cursor:
            cursor.execute("UPDATE ena_study SET visibility = %s WHERE id = 1", [1 - level])
            cursor.execute("SET LOCAL session_replication_role = replica")
            started = time.monotonic()
            cursor.execute(BARE_FLIP, {"level": level})
            bare.append(time.monotonic() - started)
    for way, own, floor in zip(("private", "public"), ours, bare, strict=True):
        told = f"{own:.1f} s, {own / floor:.1f} times (bar 3)"
        show(f"study of 20,000 runs and analyses made {way}", told, "bare UPDATEs", f"{floor:.1f} s")


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def served(application: str, **environment: str) -> Iterator[None]:
    """One worker of gunicorn, as a deployment runs it."""
    address = f"127.0.0.1:{PORTS[application]}"
    argv = [sys.executable, "-m", "gunicorn", application, "--bind", address, "--threads", "8", "--log-level", "error"]
    server = subprocess.Popen(argv, env=os.environ | environment)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and server.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", PORTS[application])):
                break
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def statements_of(path: str) -> list[str]:
    """What an answer asks of the database, its parameters filled in, once its count is known."""
    client = Client(headers={"host": "127.0.0.1"})
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.content[:200]!r}")
    return [query["sql"] for query in captured]


def load(application: str, path: str) -> dict[str, float]:
    argv = [sys.executable, "-m", "bench.load", str(PORTS[application]), path]
    return json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)


def ask(path: str) -> None:
    with urlopen(f"http://127.0.0.1:{PORTS['emgapiv2.wsgi']}{path}") as answer:
        answer.read()


def psql_milliseconds(statement: str) -> float:
    """What psql alone takes for it."""
    at: Any = settings.DATABASES["default"]
    argv = ["psql", "-XAtq", "-h", at["HOST"], "-p", str(at["PORT"]), "-U", at["USER"], "-d", at["NAME"]]
    script = "SET jit = off;\n\\timing on\n" + f"{statement};\n" * ROUNDS
    environment = os.environ | {"PGPASSWORD": at["PASSWORD"]}
    done = subprocess.run(argv, input=script, env=environment, check=True, capture_output=True, text=True)
    return median(float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("Time: "))


def milliseconds(act: Callable[[], None]) -> str:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return f"{median(times):.1f} ms"


def show(what: str, figure: str, floor: str, floor_figure: str) -> None:
    print(f"{what:<55} {figure:<36} | {floor}: {floor_figure}", flush=True)  # noqa: T201 - a bench prints


if __name__ == "__main__":
    main()
