-- A catalogue as large as the real one: $studies studies, $samples samples, each with a run and its published analysis.
-- Study 1 holds the first 20,000 samples, every twentieth other study is private. All other samples have two runs more,
-- which nobody analysed: more than a million runs to page through. Run by bench/catalogue_data.py on an
-- empty database of its own. Nobody checks what is written here: levels are right by construction.
SET session_replication_role = replica;
SET maintenance_work_mem = '256MB';

-- Indexes are made once, over all rows: filled row by row those for searching alone would take a minute.
CREATE TEMP TABLE later AS
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index i
WHERE indrelid::regclass::text ~ '^(ena|analyses)_' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
  AND NOT indisprimary;
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT * FROM later LOOP EXECUTE 'DROP INDEX ' || one.name; END LOOP;
END $$;

CREATE TEMP TABLE place AS
SELECT n, CASE WHEN n <= 20000 THEN 1 ELSE 2 + n % ($studies - 1) END AS study, 0 AS level,
       'SAMEA9' || lpad(n::text, 9, '0') AS sample, 'ERR9' || lpad(n::text, 9, '0') AS run,
       now() - n * interval '1 minute' AS at
FROM generate_series(1, $samples) n;
UPDATE place SET level = 1 WHERE study % 20 = 0;

-- As many as the real tree has.
INSERT INTO analyses_biome (lineage)
SELECT lineage || ':Place ' || n FROM analyses_biome, generate_series(1, 9) n WHERE depth > 1;

INSERT INTO ena_study (id, accession, title, metadata, webin_owner, visibility, next_look_at, fetched_at, certain_at)
SELECT n, 'PRJEB9' || lpad(n::text, 7, '0'),
       (ARRAY['Marine sediment', 'Human gut', 'Hot spring', 'Forest soil', 'Waste water'])[1 + n % 5]
         || ' metagenomes of station ' || n,
       jsonb_build_object('study_title', 'Station ' || n, 'center_name', 'CENTRE ' || n % 90,
                          'study_description', repeat('What lives here, and what does it do? ', 8)),
       'Webin-' || n % 500, (n % 20 = 0)::int, now() + interval '7 days', now(), now()
FROM generate_series(1, $studies) n;
INSERT INTO ena_accession (accession, study_id, is_primary)
SELECT accession, id, true FROM ena_study UNION ALL SELECT replace(accession, 'PRJEB', 'ERP'), id, false FROM ena_study;
INSERT INTO analyses_study (id, ena_study_id, ena_visibility, title, biome_id, ena_accessions, first_accession, updated_at)
SELECT id, id, visibility, title, 2 + id % 49, ARRAY[replace(accession, 'PRJEB', 'ERP'), accession],
       replace(accession, 'PRJEB', 'ERP'), now() - id * interval '1 minute'
FROM ena_study;

INSERT INTO ena_sample (id, accession, metadata, fetched_at)
SELECT n, sample, jsonb_build_object('sample_title', 'Core ' || n, 'collection_date', '2019-07-01', 'depth', n % 300,
                                     'country', 'Norway: Svalbard', 'lat', 78.2, 'lon', 15.6, 'checklist', 'ERC000024',
                                     'environment_material', 'sediment'), now()
FROM place;
INSERT INTO ena_accession (accession, sample_id, is_primary) SELECT accession, id, true FROM ena_sample;
INSERT INTO analyses_sample
  (id, ena_sample_id, studies_visibility, biome_id, sample_title, ena_accessions, first_accession, updated_at)
SELECT n, n, level, 2 + study % 49, 'Core ' || n || ' of station ' || study,
       ARRAY[sample, replace(sample, 'SAMEA', 'ERS')], sample, at
FROM place;
INSERT INTO analyses_samplestudy (sample_id, study_id, study_visibility) SELECT n, study, level FROM place;

INSERT INTO analyses_run
  (id, study_id, study_visibility, sample_id, sample_visibility, ena_accessions, first_accession, metadata,
   experiment_type, instrument_platform, instrument_model, library_strategy, library_source, library_layout, updated_at)
SELECT n, study, level, n, 0, ARRAY[run], run,
       jsonb_build_object('run_accession', run, 'base_count', n * 1000, 'read_count', n,
                          'experiment_title', repeat('Illumina MiSeq sequencing ', 10)),
       (ARRAY['AMPLI', 'METAG'])[1 + n % 2], 'ILLUMINA', 'Illumina MiSeq', 'AMPLICON', 'METAGENOMIC', 'PAIRED', at
FROM place;
INSERT INTO analyses_run
  (id, study_id, study_visibility, sample_id, sample_visibility, ena_accessions, first_accession, experiment_type,
   instrument_platform, instrument_model, updated_at)
SELECT $samples + row_number() OVER (ORDER BY more, n), study, level, n, 0, ARRAY[replace(run, 'ERR9', more)],
       replace(run, 'ERR9', more), 'METAG', 'ILLUMINA', 'Illumina MiSeq', at
FROM place, unnest(ARRAY['ERR7', 'ERR8']) more WHERE study > 1;
INSERT INTO analyses_accession (accession, run_id, is_primary) SELECT first_accession, id, true FROM analyses_run;
INSERT INTO analyses_analysis
  (id, study_id, study_visibility, sample_id, run_id, run_visibility, pipeline_version, experiment_type, state,
   quality_control, metadata, external_results_dir, results_area, updated_at)
SELECT n, study, level, n, n, level, 'V6', (ARRAY['AMPLI', 'METAG'])[1 + n % 2], 'published',
       '{"reads_before": 120000, "reads_after": 118000}', '{"marker_gene_summary": {"closed_reference": true}}',
       'ERP9/' || study || '/' || run, 'public', at
FROM place;
INSERT INTO analyses_analysisevent (analysis_id, from_state, to_state, actor)
SELECT n, 'imported', 'published', 'bench' FROM place;
INSERT INTO analyses_download
  (id, analysis_id, position, path, alias, file_type, download_type, download_group, short_description,
   long_description, size_bytes, md5)
SELECT md5(n || ':' || f)::uuid, n, f, 'tables/' || run || '_' || f || '.tsv', run || '_' || f || '.tsv', 'tsv',
       'Taxonomic analysis', 'taxonomies.ssu', 'A table', 'A table of what was found', 1000 + n, md5(n::text)
FROM place, generate_series(1, 3) f;

DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT * FROM later LOOP EXECUTE one.definition; END LOOP;
  FOR one IN SELECT unnest(ARRAY['ena_study', 'ena_sample', 'analyses_study', 'analyses_sample', 'analyses_run',
                                 'analyses_analysis']) AS name LOOP
    EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), (SELECT max(id) FROM %I))', one.name, one.name);
  END LOOP;
END $$;
SET session_replication_role = origin;
