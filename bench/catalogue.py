"""What the API and the mirror cost on a catalogue of full size, each figure beside its floor in the same run.

``task bench``. One worker, eight connections, pages of 100; a database of its own beside the configured
one, filled at the first run and kept.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from bench.catalogue_data import prepare, settle  # first: it names the database and sets Django up

# isort: split
from django.conf import settings
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from analyses.models import Analysis, Run, Sample
from bench import mirror
from bench.figures import ROUNDS, milliseconds, psql_milliseconds, show
from bench.servers import API, FLOOR, ask, load, served
from emgapiv2.api.cursors import cursor_beside
from ena.models import Study as EnaStudy

ROOT = "/" + settings.EMG_CONFIG.service_urls.api_prefixes[0].strip("/")
STUDY = f"{ROOT}/studies/MGYS00000001"  # of 20,000 runs and analyses
PAGES = {  # what is asked → the rate it has to reach
    f"{ROOT}/studies/": 600,
    f"{ROOT}/samples/": 400,
    f"{ROOT}/runs/": 400,
    f"{ROOT}/analyses/": 200,
    f"{ROOT}/analyses/?study_accession=MGYS00000002": 200,
    f"{STUDY}/analyses/": 200,
    f"{STUDY}/samples/": 400,
    STUDY: 600,
    f"{ROOT}/analyses/MGYA00000007": 500,
}
SEARCHES = ["studies/?search=hot spring", "samples/?search=core 1234", "samples/?search=SAMEA9000012345"]
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
    with tempfile.TemporaryDirectory() as place:
        statements = Path(place) / "statements.json"
        statements.write_text(json.dumps({path: statements_of(path) for path in PAGES}))
        with served(FLOOR, BENCH_STATEMENTS=str(statements)), served(API):
            measure_pages(json.loads(statements.read_text()))
            measure_depth()
            measure_searches()
    mirror.main()
    measure_flips()


def measure_pages(statements: dict[str, list[str]]) -> None:
    for path, bar in PAGES.items():
        floor, ours = load(FLOOR, path), load(API, path)
        figure = f"{ours['per_second']:.0f}/s (bar {bar}), 99 of 100 in {ours['p99_ms']:.0f} ms"
        share = f"{floor['per_second']:.0f}/s, of which ours is {ours['per_second'] / floor['per_second']:.0%}"
        show(path, figure, "bare view", f"{share}; psql {of_psql(statements[path][-1])}")


def measure_depth() -> None:
    """The first page by cursor, and one after a million rows, or nine tenths of all."""
    for noun, model in (("samples", Sample), ("runs", Run), ("analyses", Analysis)):
        path, rows = f"{ROOT}/{noun}/", model._default_manager
        down = min(1_000_000, rows.latest("pk").pk * 9 // 10)
        cursor = cursor_beside(rows.get(pk=down), rows.order_by("pk"), RequestFactory().get(path), is_before=False)
        deep, first = (milliseconds(partial(ask, f"{path}?cursor={place}")) for place in (cursor, ""))
        show(f"{noun} by cursor, {down:,} rows down", deep, "page 1", first)


def measure_searches() -> None:
    for words in SEARCHES:
        path = f"{ROOT}/{words.replace(' ', '%20')}"
        ask(path)  # counts, once a minute
        show(f"{words} (bar 50 ms)", milliseconds(partial(ask, path)), "psql", of_psql(statements_of(path)[-1]))


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
    settle()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def statements_of(path: str) -> list[str]:
    """What an answer asks of the database, its parameters filled in, once its count is known."""
    client = Client(headers={"host": "127.0.0.1"})
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.content[:200]!r}")
    return [query["sql"] for query in captured]


def of_psql(statement: str) -> str:
    script = "SET jit = off;\n\\timing on\n" + f"{statement};\n" * ROUNDS
    return f"{median(psql_milliseconds(script)):.1f} ms"


if __name__ == "__main__":
    main()
