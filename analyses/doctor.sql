-- Invariants of the catalogue (spec/catalogue.md §10, C30), for manage.py doctor: one query each, one text a breach.
-- That a level is its parent's is a foreign key, and not asked again.

-- C1: a sample is as hidden as its last study, an assembly as its most hidden run
SELECT format('sample %s has level %s of its studies', id, studies_visibility) FROM analyses_sample sample
WHERE studies_visibility IS DISTINCT FROM (
    SELECT coalesce(min(study_visibility), 2) FROM analyses_samplestudy WHERE sample_id = sample.id
)
UNION ALL
SELECT format('assembly %s has level %s of its runs', id, runs_visibility) FROM analyses_assembly assembly
WHERE runs_visibility IS DISTINCT FROM (
    SELECT coalesce(max(run_visibility), 0) FROM analyses_assemblyrun WHERE assembly_id = assembly.id
);

-- C2: state = last event (analyses, assemblies)
WITH noun (kind, id, state, told) AS (
    SELECT 'analysis', id, state, (
        SELECT to_state FROM analyses_analysisevent WHERE analysis_id = noun.id ORDER BY id DESC LIMIT 1
    ) FROM analyses_analysis noun
    UNION ALL
    SELECT 'assembly', id, state, (
        SELECT to_state FROM analyses_assemblyevent WHERE assembly_id = noun.id ORDER BY id DESC LIMIT 1
    ) FROM analyses_assembly noun
)
SELECT format('%s %s is %s, its last event says %s', kind, id, state, coalesce(told, 'nothing'))
FROM noun WHERE state IS DISTINCT FROM told;

-- C3: what is served as accessions is what is looked up
WITH noun (kind, id, served, known) AS (
    SELECT 'study', id, ena_accessions, ARRAY(SELECT accession FROM ena_accession WHERE study_id = ena_study_id)
    FROM analyses_study
    UNION ALL
    SELECT 'sample', id, ena_accessions, ARRAY(SELECT accession FROM ena_accession WHERE sample_id = ena_sample_id)
    FROM analyses_sample
    UNION ALL
    SELECT 'run', id, ena_accessions, ARRAY(SELECT accession FROM analyses_accession WHERE run_id = run.id)
    FROM analyses_run run
    UNION ALL
    SELECT 'assembly', id, ena_accessions, ARRAY(SELECT accession FROM analyses_accession WHERE assembly_id = one.id)
    FROM analyses_assembly one
)
SELECT format('%s %s is served as %s, found as %s', kind, id, served, known)
FROM noun WHERE NOT (served @> known::text[] AND served <@ known::text[]);

-- C4: what is published has files, each verified, and lies somewhere
SELECT format('analysis %s is published, but %s', accession, CASE
    WHEN NOT EXISTS (SELECT FROM analyses_download WHERE analysis_id = one.id AND superseded_by_id IS NULL) THEN 'has no file'
    ELSE 'not every file was verified' END)
FROM analyses_analysis one
WHERE is_ready AND (
    NOT EXISTS (SELECT FROM analyses_download WHERE analysis_id = one.id AND superseded_by_id IS NULL)
    OR EXISTS (
        SELECT FROM analyses_download
        WHERE analysis_id = one.id AND superseded_by_id IS NULL AND path IS NOT NULL
            AND (verified_at IS NULL OR sha256 IS NULL OR one.external_results_dir IS NULL OR one.results_area = 'none')
    )
);

-- C5: an annotation set has as many records as it says
SELECT format('%s of analysis %s has not %s records', source, analysis_id, record_count)
FROM analyses_annotationset WHERE record_count <> jsonb_array_length(records);
