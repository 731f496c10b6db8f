"""At most N in a time over all our processes: one row in Postgres says when the next may come."""

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
# Each turn moves the row on by its share of a minute; as many as a minute holds may come at once.
TAKE_TURN = """
INSERT INTO ena_throttle AS t (key, next_slot_at) VALUES (%(key)s, clock_timestamp() + %(gap)s * interval '1 second')
ON CONFLICT (key) DO UPDATE
SET next_slot_at = greatest(t.next_slot_at, clock_timestamp()) + %(gap)s * interval '1 second'
WHERE t.next_slot_at <= clock_timestamp() + %(lead)s * interval '1 second'
RETURNING 1
"""
NEXT_TURN = """
SELECT extract(epoch FROM next_slot_at - clock_timestamp())::float - %(lead)s FROM ena_throttle WHERE key = %(key)s
"""
# A row whose time has come says as much as none. Only a few at once, and none that somebody is using.
FORGET_PAST_TURNS = """
DELETE FROM ena_throttle WHERE key IN (
    SELECT key FROM ena_throttle WHERE next_slot_at < clock_timestamp() AND key LIKE 'sign-in %%'
    LIMIT 100 FOR UPDATE SKIP LOCKED)
"""


def take_turn(*, key: str, per_minute: int) -> float:
    """Take one of a minute's turns, if one is free.

    :return: 0, or the seconds until the next is
    """
    gap = 60 / per_minute
    values: dict[str, str | float] = {"key": key, "gap": gap, "lead": gap * (per_minute - 1)}
    with connection.cursor() as cursor:
        cursor.execute(FORGET_PAST_TURNS)
        cursor.execute(TAKE_TURN, values)
        if cursor.fetchone():
            return 0
        cursor.execute(NEXT_TURN, values)
        row = cursor.fetchone()
    return max(row[0], 0.001) if row else 0.001


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
