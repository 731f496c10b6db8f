"""MGnify's rows of a study's samples, and their places in the study (``spec/ena.md`` §7)."""

from django.db import connection

from analyses.models import Study
from analyses.services.adopt_study import ena_study_of
from ena import bulk
from ena.bulk import MirrorReport
from ena.listings import list_samples
from ena.services import mirror_samples

# ``loaded_ena_sample`` is what the load of this transaction left: the rows of ENA's samples that it saw.
ADOPT = """
INSERT INTO analyses_sample AS ours (ena_sample_id, sample_title, ena_accessions, first_accession)
SELECT theirs.id, theirs.metadata ->> 'sample_title', names.list, names.list[1]
FROM loaded_ena_sample l JOIN ena_sample theirs ON theirs.id = l.id CROSS JOIN LATERAL
  (SELECT array_agg(accession::text ORDER BY is_primary DESC, accession) AS list
   FROM ena_accession WHERE sample_id = theirs.id) names
ORDER BY l.accession
ON CONFLICT (ena_sample_id) DO UPDATE
SET sample_title = excluded.sample_title, ena_accessions = excluded.ena_accessions,
    first_accession = excluded.first_accession
WHERE (ours.sample_title, ours.ena_accessions, ours.first_accession)
      IS DISTINCT FROM (excluded.sample_title, excluded.ena_accessions, excluded.first_accession)
   OR ours.updated_at < (SELECT fetched_at FROM ena_sample WHERE id = ours.ena_sample_id);
INSERT INTO analyses_samplestudy (sample_id, study_id, study_visibility)
SELECT sample.id, study.id, study.visibility
FROM loaded_ena_sample l JOIN analyses_sample sample ON sample.ena_sample_id = l.id
JOIN analyses_study study ON study.id = %(study)s ORDER BY sample.id
ON CONFLICT (sample_id, study_id) DO NOTHING
"""
SHOWN = "t.id IN (SELECT ena_sample_id FROM analyses_sample WHERE visibility = 0)"


def adopt_samples(*, study: Study, actor: str) -> MirrorReport:
    """List the samples of a study in ENA, then write ENA's rows, ours and the links in one transaction.

    :raises EnaError: nothing was written
    """
    ena_study = ena_study_of(study)
    with list_samples(ena_study) as listing:

        def store() -> MirrorReport:
            report = mirror_samples(listing=listing, study=ena_study, actor=actor, shown=SHOWN)
            adopt_loaded_samples(study=study)
            return report

        return bulk.repeat(store)


def adopt_loaded_samples(*, study: Study) -> None:
    """Give the samples that this transaction has loaded a row of ours and a place in the study."""
    with connection.cursor() as cursor:
        cursor.execute(ADOPT, {"study": study.pk})
