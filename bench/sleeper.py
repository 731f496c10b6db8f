"""A flow that does nothing but wait for one cluster job: what waiting costs is measured on it."""

from datetime import timedelta

from django.conf import settings
from pydantic import create_model

from workflows.prefect_utils.django_flow import django_flow
from workflows.prefect_utils.slurm_flow import run_cluster_job

from workflows.launchable import Launchable, register

register(
    Launchable(
        "sleeper_deployment",
        "bench/sleeper.py:sleeper",
        create_model("Sleeper", number=(int, ...), seconds=(int, ...)),
        "Wait for one job",
        live_key="sleeper:{number}",
    )
)


@django_flow(flow_run_name="Wait {number}")
def sleeper(number: int, seconds: int) -> None:
    run_cluster_job(
        name=f"sleep {number}",
        command=["sleep", str(seconds)],
        expected_time=timedelta(minutes=10),
        memory="64M",
        working_dir=str(settings.EMG_CONFIG.slurm.default_workdir),
        key=f"sleeper-{number}",
    )
