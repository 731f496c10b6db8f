-- What must be true of the catalogue and cannot be said in a Django model (spec/catalogue.md §1, §4, §6.2).
-- A new noun is one more line in a VALUES list, and its triggers below.

-- 1. Levels. Each copy of a parent's level is part of the foreign key, so it cannot be wrong, and the database
--    carries a change down the whole tree in the statement that makes it.
DO $$ DECLARE k record; BEGIN FOR k IN SELECT * FROM (VALUES
  ('analyses_study',       'ena_study',      'ena_visibility',            'ena_study',         'visibility'),
  ('analyses_samplestudy', 'study',          'study_visibility',          'analyses_study',    'visibility'),
  ('analyses_run',         'study',          'study_visibility',          'analyses_study',    'visibility'),
  ('analyses_run',         'sample',         'sample_visibility',         'analyses_sample',   'own_visibility'),
  ('analyses_assembly',    'reads_study',    'reads_study_visibility',    'analyses_study',    'visibility'),
  ('analyses_assembly',    'assembly_study', 'assembly_study_visibility', 'analyses_study',    'visibility'),
  ('analyses_assembly',    'sample',         'sample_visibility',         'analyses_sample',   'own_visibility'),
  ('analyses_assemblyrun', 'run',            'run_visibility',            'analyses_run',      'visibility'),
  ('analyses_analysis',    'study',          'study_visibility',          'analyses_study',    'visibility'),
  ('analyses_analysis',    'run',            'run_visibility',            'analyses_run',      'visibility'),
  ('analyses_analysis',    'assembly',       'assembly_visibility',       'analyses_assembly', 'visibility')
) v (child, parent, copy, target, level) LOOP EXECUTE format(
  'ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (%I, %I) REFERENCES %I (id, %I) MATCH FULL ON UPDATE CASCADE',
  k.child, k.child || '_' || k.parent || '_level', k.parent || '_id', k.copy, k.target, k.level);
END LOOP; END $$;
-- A level reaches an analysis from its study and by way of its run. With the first the second is looked up, so that
-- each row is written once and not twice; that what was looked up is true is still the keys' affair.
CREATE FUNCTION take_level_of_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT visibility INTO STRICT NEW.run_visibility FROM analyses_run WHERE id = NEW.run_id;
  RETURN NEW;
END $$;
CREATE TRIGGER take_level BEFORE UPDATE OF study_visibility ON analyses_analysis FOR EACH ROW
  WHEN (OLD.study_visibility <> NEW.study_visibility AND NEW.run_id IS NOT NULL) EXECUTE FUNCTION take_level_of_run();
-- The sample of a run is in the run's study, so whoever sees the run sees its sample. Loaders write the links last.
ALTER TABLE analyses_run ADD CONSTRAINT analyses_run_sample_in_study
  FOREIGN KEY (sample_id, study_id) REFERENCES analyses_samplestudy (sample_id, study_id) DEFERRABLE INITIALLY DEFERRED;

-- 2. Folds. A level that is an aggregate over a link table, which no foreign key can carry. A new or a lost link is news
--    of the parent even where its level stays. Arguments: parent table, its id in the link, its column, the aggregate.
CREATE FUNCTION fold_levels() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
  EXECUTE format(CASE TG_OP
      WHEN 'INSERT' THEN 'SELECT array_agg(DISTINCT %1$I) FROM new_rows'
      WHEN 'DELETE' THEN 'SELECT array_agg(DISTINCT %1$I) FROM old_rows'
      ELSE 'SELECT array_agg(i) FROM (SELECT %1$I AS i FROM new_rows UNION SELECT %1$I FROM old_rows) r'
    END, TG_ARGV[1]) INTO ids;
  -- Lock first, aggregate in a second statement: its snapshot sees what a concurrent change has just committed.
  EXECUTE format('SELECT 1 FROM %I WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE', TG_ARGV[0]) USING ids;
  EXECUTE format('WITH m AS MATERIALIZED (SELECT i, (SELECT %3$s FROM %4$I WHERE %5$I = i) AS level FROM unnest($1) i)
                  UPDATE %1$I p SET %2$I = m.level FROM m WHERE p.id = m.i AND (p.%2$I <> m.level OR $2)',
                 TG_ARGV[0], TG_ARGV[2], TG_ARGV[3], TG_TABLE_NAME, TG_ARGV[1]) USING ids, TG_OP <> 'UPDATE';
  RETURN NULL;
END $$;
DO $$ DECLARE t record; BEGIN FOR t IN SELECT * FROM (VALUES
  ('analyses_assemblyrun', $q$'analyses_assembly', 'assembly_id', 'runs_visibility', 'COALESCE(max(run_visibility), 0)'$q$),
  ('analyses_samplestudy', $q$'analyses_sample', 'sample_id', 'studies_visibility', 'COALESCE(min(study_visibility), 2)'$q$)
  ) v (link, arguments),
  (VALUES ('INSERT', 'NEW TABLE AS new_rows'), ('DELETE', 'OLD TABLE AS old_rows'),
          ('UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows')) w (op, seen) LOOP
  EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION fold_levels(%s)',
    'fold_' || lower(t.op), t.op, t.link, t.seen, t.arguments);
END LOOP; END $$;

-- 3. Moves. A state goes only where analyses.states lets it; the rows are loaded from that dict.
CREATE TABLE allowed_move (noun text, from_state text, to_state text, PRIMARY KEY (noun, from_state, to_state));
CREATE FUNCTION refuse_unknown_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM allowed_move WHERE noun = TG_ARGV[0] AND from_state = OLD.state AND to_state = NEW.state) THEN
    RAISE check_violation USING MESSAGE = format('%s %s cannot move from %s to %s', TG_ARGV[0], OLD.id, OLD.state, NEW.state);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER known_move BEFORE UPDATE OF state ON analyses_analysis FOR EACH ROW
  WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION refuse_unknown_move('analysis');
CREATE TRIGGER known_move BEFORE UPDATE OF state ON analyses_assembly FOR EACH ROW
  WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION refuse_unknown_move('assembly');

-- 4. Events. At commit a state is what its last event says, so neither can change without the other.
--    Arguments: table, event table, its column for the object, and which column of the changed row is the object's id.
CREATE FUNCTION state_is_last_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE object bigint := to_jsonb(NEW) ->> TG_ARGV[3]; state text; told text;
BEGIN
  EXECUTE format('SELECT state, (SELECT to_state FROM %I WHERE %I = o.id ORDER BY id DESC LIMIT 1) FROM %I o WHERE id = $1',
                 TG_ARGV[1], TG_ARGV[2], TG_ARGV[0]) INTO state, told USING object;
  IF state IS DISTINCT FROM told THEN
    RAISE check_violation USING MESSAGE =
      format('%s %s is %s, but its last event says %s', TG_ARGV[0], object, state, coalesce(told, 'nothing'));
  END IF;
  RETURN NULL;
END $$;
DO $$ DECLARE noun text; BEGIN FOREACH noun IN ARRAY ARRAY['analysis', 'assembly'] LOOP
  EXECUTE format('CREATE CONSTRAINT TRIGGER state_is_last_event AFTER INSERT OR UPDATE OF state ON %I
                  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION state_is_last_event(%L, %L, %L, %L)',
                 'analyses_' || noun, 'analyses_' || noun, 'analyses_' || noun || 'event', noun || '_id', 'id');
  EXECUTE format('CREATE CONSTRAINT TRIGGER state_is_last_event AFTER INSERT ON %I
                  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION state_is_last_event(%L, %L, %L, %L)',
                 'analyses_' || noun || 'event', 'analyses_' || noun, 'analyses_' || noun || 'event', noun || '_id', noun || '_id');
END LOOP; END $$;
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE check_violation USING MESSAGE = format('%s is append only', TG_TABLE_NAME);
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON analyses_analysisevent FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON analyses_assemblyevent FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- 5. updated_at: what a reader can see of the object changed. Base columns only, never generated ones.
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := statement_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE UPDATE OF
  ena_accessions, first_accession, inferred_metadata, own_visibility, ena_visibility, title, biome_id,
  external_results_dir, results_area, merged_into_id
  ON analyses_study FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE OF
  ena_accessions, first_accession, inferred_metadata, own_visibility, studies_visibility, sample_title, biome_id
  ON analyses_sample FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE OF
  ena_accessions, first_accession, inferred_metadata, own_visibility, study_id, study_visibility, sample_id,
  sample_visibility, metadata, experiment_type, instrument_platform, instrument_model
  ON analyses_run FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE OF
  ena_accessions, first_accession, inferred_metadata, own_visibility, reads_study_id, reads_study_visibility,
  assembly_study_id, assembly_study_visibility, sample_id, sample_visibility, runs_visibility, assembler_id, metadata,
  state, external_results_dir, results_area
  ON analyses_assembly FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE OF
  own_visibility, study_id, study_visibility, run_id, run_visibility, assembly_id, assembly_visibility, sample_id,
  experiment_type, state, quality_control, metadata, external_results_dir, results_area
  ON analyses_analysis FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- A paper is seen with the first of its studies, and no longer than the last: a link and a study's level are news of it.
CREATE FUNCTION touch_publications() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids int[];
BEGIN
  IF TG_TABLE_NAME = 'analyses_study' THEN
    ids := ARRAY(SELECT publication_id FROM analyses_studypublication WHERE study_id = NEW.id);
  ELSE
    ids := ARRAY[OLD.publication_id, NEW.publication_id];
  END IF;
  UPDATE analyses_publication SET updated_at = statement_timestamp() WHERE pubmed_id = ANY (ids);
  RETURN NULL;
END $$;
CREATE TRIGGER touch_publications AFTER UPDATE ON analyses_study FOR EACH ROW
  WHEN (OLD.visibility <> NEW.visibility) EXECUTE FUNCTION touch_publications();
CREATE TRIGGER touch_publications AFTER INSERT OR UPDATE OR DELETE ON analyses_studypublication FOR EACH ROW
  EXECUTE FUNCTION touch_publications();

-- 6. Withdrawals: whatever was shown and is no more is told, by whichever path it went. Without an accession nobody
--    ever knew of it. A row may be written several times in one statement: only what it was before the first and is
--    after the last counts, so each time that it was shown before is set against each time that it is afterwards.
--    Arguments: noun, the column of its accession, what must hold of a row that is shown, and of one that was merged.
CREATE FUNCTION tell_withdrawals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE afterwards text := CASE TG_OP WHEN 'UPDATE' THEN 'UNION ALL SELECT id, NULL, -1 FROM new_rows WHERE %3$s' ELSE '' END;
BEGIN
  EXECUTE format('
    INSERT INTO analyses_withdrawal (kind, accession, cause)
    SELECT %1$L, told, CASE WHEN %4$s THEN ''merged'' WHEN visibility = 1 THEN ''made_private''
                            WHEN visibility = 0 THEN ''reset'' ELSE ''suppressed'' END
    FROM (SELECT id, max(told) AS told FROM (
            SELECT id, %2$I AS told, 1 AS times FROM old_rows WHERE %3$s ' || afterwards || '
          ) shown GROUP BY id HAVING sum(times) > 0) gone LEFT JOIN %5$I USING (id)
    WHERE told IS NOT NULL ORDER BY id', TG_ARGV[0], TG_ARGV[1], TG_ARGV[2], TG_ARGV[3], TG_TABLE_NAME);
  RETURN NULL;
END $$;
DO $$ DECLARE t record; BEGIN FOR t IN SELECT * FROM (VALUES
  ('study',    'accession',       'visibility = 0', 'merged_into_id IS NOT NULL'),
  ('sample',   'first_accession', 'visibility = 0', 'false'),
  ('run',      'first_accession', 'visibility = 0', 'false'),
  ('assembly', 'first_accession', 'visibility = 0', 'false'),
  ('analysis', 'accession',       'visibility = 0 AND is_ready', 'false')
  ) v (noun, accession, shown, merged),
  (VALUES ('DELETE', 'OLD TABLE AS old_rows'), ('UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows')) w (op, seen) LOOP
  EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I REFERENCING %s FOR EACH STATEMENT
                  EXECUTE FUNCTION tell_withdrawals(%L, %L, %L, %L)',
    'withdrawn_' || lower(t.op), t.op, 'analyses_' || t.noun, t.seen, t.noun, t.accession, t.shown, t.merged);
END LOOP; END $$;

-- 7. Records of runs lie out of line: lists that do not show them read a fifth of the pages.
ALTER TABLE analyses_run SET (toast_tuple_target = 256);

-- 8. Trigram indexes where the server has the extension; the queries are the same without.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX study_search ON analyses_study USING gin (search_text gin_trgm_ops);
    CREATE INDEX publication_search ON analyses_publication USING gin (lower(title) gin_trgm_ops);
    CREATE INDEX sample_search ON analyses_sample USING gin (search_text gin_trgm_ops);
  ELSE
    RAISE NOTICE 'pg_trgm is not available: searches by title will read the whole table';
  END IF;
END $$;
