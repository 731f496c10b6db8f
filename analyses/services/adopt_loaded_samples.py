"""The step that every load of samples ends with (``spec/ena.md`` §7.1)."""

from django.db import connection

from analyses.models import Study

# A sample of private studies comes into a public one by its name alone: no anonymous answer has shown its record.
FORGET_PRIVATE = """
UPDATE ena_sample theirs SET metadata = '{}', fetched_at = NULL
FROM loaded_ena_sample l JOIN analyses_sample ours ON ours.ena_sample_id = l.id
WHERE theirs.id = l.id AND ours.studies_visibility = 1 AND theirs.fetched_at IS NOT NULL
  AND EXISTS (SELECT FROM analyses_study WHERE id = %(study)s AND visibility = 0)
"""
# A sample takes the biome of the first of its studies that has one, and none that only more hidden studies gave it.
# ``loaded_ena_sample`` is what the load of this transaction left: the rows of ENA's samples that it saw.
ADOPT = """
INSERT INTO analyses_sample AS ours (ena_sample_id, sample_title, ena_accessions, first_accession)
SELECT theirs.id, left(theirs.metadata ->> 'sample_title', 600), names.list, names.list[1]  -- what an index page holds
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
UPDATE analyses_sample ours SET biome_id = study.biome_id
FROM loaded_ena_sample l, analyses_study study
WHERE study.id = %(study)s AND ours.ena_sample_id = l.id AND ours.biome_id IS DISTINCT FROM study.biome_id
  AND (ours.studies_visibility > study.visibility
       OR ours.studies_visibility = study.visibility AND ours.biome_id IS NULL);
INSERT INTO analyses_samplestudy (sample_id, study_id, study_visibility)
SELECT sample.id, study.id, study.visibility
FROM loaded_ena_sample l JOIN analyses_sample sample ON sample.ena_sample_id = l.id
JOIN analyses_study study ON study.id = %(study)s ORDER BY sample.id
ON CONFLICT (sample_id, study_id) DO NOTHING
"""


def adopt_loaded_samples(*, study: Study | None, named_only: bool = False) -> None:
    """Give the samples that this transaction has loaded a row of ours, and a place in the study if there is one.

    :param named_only: their records were not asked for: those that only the data hub has told us stay behind
    """
    with connection.cursor() as cursor:
        if named_only:
            cursor.execute(FORGET_PRIVATE, {"study": study.pk if study else None})
        cursor.execute(ADOPT, {"study": study.pk if study else None})
