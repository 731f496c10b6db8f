"""Deploying flows to the work pool."""

import hashlib
import json
from pathlib import Path

from django.conf import settings
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists
from prefect.schedules import Cron

from workflows.launchable import Launchable, launchables

WORK_POOL = "slurm"


def deploy_flow(*, file: str, function: str) -> str:
    """Deploy one flow as ``<function>_deployment``."""
    make_work_pool()
    name = f"{function}_deployment"
    registered = {one.name: one for one in launchables()}.get(name)
    checkout = str(settings.BASE_DIR)
    loaded = flow.from_source(source=checkout, entrypoint=f"{file}:{function}")
    loaded.deploy(
        name=name,
        work_pool_name=WORK_POOL,
        schedule=Cron(registered.cron, parameters=registered.scheduled) if registered and registered.cron else None,
        version=_version_of(registered) if registered else None,
        job_variables={"working_dir": checkout},  # `python -m` puts it on the path: flows import the whole house
        print_next_steps=False,
        ignore_warnings=True,
    )
    return f"{loaded.name}/{name}"


def deploy_all() -> list[str]:
    """Deploy whatever the registry offers and Prefect does not have in this version; loading a flow costs a second."""
    offered = launchables()
    with get_client(sync_client=True) as client:
        versions = {one.name: one.version for one in client.read_deployments() if one.work_pool_name == WORK_POOL}
    changed = [one.entrypoint.partition(":") for one in offered if versions.get(one.name) != _version_of(one)]
    return [deploy_flow(file=file, function=function) for file, _, function in changed]


def make_work_pool() -> None:
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process"))
        except ObjectAlreadyExists:
            return


def _version_of(one: Launchable) -> str:
    """Digest of all that makes the deployment: the flow's file, its entry in the registry, the checkout it runs in."""
    file = Path(settings.BASE_DIR, one.entrypoint.partition(":")[0])
    schema = json.dumps(one.parameters.model_json_schema(), sort_keys=True)
    told = [
        str(settings.BASE_DIR),
        one.entrypoint,
        one.title,
        str(one.cron),
        str(one.scheduled),
        schema,
        file.read_text(),
    ]
    return hashlib.blake2b("\0".join(told).encode(), digest_size=16).hexdigest()
