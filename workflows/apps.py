"""Registers the job layer, the pipelines and their duties with Django."""

from django.apps import AppConfig
from django.conf import settings

from workflows.duties import register_duty


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = "Work"

    def ready(self) -> None:
        from workflows import start_checks  # noqa: F401, PLC0415 - registers itself, once settings can be read

        seconds = settings.EMG_CONFIG.slurm.default_seconds_between_job_checks
        register_duty("scheduler", "workflows.cluster.reconciler:run_pass", seconds)
        register_duty("waker", "workflows.prefect_utils.waker:wake", 5, "emg_jobs", "emg_flow_runs", "emg_decisions")
        register_duty("launcher", "workflows.prefect_utils.launcher:launch", 2, "emg_flow_runs")
        register_duty("housekeeping", "workflows.batches.housekeeping:keep_house", 60)
        register_duty("results", "workflows.batches.housekeeping:keep_results", 3600)
        register_duty("disks", "workflows.batches.disks:tidy", 3600)
        register_duty("notices", "workflows.notices:send_due", 10)
