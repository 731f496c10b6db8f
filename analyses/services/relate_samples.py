"""What samples say of each other: a virtual sample is made of parts (``spec/ena.md`` §7.3)."""

from django.db import connection

from analyses.models import RelationType
from analyses.services.adopt_loaded_samples import adopt_loaded_samples
from ena import bulk
from ena.records import Record, read_relations
from ena.services import SAMPLES

# What the samples of this transaction say of others, and what they no longer say.
STALE_RELATIONS = """
DELETE FROM analyses_samplerelation r USING analyses_sample declaring, analyses_sample related
WHERE declaring.id = r.declaring_sample_id AND related.id = r.related_sample_id
  AND declaring.ena_sample_id IN (SELECT id FROM loaded_ena_sample)
  AND NOT EXISTS (
    SELECT FROM unnest(%(declaring)s::bigint[], %(related)s::text[], %(types)s::text[]) told (declaring, related, type)
    JOIN ena_accession a ON a.accession = told.related
    WHERE told.declaring = declaring.ena_sample_id AND a.sample_id = related.ena_sample_id
      AND told.type = r.relation_type)
"""
RELATIONS = """
INSERT INTO analyses_samplerelation (declaring_sample_id, related_sample_id, relation_type)
SELECT DISTINCT ON (declaring.id, related.id) declaring.id, related.id, told.type
FROM unnest(%(declaring)s::bigint[], %(related)s::text[], %(types)s::text[]) told (declaring, related, type)
JOIN ena_accession a ON a.accession = told.related
JOIN analyses_sample related ON related.ena_sample_id = a.sample_id
JOIN analyses_sample declaring ON declaring.ena_sample_id = told.declaring
WHERE declaring.id <> related.id ORDER BY declaring.id, related.id
ON CONFLICT (declaring_sample_id, related_sample_id) DO NOTHING
"""
SAID = """
SELECT theirs.id, theirs.metadata ->> 'related_sample_accession' FROM loaded_ena_sample l
JOIN ena_sample theirs ON theirs.id = l.id WHERE theirs.metadata ? 'related_sample_accession' ORDER BY theirs.id
"""


def relate_loaded_samples(*, complete: bool) -> None:
    """Store what the samples of this transaction say of others; who is only named gets a row without a record.

    :param complete: what is no longer said goes away
    """
    told: list[tuple[int, str, str]] = []
    with connection.cursor() as cursor:
        cursor.execute(SAID)
        for declaring, cell in cursor.fetchall():
            told += ((declaring, *said) for said in read_relations(cell)[0] if said[1] in RelationType.values)
        columns = list(zip(*told, strict=True)) or [(), (), ()]
        values = dict(zip(("declaring", "related", "types"), map(list, columns), strict=True))
        if complete:
            cursor.execute(STALE_RELATIONS, values)
        if not told:
            return
        names = sorted({related for _, related, _ in told})
        bulk.stage_records(SAMPLES, ((0, Record(name, (name,), {})) for name in names))
        bulk.load_staged(SAMPLES, asked=())
        adopt_loaded_samples(study=None)
        cursor.execute(RELATIONS, values)
