"""Deploying flows to the work pool, and Prefect's own command line."""

import sys

from django.conf import settings
from prefect import flow
from prefect.cli import app
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists

from workflows.launchable import launchables

WORK_POOL = "slurm"


class WrongFlow(Exception):
    """What the file holds is not what the registry says."""


def deploy_flow(*, file: str, function: str) -> str:
    """Deploy one flow as ``<function>_deployment``.

    :param file: path from the checkout
    :return: ``<flow name>/<deployment name>``
    :raises WrongFlow: the registry has another title for it
    """
    make_work_pool()
    name = f"{function}_deployment"
    registered = {one.name: one for one in launchables()}.get(name)
    checkout = str(settings.BASE_DIR)
    loaded = flow.from_source(source=checkout, entrypoint=f"{file}:{function}")
    if registered and loaded.name != registered.title:
        raise WrongFlow(f"{file}:{function} is called {loaded.name!r}, the registry says {registered.title!r}")
    loaded.deploy(
        name=name,
        work_pool_name=WORK_POOL,
        cron=registered.cron if registered else None,
        job_variables={"working_dir": checkout},  # `python -m` puts it on the path: flows import the whole house
        print_next_steps=False,
        ignore_warnings=True,
    )
    return f"{loaded.name}/{name}"


def deploy_all() -> list[str]:
    """Deploy whatever the registry offers."""
    places = [one.entrypoint.partition(":") for one in launchables()]
    return [deploy_flow(file=file, function=function) for file, _, function in places]


def run_prefect_console(arguments: list[str]) -> None:
    """Prefect's command line in this process, with Django set up.

    :raises SystemExit: with its exit code
    """
    sys.argv = ["prefect", *arguments]
    app()


def make_work_pool() -> None:
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process"))
        except ObjectAlreadyExists:
            return
