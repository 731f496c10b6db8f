"""What to do about each thing that needs a person: for the admin, ``task status`` and ``docs/operations.md``."""

NEXT_STEPS = {
    # Jobs
    "waits_long": "Look at the queue (squeue). If it will not start in time, cancel it and start its flow with less.",
    "starts_never": "Correct the partition, account or QOS in the settings, cancel the job, start its flow again.",
    "must_be_released": "Somebody holds it at the scheduler: release it there (scontrol release), or cancel it.",
    "unknown_word": "The scheduler uses a state we do not know. The job is left alone: look at it with scontrol show.",
    "submit_unclear": "Nothing yet: each pass looks for it before it submits again. If it stays: does squeue answer?",
    "cancel_takes_long": "Ask the cluster's administrators: a node may be down. The cancel is sent again each pass.",
    "trace_unreadable": "Open the trace in the job's folder. The job itself goes on; only its tasks are not shown.",
    "unknown_job": "A job with a name of ours and no row: another installation with our four letters, or a restored"
    " database. Compare EMG_CLUSTER__INSTALLATION; if it is ours, Adopt it (jobs adopt), or end it with scancel.",
    "came_back": "Nothing: it is being cancelled. If it is still in squeue after some minutes, end it with scancel.",
    "duplicate": "Nothing: its fence sends it home. If both run, tell the developers with both ids.",
    "pass_failed": "Read the traceback: task logs -- reconcile. The step is tried each pass; what else waits goes on.",
    "many_missing": "Does squeue show our jobs? See SLURM_CONF and the user. Lost? Dismiss this (jobs accept-loss).",
    "disk_full": "Make room: run “Clean old Nextflow work directories”, or raise the quota. Nothing starts until then.",
    # Flow runs and questions
    "flow_run_refused": "Do what the text says (often task deploy-all), then start the flow again.",
    "flow_run_revived_too_often": "Read the run's log in the dashboard. Its cause gone, retry it there, or cancel it.",
    "flow_run_ended_before_its_jobs": "Start the flow again: it finds the jobs and waits for them. Or cancel the jobs.",
    "question_waits_for_an_answer": "Answer it: the flow sleeps until somebody does.",
    # Batches
    "odd_verdict": "Read the line of the report. If the run is good, start the analysis again; else leave it failed.",
    "batch_refused": "Correct what the scheduler refuses (memory, time, partition), then start the analysis again.",
    "batch_stopped": "Start the flow “Run a pipeline batch” with the batch's id: it goes on where it stands.",
    "add_on_failed": "The analyses are published without it. Start the analysis again with retry_failed to have it.",
    "webin_password_refused": "Correct the password's file in the secrets folder, then dismiss this: uploads go on.",
    "copy_unverified": "See whether the target disk is full or away; then start “Run a pipeline batch” again.",
    "imported_not_published": "Start the analysis of the study again: what is imported is only published.",
    "withdrawn_results_still_public": "Urgent. See why “Move results” failed, start it again, check the public folder.",
    # The service
    "workdir_not_deleted": "See who owns the folder and whether its disk is there. The next cleaning tries it again.",
    "duty_hangs": "The service has started itself anew. If it hangs again, read its log and look at the database.",
}
DEFAULT = "Open it in the admin."


def next_step(code: str) -> str:
    """:param code: of an attention"""
    return NEXT_STEPS.get(code, DEFAULT)
