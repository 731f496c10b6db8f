import pytest
from django.db import transaction

from ena import questions
from ena.errors import CalledInsideTransaction


def test_no_call_inside_a_transaction(db, standin):
    with transaction.atomic(), pytest.raises(CalledInsideTransaction):
        questions.record_status("PRJEB99900001")
    assert standin.requests() == []
