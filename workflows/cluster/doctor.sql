-- Invariants of the job layer (spec/cluster-jobs.md §8). One query each, one text column, a row a breach; run by
-- cluster/doctor.py, which first fills scheduler_job (backend, job_id, token, name, ended, ended_at) with what the
-- schedulers say now: jobs of our installation and the children of our heads; and job_directory (token, is_there) with
-- our directories below the state root, which other databases may share, and with those that rows miss there. D12 is no
-- query: a secret is shown to no server.

-- D1: one open job a key, one live attempt an open job, none of a final one
SELECT format('key %s has %s open jobs', logical_key, count(*))
FROM workflows_clusterjob WHERE state = 'OPEN' GROUP BY logical_key HAVING count(*) > 1
UNION ALL
SELECT format('job %s is %s with %s live attempts', job.id, job.state, count(attempt.id))
FROM workflows_clusterjob job
LEFT JOIN workflows_clusterjobattempt attempt
    ON attempt.job_id = job.id AND attempt.state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')
GROUP BY job.id HAVING count(attempt.id) <> (job.state = 'OPEN')::int;

-- D2: HELD and beyond have an id
SELECT format('attempt %s is %s without a scheduler id', token, state)
FROM workflows_clusterjobattempt
WHERE state IN ('HELD', 'QUEUED', 'RUNNING', 'ENDING') AND backend_job_id IS NULL;

-- D3: every scheduler job of ours has a live row or an attention
SELECT format('%s job %s (%s) has no live row', seen.backend, seen.job_id, seen.name)
FROM scheduler_job seen
WHERE NOT seen.ended
    AND NOT EXISTS (  -- a row that became final in the last minute may be newer than the listing
        SELECT FROM workflows_clusterjobattempt attempt
        WHERE attempt.token = seen.token AND (
            attempt.state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')
            OR attempt.ended_at > clock_timestamp() - interval '1 min'
        )
    )
    AND NOT EXISTS (
        SELECT FROM workflows_attention attention
        WHERE attention.cleared_at IS NULL AND attention.subject_kind = 'scheduler_job'
            AND attention.subject_id = seen.name || ' ' || seen.job_id
    );

-- D4: no row live for a job the scheduler ended more than 5 minutes ago
SELECT format('attempt %s is %s, its job %s ended at %s', attempt.token, attempt.state, seen.job_id, seen.ended_at)
FROM workflows_clusterjobattempt attempt
JOIN scheduler_job seen ON seen.job_id = attempt.backend_job_id AND seen.name = attempt.token
WHERE attempt.state IN ('HELD', 'QUEUED', 'RUNNING', 'ENDING')
    AND seen.ended_at < clock_timestamp() - interval '5 min';

-- D5: state = last event (jobs, attempts, batches, flow runs)
WITH noun (kind, id, state, told) AS (
    SELECT 'job', noun.id, noun.state, (
        SELECT to_state FROM workflows_workevent WHERE job_id = noun.id AND to_state IS NOT NULL
        ORDER BY id DESC LIMIT 1
    ) FROM workflows_clusterjob noun
    UNION ALL
    SELECT 'attempt', noun.id, noun.state, (
        SELECT to_state FROM workflows_workevent WHERE attempt_id = noun.id AND to_state IS NOT NULL
        ORDER BY id DESC LIMIT 1
    ) FROM workflows_clusterjobattempt noun
    UNION ALL
    SELECT 'batch', noun.id, noun.state, (
        SELECT to_state FROM workflows_workevent WHERE batch_id = noun.id AND to_state IS NOT NULL
        ORDER BY id DESC LIMIT 1
    ) FROM workflows_batch noun
    UNION ALL
    SELECT 'flow run', noun.id, noun.state, (
        SELECT to_state FROM workflows_workevent WHERE flow_run_id = noun.id AND to_state IS NOT NULL
        ORDER BY id DESC LIMIT 1
    ) FROM workflows_flowrun noun
)
SELECT format('%s %s is %s, its last event says %s', kind, id, state, coalesce(told, 'nothing'))
FROM noun WHERE state IS DISTINCT FROM told;

-- D6: no analysis or batch final with an open job
SELECT format('batch %s is %s, its job %s is open', batch.id, batch.state, job.id)
FROM workflows_batch batch JOIN workflows_clusterjob job ON job.id = batch.job_id
WHERE batch.state <> 'open' AND job.state = 'OPEN'
UNION ALL
SELECT format('analysis %s is %s, but job %s still works on it', analysis.accession, analysis.state, job.id)
FROM workflows_batchmember member
JOIN workflows_batch batch ON batch.id = member.batch_id
JOIN workflows_clusterjob job ON job.id = batch.job_id
JOIN analyses_analysis analysis ON analysis.id = member.analysis_id
WHERE member.open AND member.verdict IS NULL AND job.state = 'OPEN'
    AND analysis.state NOT IN ('planned', 'blocked', 'running');

-- D7: no analysis running outside an open batch
SELECT format('analysis %s is running in no open batch', analysis.accession)
FROM analyses_analysis analysis
WHERE analysis.state = 'running' AND NOT EXISTS (
    SELECT FROM workflows_batchmember member JOIN workflows_batch batch ON batch.id = member.batch_id
    WHERE member.analysis_id = analysis.id AND member.open AND batch.state = 'open'
);

-- D8: no final job with a live child
SELECT format('job %s is %s, its child %s job %s (%s) lives', job.id, job.state, seen.backend, seen.job_id, seen.name)
FROM scheduler_job seen
JOIN workflows_clusterjobattempt attempt ON attempt.token = seen.token
JOIN workflows_clusterjob job ON job.id = attempt.job_id
WHERE NOT seen.ended AND seen.name <> seen.token AND job.final_at < clock_timestamp() - interval '1 min';

-- D9: no run asleep for more than 5 minutes with nothing left to wait for
SELECT format('flow run %s sleeps since %s, and all it waits for is over', run.id, told.at)
FROM workflows_flowrun run
CROSS JOIN LATERAL (SELECT max(at) AS at FROM workflows_workevent WHERE flow_run_id = run.id) told
WHERE run.state = 'suspended' AND run.waiting AND told.at < clock_timestamp() - interval '5 min'
    AND NOT EXISTS (
        SELECT FROM workflows_flowcall call
        LEFT JOIN workflows_clusterjob job ON job.id = call.job_id
        LEFT JOIN workflows_flowrun child ON child.id = call.child_id
        WHERE call.flow_run_id = run.id AND call.awaited
            AND coalesce(greatest(job.final_at, child.ended_at) > clock_timestamp() - interval '5 min', true)
    )
    AND NOT EXISTS (
        SELECT FROM workflows_decision question WHERE question.flow_run_id = run.id
            AND coalesce(question.answered_at > clock_timestamp() - interval '5 min', true)
    );

-- D10: no lease that was over for 10 minutes
SELECT format('attempt %s is %s, and the lease on it was over at %s', token, state, lease_until)
FROM workflows_clusterjobattempt WHERE lease_until < clock_timestamp() - interval '10 min';

-- D11: every job directory has a row, every live row past its submission a directory
SELECT format('job directory %s has no row: jobs adopt shows it', here.token)
FROM job_directory here
WHERE here.is_there
    AND NOT EXISTS (SELECT FROM workflows_clusterjobattempt attempt WHERE attempt.token = here.token)
UNION ALL
SELECT format('attempt %s is %s and has no job directory', attempt.token, attempt.state)
FROM workflows_clusterjobattempt attempt JOIN job_directory here ON here.token = attempt.token AND NOT here.is_there
WHERE attempt.state IN ('HELD', 'QUEUED', 'RUNNING', 'ENDING');
