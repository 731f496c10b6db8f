from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from analyses.models import Accession, Run, Sample, SampleStudy, Study
from analyses.services.refresh_study import refresh_study
from ena.models import Accession as EnaAccession
from ena.models import Sample as EnaSample
from ena.models import Study as EnaStudy

# Four names of two studies that share a sample: twenty mirrors at the same time.
NAMES = ["PRJEB99900001", "ERP999001", "PRJEB999000010", "ERP9990010"] * 5


@pytest.mark.django_db(transaction=True)
def test_one_accession_belongs_to_one_row_whoever_races(standin):
    barrier = Barrier(len(NAMES))

    def refresh(accession):
        try:
            barrier.wait()
            return refresh_study(accession=accession, actor="test").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(NAMES)) as pool:
        studies = set(pool.map(refresh, NAMES))
    assert len(studies) == 2 == Study.objects.count() == EnaStudy.objects.count()
    assert (Run.objects.count(), Accession.objects.count()) == (6, 6)
    assert (Sample.objects.count(), EnaSample.objects.count(), SampleStudy.objects.count()) == (4, 4, 5)
    assert EnaAccession.objects.filter(is_primary=True).count() == 2 + 4
    assert EnaAccession.objects.count() == 2 * 2 + 2 * 4
