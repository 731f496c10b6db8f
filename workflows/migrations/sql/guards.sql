-- What the services promise holds for admin and raw SQL too (spec/cluster-jobs.md §1.3, spec/catalogue.md §6.2).
-- The pairs lie in allowed_move (made by the catalogue's guards), loaded from states.MOVES; '' is the state before the
-- first. The noun is also the name of the event's foreign key.

-- A move that is not in the table does not happen.
CREATE FUNCTION workflows_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.state END;
BEGIN
    IF before <> NEW.state AND NOT EXISTS (
        SELECT FROM allowed_move
        WHERE noun = TG_ARGV[0] AND from_state = before AND to_state = NEW.state
    ) THEN
        RAISE EXCEPTION 'illegal move of %: "%" to "%"', TG_ARGV[0], before, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- At commit the newest event with a state says what the row says: state = fold(events).
CREATE FUNCTION workflows_demand_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_in text;
    told text;
BEGIN
    EXECUTE format('SELECT state FROM %I WHERE id = $1', TG_TABLE_NAME) INTO now_in USING NEW.id;
    EXECUTE format(
        'SELECT to_state FROM workflows_workevent WHERE %I = $1 AND to_state IS NOT NULL ORDER BY id DESC LIMIT 1',
        TG_ARGV[0] || '_id'
    ) INTO told USING NEW.id;
    IF now_in IS NOT NULL AND told IS DISTINCT FROM now_in THEN
        RAISE EXCEPTION '% % is "%" but its last event says "%"', TG_ARGV[0], NEW.id, now_in, told
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- History is only ever added to; rows go with their subject alone.
CREATE TRIGGER append_only BEFORE UPDATE ON workflows_workevent
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

CREATE TRIGGER refuse_move BEFORE INSERT OR UPDATE OF state ON workflows_clusterjob
    FOR EACH ROW EXECUTE FUNCTION workflows_refuse_move('job');
CREATE TRIGGER refuse_move BEFORE INSERT OR UPDATE OF state ON workflows_clusterjobattempt
    FOR EACH ROW EXECUTE FUNCTION workflows_refuse_move('attempt');
CREATE TRIGGER refuse_move BEFORE INSERT OR UPDATE OF state ON workflows_flowrun
    FOR EACH ROW EXECUTE FUNCTION workflows_refuse_move('flow_run');
CREATE TRIGGER refuse_move BEFORE INSERT OR UPDATE OF state ON workflows_batch
    FOR EACH ROW EXECUTE FUNCTION workflows_refuse_move('batch');

CREATE CONSTRAINT TRIGGER demand_event AFTER INSERT OR UPDATE OF state ON workflows_clusterjob
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION workflows_demand_event('job');
CREATE CONSTRAINT TRIGGER demand_event AFTER INSERT OR UPDATE OF state ON workflows_clusterjobattempt
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION workflows_demand_event('attempt');
CREATE CONSTRAINT TRIGGER demand_event AFTER INSERT OR UPDATE OF state ON workflows_flowrun
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION workflows_demand_event('flow_run');
CREATE CONSTRAINT TRIGGER demand_event AFTER INSERT OR UPDATE OF state ON workflows_batch
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION workflows_demand_event('batch');
