import time
from threading import Event, Thread

import pytest
from django.db import connections

from analyses.models import Run, Sample, Study
from analyses.services.adopt_runs import adopt_runs
from analyses.services.refresh_study import refresh_study
from analyses.visibility import Actor, visible_to
from ena.models import Study as EnaStudy

NOUNS = [Run, Sample, Study]


@pytest.mark.django_db(transaction=True)
def test_no_moment_of_leak(standin):
    """A reader polls every list while a study flips: it sees all of the study or nothing of it."""
    study = refresh_study(accession="PRJEB99910000", actor="test")
    whole = tuple(visible_to(noun, Actor.anonymous()).count() for noun in NOUNS)
    seen, stop = set(), Event()

    def poll():
        counts = " , ".join(
            f"(SELECT count(*) FROM analyses_{noun} WHERE visibility = 0)" for noun in ("run", "sample", "study")
        )
        try:
            with connections["default"].cursor() as cursor:
                while not stop.is_set():
                    cursor.execute(f"SELECT {counts}")  # one statement, one snapshot
                    seen.add(cursor.fetchone())
        finally:
            connections.close_all()

    reader = Thread(target=poll)
    reader.start()
    for level in (1, 0, 1, 0, 1):
        EnaStudy.objects.filter(pk=study.ena_study_id).update(visibility=level)
    stop.set()
    reader.join()
    assert whole[0] == 1000
    assert seen <= {whole, (0, 0, 0)}
    assert len(seen) == 2


@pytest.mark.django_db(transaction=True)
def test_a_load_and_a_flip_at_once_leave_no_public_row(standin):
    study = refresh_study(accession="PRJEB99910000", actor="test", only={"study"})

    def load():
        adopt_runs(study=study, actor="test")
        connections.close_all()

    loader = Thread(target=load)
    loader.start()
    while not any("search" in seen["path"] and "read_run" in str(seen) for seen in standin.requests()):
        time.sleep(0.01)
    while loader.is_alive():  # ENA was asked while the study was public: now it goes private, again and again
        for level in (0, 1):
            EnaStudy.objects.filter(pk=study.ena_study_id).update(visibility=level)
    assert Run.objects.count() == 1000
    assert not visible_to(Run, Actor.anonymous()).exists()
