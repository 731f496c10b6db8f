"""Is Prefect there, and does somebody take its work?"""

from typing import Any

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import WorkerStatus
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from workflows.prefect_utils.deploy import WORK_POOL


def look_at_prefect() -> list[dict[str, Any]]:
    """The server and the workers of our pool: ``name, state, detail``."""
    server, workers = "Prefect server", f"worker of {WORK_POOL}"
    if not PREFECT_API_URL.value():  # without an address Prefect would start a server in this process
        return [{"name": server, "state": "unknown", "detail": "PREFECT_API_URL is not set"}]
    try:
        with get_client(sync_client=True) as client:
            client.hello()
            found = client.read_workers_for_work_pool(WORK_POOL)
    except ObjectNotFound:
        found = []
    except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the client found no healthy server
        return [{"name": server, "state": "away", "detail": f"{PREFECT_API_URL.value()}: {type(error).__name__}"}]
    online = [one.name for one in found if one.status == WorkerStatus.ONLINE]
    names = ", ".join(online) or f"start one: prefect worker start --pool {WORK_POOL}"
    return [
        {"name": server, "state": "ok", "detail": PREFECT_API_URL.value()},
        {"name": workers, "state": "ok" if online else "away", "detail": names},
    ]
