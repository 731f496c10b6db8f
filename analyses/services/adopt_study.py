"""MGnify's row of an ENA study (``spec/ena.md`` §7)."""

from django.db import connection, transaction

from analyses.models import Study
from ena.models import Study as EnaStudy

# Preferred accession first (ERP…), then ENA's primary one. ENA's level is read in the statement that writes its copy.
# ``fetched_at`` moves only when ENA's record changed, and an update of any kind sets ``updated_at``.
ADOPT = """
INSERT INTO analyses_study AS ours (ena_study_id, ena_visibility, title, ena_accessions, first_accession)
SELECT theirs.id, theirs.visibility, left(theirs.title, 4000), names.list, names.list[1]
FROM (SELECT * FROM ena_study WHERE id = %(id)s FOR KEY SHARE) theirs CROSS JOIN
  (SELECT array_agg(accession::text ORDER BY accession !~ '^[EDS]RP', is_primary DESC, accession) AS list
   FROM ena_accession WHERE study_id = %(id)s) names
ON CONFLICT (ena_study_id) DO UPDATE
SET title = CASE WHEN ours.title_is_curated THEN ours.title ELSE excluded.title END,
    ena_accessions = excluded.ena_accessions, first_accession = excluded.first_accession
WHERE (ours.ena_accessions, ours.first_accession) IS DISTINCT FROM (excluded.ena_accessions, excluded.first_accession)
   OR NOT ours.title_is_curated AND ours.title <> excluded.title
   OR ours.updated_at < (SELECT fetched_at FROM ena_study WHERE id = %(id)s)
"""


def ena_study_of(study: Study) -> EnaStudy:
    """Give ENA's row of a study.

    :raises ValueError: an old study that ENA never had
    """
    if study.ena_study is None:
        raise ValueError(f"{study.accession} has no study in ENA to be refreshed from")
    return study.ena_study


def adopt_study(*, ena_study: EnaStudy) -> Study:
    """Make or renew our row of a study: one MGYS per ENA study, whatever its title becomes."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ADOPT, {"id": ena_study.pk})
        return Study.objects.get(ena_study=ena_study)
