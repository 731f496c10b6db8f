"""At most N requests a second over all our processes: one row in Postgres says when the next may leave."""

import logging
import time

from django.db import Error, connection

logger = logging.getLogger(__name__)
FALLBACK_SECONDS = 1.0

# One statement is one decision: racing processes queue on the row and each gets a slot of its own.
TAKE_SLOT = """
INSERT INTO ena_throttle AS t (key, next_slot_at)
VALUES (%(key)s, clock_timestamp() + %(gap)s * interval '1 second')
ON CONFLICT (key) DO UPDATE
SET next_slot_at = greatest(t.next_slot_at, clock_timestamp()) + %(gap)s * interval '1 second'
RETURNING extract(epoch FROM next_slot_at - clock_timestamp())::float - %(gap)s
"""
PAUSE = """
INSERT INTO ena_throttle AS t (key, next_slot_at) VALUES (%(key)s, clock_timestamp() + %(pause)s * interval '1 second')
ON CONFLICT (key) DO UPDATE SET next_slot_at = greatest(t.next_slot_at, excluded.next_slot_at)
"""


def wait_for_slot(*, key: str, per_second: float) -> float:
    """Sleep until this process may send one request.

    :return: the seconds waited
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(TAKE_SLOT, {"key": key, "gap": 1 / per_second})
            wait = max(0.0, cursor.fetchone()[0])
    except Error:
        logger.exception("The shared throttle %s cannot be read: one request a second from this process", key)
        wait = FALLBACK_SECONDS
    time.sleep(wait)
    return wait


def pause_everyone(*, key: str, seconds: float) -> None:
    """Let no process send anything for so long: ENA asked for it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(PAUSE, {"key": key, "pause": seconds})
    except Error:
        logger.exception("The shared throttle %s cannot be moved: only this process pauses", key)
        time.sleep(seconds)
