import tracemalloc
from tempfile import TemporaryFile

import orjson
import pytest

from analyses.models import Run
from analyses.services.adopt_runs import store_runs
from analyses.services.refresh_study import refresh_study
from ena.answers import Answer, check_rows
from ena.listings import Listing
from ena.records import ResultType

pytestmark = pytest.mark.django_db
MIB = 1 << 20


def spool(body, row, number):
    body.write(b"[\n")
    for place in range(number):
        body.write(orjson.dumps(row | {"run_accession": f"ERR{999200000 + place}"}) + b",\n")
    body.write(orjson.dumps(row) + b"\n]\n")


def test_memory_does_not_grow_with_rows(standin):
    study = refresh_study(accession="PRJEB99910000", actor="test", only={"study"})
    row = standin.server.dataset.find("ERR999100000")[1]
    with TemporaryFile() as body:
        spool(body, row, 5000)
        assert body.tell() > 6 * MIB
        tracemalloc.start()
        answer = Answer(list(row), check_rows(body, list(row)), body)
        listing = Listing(ResultType.READ_RUN, frozenset(), [answer], frozenset(row))
        report = store_runs(study=study, listing=listing, missing=None, actor="test")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (report.inserted, Run.objects.count()) == (5001, 5001)
    assert peak < 2 * MIB
