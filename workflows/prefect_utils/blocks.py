"""Secrets that operators keep in Prefect: ``task prefect -- block register -m prefect_slack.credentials``."""

import logging

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

logger = logging.getLogger(__name__)

SLACK_WEBHOOK = "slack-incoming-webhook"


def prefect_url() -> str:
    """Empty: without a server Prefect would start one in this process."""
    return PREFECT_API_URL.value() or ""


def webhook_url(block: str) -> str:
    """The address in a Slack webhook block; empty where there is no such block, or no Prefect that could tell.

    Only the address is taken: the block's own ``notify`` does not say whether a message may have arrived.
    """
    if not (block and prefect_url()):
        return ""
    try:
        with get_client(sync_client=True) as client:
            return client.read_block_document_by_name(block, SLACK_WEBHOOK).data.get("url", "")
    except ObjectNotFound:
        return ""
    except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the client found no healthy server
        logger.warning("the block %s was not read: %s", block, error)
        return ""
