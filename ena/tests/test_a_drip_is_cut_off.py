import time

import pytest

from ena import questions
from ena.errors import TimedOut

QUESTION = {"result": "study", "query": 'study_accession="PRJEB99900001"', "fields": ["study_accession"]}


def test_a_drip_is_cut_off(db, fail, configure):
    configure(ena={"call_seconds": 1, "max_attempts": 1})
    fail("/search", action="drip", bytes_per_second=5)
    started = time.monotonic()
    with pytest.raises(TimedOut, match="not finished after 1 s"):
        questions.search(**QUESTION, portal="ena")
    assert time.monotonic() - started < 4


def test_no_call_without_a_deadline(db, fail, configure):
    configure(ena={"read_seconds": 0.5, "max_attempts": 1})
    fail("/count", action="hang", hang_seconds=5)
    with pytest.raises(TimedOut):
        questions.search(**QUESTION, portal="ena")
