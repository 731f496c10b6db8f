"""A flow that does nothing but wait for one cluster job: what waiting costs is measured on it."""

from datetime import timedelta

from django.conf import settings

from workflows.prefect_utils.django_flow import django_flow
from workflows.prefect_utils.slurm_flow import run_cluster_job


@django_flow(name="Wait for one job", flow_run_name="Wait {number}", live_key="sleeper:{number}")
def sleeper(number: int, seconds: int) -> None:
    run_cluster_job(
        name=f"sleep {number}",
        command=["sleep", str(seconds)],
        expected_time=timedelta(minutes=10),
        memory="64M",
        working_dir=str(settings.EMG_CONFIG.slurm.default_workdir),
        key=f"sleeper-{number}",
    )
