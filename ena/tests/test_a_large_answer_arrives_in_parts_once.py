import pytest

from ena.errors import EnaError
from ena.listings import ask_portals
from ena.query import equals
from ena.records import ResultType

pytestmark = pytest.mark.django_db
BULK = equals("study_accession", "PRJEB99910000")


def rows(standin):
    return [row for row in standin.server.dataset.tables["read_run"] if row["study_accession"] == "PRJEB99910000"]


def listed():
    with ask_portals(ResultType.READ_RUN, [BULK]) as listing:
        return [record.accession for _, record in listing.records()]


def test_a_large_answer_arrives_in_parts_once(standin, configure):
    configure(ena={"slice_rows": 400, "requests_per_second": 10})
    for number, row in enumerate(rows(standin)):  # three days, and a fifth of the rows without a date
        row["first_public"] = "" if number % 5 == 0 else f"2021-0{number % 3 + 1}-15"
    found = listed()
    parts = [seen for seen in standin.requests() if seen["path"].endswith("/search")]
    assert (len(found), len(set(found)), len(parts)) == (1000, 1000, 4)


def test_one_part_that_fails_is_no_answer(standin, configure):
    configure(ena={"slice_rows": 600, "max_attempts": 1})
    for number, row in enumerate(rows(standin)):
        row["first_public"] = f"2021-0{number % 2 + 1}-15"
    match = {"path": "/search", "result": "read_run"}
    standin.set_faults([{"match": match, "after": 1, "times": 1, "action": "truncate", "keep_lines": 3}])
    with pytest.raises(EnaError):
        listed()
