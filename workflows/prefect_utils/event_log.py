"""Events for Prefect's automations: under an id of our own, so that one sent twice is written once."""

import logging
from typing import Any

import httpx
from django.conf import settings
from prefect.client.orchestration import get_client

logger = logging.getLogger(__name__)


def event_is_written(event: dict[str, Any]) -> bool:
    """Look for an event, and send it if it is not there: the server takes it first and writes it down later.

    :param event: as ``POST /events`` takes it
    :return: whether it is there for good; False after it was sent, and where the server cannot be asked
    """
    asked = {"filter": {"id": {"id": [event["id"]]}}, "limit": 1}
    try:
        timeout = httpx.Timeout(settings.EMG_CONFIG.notify.seconds)
        with get_client(sync_client=True, httpx_settings={"timeout": timeout}) as client:
            if client.request("POST", "/events/filter", json=asked).json()["events"]:
                return True
            client.request("POST", "/events", json=[event])
    except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the client found no healthy server
        logger.warning("%s was not sent: %s", event["event"], error)
    return False
