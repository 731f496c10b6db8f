import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from analyses.models import Run
from analyses.services.adopt_runs import adopt_runs
from analyses.services.refresh_study import refresh_study
from ena import bulk

WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.mark.django_db(transaction=True)
def test_two_mirrors_of_one_study_wait_and_the_second_finds_nothing_to_do(standin):
    study = refresh_study(accession="PRJEB99900001", actor="test", only={"study"})

    def mirror(_):
        try:
            return adopt_runs(study=study, actor="test")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            bulk.lock_mirror("PRJEB99900001")
            reports, waiting, deadline = pool.map(mirror, range(2)), 0, time.monotonic() + 60
            while waiting < 2:
                assert time.monotonic() < deadline
                cursor.execute(WAITING)
                (waiting,) = cursor.fetchone()
            assert not Run.objects.exists()
        told = sorted((report.inserted, report.updated, report.unchanged) for report in reports)
    assert told == [(0, 0, 4), (4, 0, 0)]
