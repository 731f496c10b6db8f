DROP INDEX IF EXISTS study_search, sample_search;
DROP FUNCTION tell_withdrawals(), take_level_of_run(), touch_updated_at(), touch_publications(), refuse_rewriting(), state_is_last_event(), refuse_unknown_move(), fold_levels() CASCADE;
DROP TABLE allowed_move;
ALTER TABLE analyses_run DROP CONSTRAINT analyses_run_sample_in_study;
DO $$ DECLARE k record; BEGIN
  FOR k IN SELECT conrelid::regclass AS child, conname FROM pg_constraint
            WHERE contype = 'f' AND conname LIKE 'analyses\_%\_level' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.child, k.conname);
  END LOOP;
END $$;
