-- The work of years, beside the catalogue of the bench: 8,000 batches of 50 analyses, each by a job and a flow run of its
-- own, 100,000 jobs in all, questions, attentions and notices. Study 1 has 400 of the batches.
SET session_replication_role = replica;
TRUNCATE workflows_clusterjob, workflows_flowrun, workflows_batch, workflows_attention, workflows_notice CASCADE;

CREATE TEMP TABLE job AS
SELECT n, md5('job' || n)::uuid AS id, md5('attempt' || n)::uuid AS attempt, CASE WHEN n <= 400 THEN 1 ELSE 1 + n % 20000 END AS study,
       n % 97 = 0 AS failed, n > 99900 AS open, now() - (100001 - n) * interval '9 minutes' AS at
FROM generate_series(1, 100000) n;
INSERT INTO workflows_clusterjob (id, logical_key, name, kind, backend, spec, state, outcome_class, evidence, cancel_requested_by,
  cancel_reason, priority, study_id, created_at, final_at)
SELECT id, 'key ' || n, 'amplicon_v6 of batch ' || n, CASE WHEN n <= 8000 THEN 'NEXTFLOW' ELSE 'COMMAND' END, 'slurm',
  '{"argv": ["true"]}', CASE WHEN open THEN 'OPEN' WHEN failed THEN 'FAILED' ELSE 'SUCCEEDED' END,
  CASE WHEN failed AND NOT open THEN 'EXIT' END, '', '', '', 0, study, at, CASE WHEN NOT open THEN at + interval '1 hour' END FROM job;
INSERT INTO workflows_clusterjobattempt (id, job_id, number, token, state, outcome_class, cluster, backend_job_id, submissions,
  memory_mib, cpus, time_limit_seconds, partition, raw_state, reason, node, missing_passes, children_live, evidence, log_tail)
SELECT attempt, id, 1, 'token ' || n, CASE WHEN open THEN 'RUNNING' WHEN failed THEN 'FAILED' ELSE 'SUCCEEDED' END,
  CASE WHEN failed AND NOT open THEN 'EXIT' END, 'donco', n::text, 1, 1024, 1, 3600, 'short', '', '', 'n1', 0, 0, '',
  repeat('executor > slurm' || chr(10), 100) FROM job;
INSERT INTO workflows_workevent (job_id, attempt_id, at, actor, kind, to_state, detail)
SELECT id, CASE WHEN e > 1 THEN attempt END, at + e * interval '1 minute', 'reconciler', 'moved', 'RUNNING', '{"pass": 1}'
FROM job, generate_series(1, 5) e;
INSERT INTO workflows_pipelinerun (attempt_id, round, resumed, nextflow_version) SELECT attempt, 1, false, '24.10.0' FROM job WHERE n <= 8000;
INSERT INTO workflows_pipelinetask (pipeline_run_id, task_id, hash, native_id, process, tag, name, status, workdir)
SELECT attempt, t, 'a/b', t::text, 'PROCESS_' || t % 12, 'ERR' || t, 'PROCESS (ERR' || t || ')', 'COMPLETED', '/tasks/' || t
FROM job, generate_series(1, 200) t WHERE n % 40 = 0 AND n <= 8000;

INSERT INTO workflows_flowrun (id, generation, deployment, parameters, source, run_key, number, state, study_id, requested_by,
  because, tries, error, execution, revivals, waiting, suspensions, created_at, ended_at)
SELECT md5('run' || n)::uuid, 1, CASE WHEN n % 3 = 0 THEN 'analyse_study_deployment' ELSE 'run_batch_deployment' END, '{}', 'parent', 'run ' || n, 1,
  CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'completed' END, study, 'user:anna', '', 1, '', 1, 0, false, 0, at, at + interval '2 hours'
FROM job WHERE n <= 20000;
INSERT INTO workflows_batch (id, study_id, slug, version, revision, key, state, session_id, round, job_id, base_dir, work_dir, flow_run_id,
  requested_by, created_at, closed_at)
SELECT md5('batch' || n)::uuid, study, 'amplicon_v6', 'V6', repeat('a', 40), substr(md5('key' || n), 1, 16), 'done', md5('session' || n)::uuid, 1, id,
  '/batches/' || n, '/nextflow/' || n, md5('run' || n)::uuid, 'user:anna', at, at + interval '2 hours' FROM job WHERE n <= 8000;
INSERT INTO workflows_batchmember (batch_id, slug, open, run_id, analysis_id, verdict, reason_code, word, faults, evidence, result, edits, rounds)
SELECT md5('batch' || (1 + (n - 1) / 50))::uuid, 'amplicon_v6', false, n, n, CASE WHEN n % 97 = 0 THEN 'failed' ELSE 'completed' END, '', '', '[]', '{}',
  '{}', '{}', 1 FROM generate_series(1, 400000) n;
INSERT INTO workflows_decision (id, question, subject, generation, form, initial, why, flow_run_id, asks, refused, asked_at, answer, answered_by, via)
SELECT md5('question' || n)::uuid, 'analysis_settings', n::text, 1, '{"type": "object", "properties": {}}', '{}', 'Why', md5('run' || n)::uuid, 1, '', at,
  '{}', 'anna', 'admin' FROM job WHERE n <= 20000;
INSERT INTO workflows_attention (code, subject_kind, subject_id, study_id, text, since, cleared_at, cleared_by, cleared_because)
SELECT 'job_failed', 'job', id::text, study, 'It failed', at, CASE WHEN n % 10 > 0 THEN at + interval '1 day' END, '', '' FROM job WHERE failed OR n <= 30;
INSERT INTO workflows_notice (key, channel, kind, heading, text, payload, page, asked_by, state, tries, error, study_id, created_at,
  sent_at)
SELECT 'notice ' || n, 'team', 'success', 'A study', 'is published', '{}', '', '', 'sent', 1, '', study, at, at FROM job WHERE n <= 20000;
SET session_replication_role = origin;
