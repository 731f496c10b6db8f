"""MGnify's rows of a study's samples, and their places in the study (``spec/ena.md`` §7)."""

from django.db.models import QuerySet

from analyses.models import Sample, Study
from analyses.services.adopt_loaded_samples import adopt_loaded_samples
from analyses.services.adopt_study import ena_study_of
from analyses.services.relate_samples import relate_loaded_samples
from ena import bulk
from ena.bulk import MirrorReport
from ena.listings import list_samples
from ena.models import Visibility
from ena.presence import ask_for_missing
from ena.services import mirror_samples

SHOWN = "t.id IN (SELECT ena_sample_id FROM analyses_sample WHERE visibility = 0)"


def adopt_samples(*, study: Study, actor: str) -> MirrorReport:
    """List the samples of a study in ENA, then write ENA's rows, ours and the links in one transaction.

    :raises EnaError: nothing was written
    """
    ena_study = ena_study_of(study)
    with list_samples(ena_study) as listing:
        missing = ask_for_missing(listing=listing, children=listed_samples(study), study=ena_study)

        def store() -> MirrorReport:
            report = mirror_samples(listing=listing, study=ena_study, actor=actor, shown=SHOWN, missing=missing)
            adopt_loaded_samples(study=study)
            relate_loaded_samples(complete=listing.complete)
            return report

        return bulk.repeat(store)


def listed_samples(study: Study) -> QuerySet[Sample]:
    """The samples that a study's answer should hold: not those known by name only, nor a public study's private ones.

    A sample that is in a private study too may be private itself, and so no anonymous answer has it.
    """
    samples = Sample.objects.filter(study_links__study=study, ena_sample__fetched_at__isnull=False)
    if study.visibility == Visibility.PUBLIC:
        return samples.exclude(study_links__study_visibility=Visibility.PRIVATE)
    return samples
